//! Attacks on the second factor by somebody who knows the password: guessing codes, using a code
//! that was seen, skipping the step, and a login that is under way when the password changes
//! (OWASP, Multifactor Authentication Cheat Sheet; ASVS 6.5.1, 6.6.3).
//!
//! Stops in: `src/web/second_factor.rs` (counts before it checks), `src/accounts/recovery_codes.rs`
//! (a code is used by one DELETE), `src/accounts/half_login.rs` (the epoch; used once),
//! `src/web/half_way.rs` (a new session without a user).
//!
//! Where an attacker guesses, it is at recovery codes, which every account with a second factor
//! has.

use app::web::factors::KINDS;
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::{routes, wait_for_a_lock};
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::database::database_with;
use crate::support::guesses::count;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::page::text;
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::race::race;
use crate::support::second_factor::{
    Factor, LOGIN_PAGE, PAGE, SUDO_CODE, SecondFactor, ada_half_way, ada_with_factor, set_up,
    shown_codes,
};
use crate::support::site::Site;

/// Looks like a recovery code, and is none.
const WRONG: &str = "WRNG0-WRNG0-WRNG0-WRNG0-WRNG0";

/// A browser in which Ada's password was entered, at the page that takes a recovery code.
async fn at_code_page(site: &Site) -> Browser {
    let mut browser = ada_half_way(site).await;
    browser.visit("/login/recovery-code").await;
    browser
}

/// Submits a recovery code on the page that is open.
async fn tries(mut browser: Browser, code: &str) -> u16 {
    browser.submit(LOG_IN, &[(RECOVERY_CODE, code)]).await;
    if browser.path == "/app" { 303 } else { browser.status }
}

#[tokio::test]
async fn of_a_hundred_concurrent_guesses_five_are_evaluated() {
    let site = Site::behind_a_proxy_on(database_with(50).await, &[]).await;
    let (_, _, codes) = ada_with_factor(&site).await;
    let mut eves = Vec::new();
    for _ in 0..10 {
        let eve = at_code_page(&site).await;
        eves.extend((0..10).map(|_| eve.clone()));
    }
    let outcomes = race(eves.into_iter().map(|eve| tries(eve, WRONG))).await;
    assert_eq!(count(&outcomes, 422), 5, "evaluated: {outcomes:?}");
    assert_eq!(count(&outcomes, 429), 95, "{outcomes:?}");
    // Another login with the right password allows no further guess, even the right one.
    assert_eq!(tries(at_code_page(&site).await, &codes[0]).await, 429);
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

/// The session of the request is ended while the code is checked.
#[tokio::test]
async fn sudo_mode_uses_up_no_recovery_code_in_a_session_that_ended_meanwhile() {
    let site = Site::start().await;
    let (mut ada, _, codes) = ada_with_factor(&site).await;
    ada.visit("/sudo?factor=on").await;
    let mut ending = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select id from users for update").execute(&mut *ending).await.expect("a lock");
    sqlx::query("delete from sessions").execute(&mut *ending).await.expect("to end it");
    tokio::join!(ada.submit(CONTINUE_WITH_CODE, &[(SUDO_CODE, &codes[0])]), async {
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
    let (mut ada, _, _) = ada_with_factor(&site).await;
    for _ in 0..30 {
        ada.visit("/account/recovery-codes").await;
        ada.press(MAKE_NEW_CODES).await;
        if ada.status == 429 {
            break;
        }
    }
    assert_eq!(ada.status, 429);
    ada.visit(PAGE).await;
    ada.press(Factor::REMOVE).await;
    ada.must_see("is removed.");
}

#[tokio::test]
async fn neither_a_reset_nor_another_email_address_allows_more_guesses() {
    let site = Site::behind_a_proxy().await;
    let (_, _, codes) = ada_with_factor(&site).await;
    let mut eve = at_code_page(&site).await;
    for _ in 0..5 {
        assert_eq!(tries(eve.clone(), WRONG).await, 422);
    }
    // Eve reads Ada's mailbox, too, and resets the password.
    eve.visit("/password/reset").await;
    eve.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    eve.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    let new = "marble caravan thunder";
    eve.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, new)]).await;
    eve.visit("/login").await;
    eve.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, new)]).await;
    eve.must_be_at(LOGIN_PAGE, 200);
    eve.visit("/login/recovery-code").await;
    assert_eq!(tries(eve.clone(), &codes[0]).await, 429);

    // On a known device, with a change of email between the guesses.
    GRACE.create_account(&site).await;
    let mut grace = site.browser();
    GRACE.logs_in(&mut grace).await;
    let (_, codes) = set_up::<Factor>(&site, &mut grace).await;
    for _ in 0..5 {
        grace.visit("/sudo?factor=on").await;
        grace.submit(CONTINUE_WITH_CODE, &[(SUDO_CODE, WRONG)]).await;
        assert_eq!(grace.status, 422);
    }
    grace.visit("/account/email").await;
    grace.submit(SEND_LINK, &[(NEW_EMAIL, "grace@example.net")]).await;
    let link = newest(&site.db, "grace@example.net").await.link("/email/change/");
    grace.visit(&link).await;
    grace.press(CHANGE_EMAIL).await;
    grace.must_see(EMAIL_CHANGED);
    grace.visit("/sudo?factor=on").await;
    grace.submit(CONTINUE_WITH_CODE, &[(SUDO_CODE, &codes[0])]).await;
    assert_eq!(grace.status, 429);
}

#[tokio::test]
async fn guesses_elsewhere_do_not_lock_the_owner_out_of_a_known_device() {
    let site = Site::behind_a_proxy().await;
    let (mut owner, _, codes) = ada_with_factor(&site).await;
    for _ in 0..6 {
        tries(at_code_page(&site).await, WRONG).await;
    }
    owner.press(LOG_OUT).await;
    ADA.logs_in(&mut owner).await;
    owner.visit("/login/recovery-code").await;
    assert_eq!(tries(owner, &codes[0]).await, 303);
}

#[tokio::test]
async fn of_thirty_concurrent_uses_of_one_code_one_succeeds() {
    let site = Site::on(database_with(50).await, &[]).await;
    let (_, _, codes) = ada_with_factor(&site).await;
    // In the same login, and in others.
    let mut browsers = Vec::new();
    for _ in 0..6 {
        let browser = at_code_page(&site).await;
        browsers.extend((0..5).map(|_| browser.clone()));
    }
    let outcomes = race(browsers.into_iter().map(|one| tries(one, &codes[0]))).await;
    assert_eq!(count(&outcomes, 303), 1, "{outcomes:?}");
    let replayed = tries(at_code_page(&site).await, &codes[0]).await;
    assert_eq!(replayed, 422);
}

#[tokio::test]
async fn codes_of_another_account_are_wrong() {
    let site = Site::start().await;
    ada_with_factor(&site).await;
    let mut eve = EVE.at(&site).await;
    let (_, eves) = set_up::<Factor>(&site, &mut eve).await;
    assert_eq!(tries(at_code_page(&site).await, &eves[0]).await, 422);
    // They still work for Eve's own account.
    let mut own = site.browser();
    EVE.logs_in(&mut own).await;
    own.visit("/login/recovery-code").await;
    assert_eq!(tries(own, &eves[0]).await, 303);
}

#[tokio::test]
async fn a_login_that_is_half_done_ends_with_a_password_change() {
    let site = Site::start().await;
    let (mut owner, mut factor, codes) = ada_with_factor(&site).await;
    let mut eve = ada_half_way(&site).await;
    let mut with_code = at_code_page(&site).await;
    owner.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, "marble caravan thunder")];
    owner.submit(CHANGE_PASSWORD, &fields).await;
    owner.must_see(PASSWORD_CHANGED);
    factor.prove(&mut eve).await;
    eve.must_be_at("/login?next=%2Fapp", 200);
    with_code.submit(LOG_IN, &[(RECOVERY_CODE, &codes[0])]).await;
    with_code.must_be_at("/login?next=%2Fapp", 200);
    assert_eq!(site.db.number("select count(*) from recovery_codes").await, 10, "none was used");
}

#[tokio::test]
async fn a_login_that_is_half_done_ends_when_the_account_is_locked() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut eve = ada_half_way(&site).await;
    site.db.run("update users set locked_at = now()").await;
    factor.prove(&mut eve).await;
    eve.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn a_planted_half_login_does_not_become_the_victims() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut own = EVE.at(&site).await;
    set_up::<Factor>(&site, &mut own).await;
    // Eve is half-way into her own account, and plants that session in Ada's browser.
    let mut eve = site.browser();
    EVE.logs_in(&mut eve).await;
    eve.must_be_at(LOGIN_PAGE, 200);
    let mut ada = site.browser();
    ada.clone_cookies_from(&eve);
    ADA.logs_in(&mut ada).await;
    ada.must_be_at(LOGIN_PAGE, 200);
    // Otherwise Eve would be half-way into Ada's account without her password.
    eve.visit(LOGIN_PAGE).await;
    eve.must_be_at("/login?next=%2Fapp", 200);
    // The same at the second step.
    eve.clone_cookies_from(&ada);
    factor.prove(&mut ada).await;
    ada.must_be_at("/app", 200);
    for page in ["/app", LOGIN_PAGE] {
        eve.visit(page).await;
        eve.must_be_at("/login?next=%2Fapp", 200);
    }
}

#[tokio::test]
async fn a_stolen_session_and_the_password_cannot_change_a_second_factor() {
    let site = Site::start().await;
    let (owner, _, _) = ada_with_factor(&site).await;
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
    let json = [("content-type", "application/json"), ("x-csrf-token", token)];
    let pages: Vec<_> =
        KINDS.iter().map(|kind| kind.page).chain(["/account/recovery-codes"]).collect();
    let mut routes = routes().await;
    routes.retain(|(method, path)| {
        method == "POST" && pages.iter().any(|page| path.starts_with(page))
    });
    assert!(routes.len() > pages.len(), "{routes:?}");
    for (method, path) in routes {
        if path.ends_with("/start") || path.ends_with("/finish") {
            let answer = thief.fetch(method, &path, &json, "{}").await;
            assert_eq!(answer.status, 401, "{path}");
            continue;
        }
        let answer = thief.fetch(method, &path, &form, &body).await;
        let to = answer.headers.get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
        assert!(to.starts_with("/sudo?factor=on"), "{path}: {} {to}", answer.status);
    }
    // Nor does the form that claims to be about the password only.
    thief.visit(&format!("/sudo?factor=on&next={PAGE}")).await;
    thief.must_not_see(PASSWORD);
    thief.submit(CONTINUE_WITH_CODE, &[(SUDO_CODE, WRONG)]).await;
    thief.must_be_at("/sudo", 422);
    assert_eq!(site.db.number("select count(*) from second_factors").await, 1);
}

#[tokio::test]
async fn nobody_learns_of_a_second_factor_before_the_password_was_right() {
    let site = Site::start().await;
    ada_with_factor(&site).await;
    GRACE.create_account(&site).await;
    let mut pages = Vec::new();
    for email in [ADA.email, GRACE.email, "nobody@example.com"] {
        let mut stranger = site.browser();
        stranger.visit("/login").await;
        stranger.submit(LOG_IN, &[(EMAIL, email), (PASSWORD, "not the password")]).await;
        stranger.must_be_at("/login", 422);
        let seen = text(stranger.html()).replace(email, "…");
        stranger.visit(LOGIN_PAGE).await;
        stranger.must_be_at("/login?next=%2Fapp", 200);
        pages.push(seen);
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
}

#[tokio::test]
async fn a_stolen_dump_holds_no_recovery_code() {
    let site = Site::start().await;
    let (mut browser, _, _) = ada_with_factor(&site).await;
    let dump = async || -> String {
        sqlx::query_scalar(
            "select concat((select string_agg(s::text, ' ') from sessions s),
                           (select string_agg(r::text, ' ') from recovery_codes r),
                           (select string_agg(o::text, ' ') from outbox o))",
        )
        .fetch_one(&site.db.pool)
        .await
        .expect("the rows")
    };
    // Without following the redirect: the codes wait in the session to be shown.
    browser.visit("/account/recovery-codes").await;
    browser.follow_redirects = false;
    browser.press(MAKE_NEW_CODES).await;
    let waiting = dump().await;
    browser.follow_redirects = true;
    browser.visit("/account/recovery-codes").await;
    let codes = shown_codes(&browser);
    assert_eq!(codes.len(), 10);
    for dump in [waiting, dump().await] {
        assert!(!dump.contains(&BASE64.encode(codes.join("\n"))), "in base64");
        for code in &codes {
            assert!(!dump.contains(code) && !dump.contains(&code.replace('-', "")), "{code}");
        }
    }
}
