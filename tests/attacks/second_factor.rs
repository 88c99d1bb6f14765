//! Attacks on the second factor by somebody who knows the password: guessing codes, using a code
//! that was seen, skipping the step, and a login that is under way when the password changes
//! (OWASP, Multifactor Authentication Cheat Sheet; ASVS 6.5.1, 6.6.3; RFC 6238, section 5.2).
//!
//! Stops in: `src/web/second_factor.rs` (counts before it checks), `src/accounts/totp.rs` (a step
//! is used by one UPDATE), `src/accounts/half_login.rs` (the epoch; used once),
//! `src/web/half_way.rs` (a new session without a user).

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use reqwest::Method;
use totp_rs::Secret;

use super::wait_for_a_lock;
use crate::support::authenticator::{
    Authenticator, ada_half_way, ada_with_app, set_up, shown_codes, shown_key,
};
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::database::database_with;
use crate::support::guesses::count;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::page::text;
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::race::race;
use crate::support::site::Site;

async fn tries(mut browser: Browser, code: String) -> u16 {
    browser.submit(LOG_IN, &[(CODE, &code)]).await;
    if browser.path == "/app" { 303 } else { browser.status }
}

#[tokio::test]
async fn of_a_hundred_concurrent_guesses_five_are_evaluated() {
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

#[tokio::test]
async fn a_factor_of_a_kind_that_the_app_does_not_know_is_not_skipped() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    sqlx::query(
        "insert into second_factors (id, user_id, kind)
         select gen_random_uuid(), id, 'deleted-feature' from users",
    )
    .execute(&site.db.pool)
    .await
    .unwrap();
    let mut eve = site.browser();
    ADA.logs_in(&mut eve).await;
    eve.must_be_at("/login/recovery-code", 200);
    eve.visit("/account").await;
    eve.must_be_at("/login?next=%2Faccount", 200);
    eve.visit("/login/recovery-code").await;
    eve.submit(LOG_IN, &[(RECOVERY_CODE, "nothing")]).await;
    assert_eq!(eve.status, 422);

    // Ada's pages open, and say it. Her password alone changes no second factor.
    ada.visit("/account").await;
    ada.must_see("Your account is protected by a second step");
    ada.visit("/account/recovery-codes").await;
    ada.must_be_at("/sudo?factor=on&next=%2Faccount%2Frecovery-codes", 200);
    ada.must_not_see(PASSWORD);
    ada.submit(CONTINUE_WITH_CODE, &[(RECOVERY_CODE, "nothing")]).await;
    assert_eq!(ada.status, 422);
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

/// The session of the request is ended while the code is checked.
#[tokio::test]
async fn sudo_mode_uses_up_no_recovery_code_in_a_session_that_ended_meanwhile() {
    let site = Site::start().await;
    let (mut ada, _, codes) = ada_with_app(&site).await;
    ada.visit("/sudo").await;
    let mut ending = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select id from users for update").execute(&mut *ending).await.expect("a lock");
    sqlx::query("delete from sessions").execute(&mut *ending).await.expect("to end it");
    tokio::join!(ada.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &codes[0])]), async {
        wait_for_a_lock(&site.db, 1).await;
        ending.commit().await.expect("to commit");
    });
    assert!(ada.path.starts_with("/login"), "{}", ada.path);
    assert_eq!(site.db.number("select count(*) from recovery_codes").await, 10);
}

/// A thief makes new recovery codes until the limit. The owner must still be able to remove the
/// factor that the thief has set up.
#[tokio::test]
async fn new_recovery_codes_do_not_use_up_the_limit_of_removing_a_factor() {
    let site = Site::behind_a_proxy().await;
    let (mut ada, _, _) = ada_with_app(&site).await;
    for _ in 0..30 {
        ada.visit("/account/recovery-codes").await;
        ada.press(MAKE_NEW_CODES).await;
        if ada.status == 429 {
            break;
        }
    }
    assert_eq!(ada.status, 429);
    ada.visit("/account/totp").await;
    ada.press(TURN_OFF).await;
    ada.must_be_at("/account", 200);
}

#[tokio::test]
async fn neither_a_reset_nor_another_email_address_allows_more_guesses() {
    let site = Site::behind_a_proxy().await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut eve = ada_half_way(&site).await;
    for _ in 0..5 {
        assert_eq!(tries(eve.clone(), app.wrong_code()).await, 422);
    }
    // Eve reads Ada's mailbox, too, and resets the password.
    eve.visit("/password/reset").await;
    eve.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    eve.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    let new = "marble caravan thunder";
    eve.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, new)]).await;
    eve.visit("/login").await;
    eve.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, new)]).await;
    eve.must_be_at("/login/totp", 200);
    assert_eq!(tries(eve.clone(), app.code()).await, 429);

    // On a known device, with a change of email between the guesses.
    GRACE.create_account(&site).await;
    let mut grace = site.browser();
    GRACE.logs_in(&mut grace).await;
    let (app, _) = set_up(&site, &mut grace).await;
    for _ in 0..5 {
        grace.visit("/sudo").await;
        grace.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &app.wrong_code())]).await;
        assert_eq!(grace.status, 422);
    }
    grace.visit("/account/email").await;
    grace.submit(SEND_LINK, &[(NEW_EMAIL, "grace@example.net")]).await;
    let link = newest(&site.db, "grace@example.net").await.link("/email/change/");
    grace.visit(&link).await;
    grace.press(CHANGE_EMAIL).await;
    grace.must_see(EMAIL_CHANGED);
    grace.visit("/sudo").await;
    grace.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &app.code())]).await;
    assert_eq!(grace.status, 429);
}

#[tokio::test]
async fn guesses_elsewhere_do_not_lock_the_owner_out_of_a_known_device() {
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
async fn of_thirty_concurrent_uses_of_one_code_one_succeeds() {
    let site = Site::on(database_with(50).await, &[]).await;
    let (_, app, codes) = ada_with_app(&site).await;
    for code in [app.code(), codes[0].clone()] {
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
async fn codes_of_another_account_are_wrong() {
    let site = Site::start().await;
    ada_with_app(&site).await;
    let mut eve = EVE.at(&site).await;
    let (eves_app, eves_codes) = set_up(&site, &mut eve).await;
    for code in [eves_app.code(), eves_codes[0].clone()] {
        assert_eq!(tries(ada_half_way(&site).await, code).await, 422);
    }
    // They still work for Eve's own account.
    let mut own = site.browser();
    EVE.logs_in(&mut own).await;
    assert_eq!(tries(own, eves_codes[0].clone()).await, 303);
}

#[tokio::test]
async fn a_login_that_is_half_done_ends_with_a_password_change() {
    let site = Site::start().await;
    let (mut owner, app, codes) = ada_with_app(&site).await;
    let eve = ada_half_way(&site).await;
    owner.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, "marble caravan thunder")];
    owner.submit(CHANGE_PASSWORD, &fields).await;
    owner.must_see(PASSWORD_CHANGED);
    for code in [app.code(), codes[0].clone()] {
        let mut eve = eve.clone();
        eve.submit(LOG_IN, &[(CODE, &code)]).await;
        eve.must_be_at("/login?next=%2Fapp", 200);
    }
    assert_eq!(site.db.number("select count(*) from recovery_codes").await, 10, "none was used");
}

#[tokio::test]
async fn a_login_that_is_half_done_ends_when_the_account_is_locked() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut eve = ada_half_way(&site).await;
    site.db.run("update users set locked_at = now()").await;
    eve.submit(LOG_IN, &[(CODE, &app.code())]).await;
    eve.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn a_planted_half_login_does_not_become_the_victims() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut own = EVE.at(&site).await;
    set_up(&site, &mut own).await;
    // Eve is half-way into her own account, and plants that session in Ada's browser.
    let mut eve = site.browser();
    EVE.logs_in(&mut eve).await;
    eve.must_be_at("/login/totp", 200);
    let mut ada = site.browser();
    ada.clone_cookies_from(&eve);
    ADA.logs_in(&mut ada).await;
    ada.must_be_at("/login/totp", 200);
    // Otherwise Eve would be half-way into Ada's account without her password.
    eve.visit("/login/totp").await;
    eve.must_be_at("/login?next=%2Fapp", 200);
    // The same at the second step.
    eve.clone_cookies_from(&ada);
    ada.submit(LOG_IN, &[(CODE, &app.code())]).await;
    ada.must_be_at("/app", 200);
    for page in ["/app", "/login/totp"] {
        eve.visit(page).await;
        eve.must_be_at("/login?next=%2Fapp", 200);
    }
}

#[tokio::test]
async fn a_stolen_session_and_the_password_cannot_change_a_second_factor() {
    let site = Site::start().await;
    let (owner, app, _) = ada_with_app(&site).await;
    clock::later(&site.db, "21 minutes").await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&owner);
    // The password alone leads to sudo mode, but not to these pages.
    thief.visit("/sudo").await;
    thief.submit(CONTINUE, &[(PASSWORD, ADA.password)]).await;
    thief.visit("/account/export").await;
    thief.must_be_at("/account/export", 200);
    let token = thief.form(LOG_OUT);
    let (_, token) = token.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let body = format!("csrf={token}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for path in ["totp/turn-off", "totp/setup", "recovery-codes", "passkeys/x/remove"] {
        let path = format!("/account/{path}");
        let answer = thief.fetch(Method::POST, &path, &form, &body).await;
        let to = answer.headers.get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
        assert!(to.starts_with("/sudo?factor=on"), "{path}: {} {to}", answer.status);
    }
    let json = [("content-type", "application/json"), ("x-csrf-token", token)];
    for path in ["/account/passkeys/start", "/account/passkeys/finish"] {
        let answer = thief.fetch(Method::POST, path, &json, "{}").await;
        assert_eq!(answer.status, 401, "{path}");
    }
    // Nor does the form that claims to be about the password only.
    thief.visit("/sudo?factor=on&next=/account/totp").await;
    thief.must_not_see(PASSWORD);
    thief.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &app.wrong_code())]).await;
    thief.must_be_at("/sudo", 422);
    assert_eq!(site.db.number("select count(*) from totp").await, 1);
}

#[tokio::test]
async fn nobody_learns_of_a_second_factor_before_the_password_was_right() {
    let site = Site::start().await;
    ada_with_app(&site).await;
    GRACE.create_account(&site).await;
    let mut pages = Vec::new();
    for email in [ADA.email, GRACE.email, "nobody@example.com"] {
        let mut stranger = site.browser();
        stranger.visit("/login").await;
        stranger.submit(LOG_IN, &[(EMAIL, email), (PASSWORD, "not the password")]).await;
        stranger.must_be_at("/login", 422);
        let seen = text(stranger.html()).replace(email, "…");
        stranger.visit("/login/totp").await;
        stranger.must_be_at("/login?next=%2Fapp", 200);
        pages.push(seen);
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
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
