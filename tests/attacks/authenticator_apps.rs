//! Attacks on the codes of an authenticator app by somebody who knows the password: guessing them,
//! using one that was seen, and reading the secret (ASVS 6.5.1, 6.6.3; RFC 6238, section 5.2).
//!
//! Stops in: `src/web/second_factor.rs` (counts before it checks), `src/accounts/totp.rs` (a step
//! is used by one UPDATE; the secret is encrypted), `src/web/kept_secret.rs` (a secret that is
//! being set up).

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use reqwest::Method;
use totp_rs::Secret;

use crate::support::authenticator::{Authenticator, ada_half_way, ada_with_app, shown_key};
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::database::database_with;
use crate::support::guesses::count;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::race::race;
use crate::support::second_factor::{set_up, shown_codes};
use crate::support::site::Site;

async fn tries(mut browser: Browser, code: String) -> u16 {
    browser.submit(LOG_IN, &[(CODE, &code)]).await;
    if browser.path == "/app" { 303 } else { browser.status }
}

#[tokio::test]
async fn of_a_hundred_concurrent_guesses_at_its_code_five_are_evaluated() {
    let site = Site::behind_a_proxy_on(database_with(50).await, &[]).await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut eves = Vec::new();
    for _ in 0..10 {
        let eve = ada_half_way(&site).await;
        eves.extend((0..10).map(|_| eve.clone()));
    }
    let wrong = app.wrong_code();
    let outcomes = race(eves.into_iter().map(|eve| tries(eve, wrong.clone()))).await;
    assert_eq!(count(&outcomes, 422), 5, "evaluated: {outcomes:?}");
    assert_eq!(count(&outcomes, 429), 95, "{outcomes:?}");
    // Another login with the right password allows no further guess, even the right one.
    let eve = ada_half_way(&site).await;
    assert_eq!(tries(eve, app.code()).await, 429);
}

/// The owner's device has a limit of its own.
#[tokio::test]
async fn guesses_at_its_code_elsewhere_do_not_lock_the_owner_out_of_a_known_device() {
    let site = Site::behind_a_proxy().await;
    let (mut owner, app, _) = ada_with_app(&site).await;
    for _ in 0..6 {
        tries(ada_half_way(&site).await, app.wrong_code()).await;
    }
    owner.press(LOG_OUT).await;
    ADA.logs_in(&mut owner).await;
    owner.submit(LOG_IN, &[(CODE, &app.code())]).await;
    owner.must_be_at("/app", 200);
}

#[tokio::test]
async fn of_thirty_concurrent_uses_of_its_code_one_succeeds() {
    let site = Site::on(database_with(50).await, &[]).await;
    let (_, app, _) = ada_with_app(&site).await;
    let code = app.code();
    // In the same login, and in others.
    let mut browsers = Vec::new();
    for _ in 0..6 {
        let browser = ada_half_way(&site).await;
        browsers.extend((0..5).map(|_| browser.clone()));
    }
    let outcomes = race(browsers.into_iter().map(|one| tries(one, code.clone()))).await;
    assert_eq!(count(&outcomes, 303), 1, "{outcomes:?}");
    let replayed = tries(ada_half_way(&site).await, code).await;
    assert_eq!(replayed, 422);
}

#[tokio::test]
async fn an_older_code_is_worthless_after_a_newer_one() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    clock::later(&site.db, "10 minutes").await;
    let before = app.code_of_step(-1);
    assert_eq!(tries(ada_half_way(&site).await, app.code()).await, 303);
    assert_eq!(tries(ada_half_way(&site).await, before).await, 422);
}

#[tokio::test]
async fn the_code_of_an_app_of_another_account_is_wrong() {
    let site = Site::start().await;
    ada_with_app(&site).await;
    let mut eve = EVE.at(&site).await;
    let (eves, _) = set_up::<Authenticator>(&site, &mut eve).await;
    assert_eq!(tries(ada_half_way(&site).await, eves.code()).await, 422);
    // It still works for Eve's own account.
    let mut own = site.browser();
    EVE.logs_in(&mut own).await;
    assert_eq!(tries(own, eves.code()).await, 303);
}

/// A thief with a copy of a session reads the secret that the page offers. After the owner has put
/// the thief out, the owner must be offered another one.
#[tokio::test]
async fn a_secret_that_was_seen_before_a_password_change_is_not_offered_again() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/totp").await;
    let seen = shown_key(&ada);
    ada.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, "marble caravan thunder")];
    ada.submit(CHANGE_PASSWORD, &fields).await;
    ada.visit("/account/totp").await;
    assert_ne!(shown_key(&ada), seen);
}

#[tokio::test]
async fn a_stolen_dump_holds_no_secret_of_an_app_and_no_recovery_code() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/account/totp").await;
    let (key, app) = (shown_key(&browser), Authenticator::reading(&browser));
    let secret = Secret::try_from_base32(&key).expect("a key in base32");
    let hex: String = secret.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let dump = async || -> String {
        sqlx::query_scalar(
            "select concat((select string_agg(s::text, ' ') from sessions s),
                           (select string_agg(t::text, ' ') from totp t),
                           (select string_agg(r::text, ' ') from recovery_codes r),
                           (select string_agg(o::text, ' ') from outbox o))",
        )
        .fetch_one(&site.db.pool)
        .await
        .expect("the rows")
    };
    let mut dumps = vec![dump().await];
    // Without following the redirect: the codes wait in the session to be shown.
    let form = browser.form(TURN_ON);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let body = format!("csrf={token}&code={}", app.code());
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let set_up = browser.fetch(Method::POST, "/account/totp/setup", &headers, &body).await;
    assert_eq!(set_up.status, 303);
    dumps.push(dump().await);
    browser.visit("/account/recovery-codes").await;
    let codes = shown_codes(&browser);
    assert_eq!(codes.len(), 10);
    let encoded = [BASE64.encode(secret.as_ref()), BASE64.encode(codes.join("\n"))];
    for dump in dumps {
        assert!(encoded.iter().all(|encoded| !dump.contains(encoded)), "in base64");
        assert!(!dump.contains(&key) && !dump.contains(&hex), "the secret of the app");
        for code in &codes {
            assert!(!dump.contains(code) && !dump.contains(&code.replace('-', "")), "{code}");
        }
    }
}
