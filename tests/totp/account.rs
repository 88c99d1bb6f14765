//! Setting up an authenticator app, replacing it, and turning it off.

use crate::support::authenticator::{Authenticator, ada_half_way, ada_with_app};
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::ADA;
use crate::support::site::Site;

const PATH: &str = "/account/totp";

#[tokio::test]
async fn setting_up_ends_other_sessions_rotates_this_one_and_is_mailed() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    browser.keep_value("still here").await;
    let before = browser.cookie("__Host-session");
    browser.visit(PATH).await;
    let app = Authenticator::reading(&browser);
    browser.submit(TURN_ON, &[(CODE, &app.code())]).await;
    browser.must_be_at("/account/recovery-codes", 200);
    browser.must_see("Your authenticator app is set up.");
    assert_ne!(browser.cookie("__Host-session"), before);
    assert_eq!(browser.kept_value().await, "still here");
    phone.visit("/app").await;
    phone.must_be_at("/login?next=%2Fapp", 200);
    assert_eq!(newest(&site.db, ADA.email).await.subject, "An authenticator app was set up");
    browser.visit("/account").await;
    browser.must_see("your password and your authenticator app");
    browser.visit("/account/activity").await;
    browser.must_see("Authenticator app set up");
}

/// The format of the URL in the code allows no colon.
#[tokio::test]
async fn a_site_with_a_colon_in_its_name_shows_a_qr_code() {
    let site = Site::with(&[("APP_NAME", "Café: Ön, Co.")]).await;
    let mut browser = ADA.at(&site).await;
    browser.visit(PATH).await;
    assert!(browser.html().contains("class=\"qr\""), "{}", browser.html());
}

#[tokio::test]
async fn nothing_is_on_until_a_code_was_right() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit(PATH).await;
    let app = Authenticator::reading(&browser);
    browser.submit(TURN_ON, &[(CODE, &app.wrong_code())]).await;
    browser.must_be_at("/account/totp/setup", 422);
    browser.must_see("This code is wrong");
    assert_eq!(site.db.number("select count(*) from totp").await, 0);
    ADA.log_in_on_new_device(&site).await;
    // The secret is the same after an error and after a reload: it may have been scanned.
    let same = Authenticator::reading(&browser);
    browser.visit(PATH).await;
    browser.submit(TURN_ON, &[(CODE, &same.code())]).await;
    browser.must_be_at("/account/recovery-codes", 200);
}

#[tokio::test]
async fn the_first_code_is_used_up() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit(PATH).await;
    let app = Authenticator::reading(&browser);
    let code = app.code();
    browser.submit(TURN_ON, &[(CODE, &code)]).await;
    let mut other = ada_half_way(&site).await;
    other.submit(LOG_IN, &[(CODE, &code)]).await;
    other.must_be_at("/login/totp", 422);
    other.must_see(USED_CODE);
}

#[tokio::test]
async fn another_app_replaces_the_first() {
    let site = Site::start().await;
    let (mut browser, old, _) = ada_with_app(&site).await;
    browser.visit("/account/totp?replace=on").await;
    let new = Authenticator::reading(&browser);
    browser.submit(USE_THIS_APP, &[(CODE, &new.wrong_code())]).await;
    browser.must_be_at("/account/totp/setup", 422);
    // Until a code of the new one was right, the old one is the app of the account.
    let mut other = ada_half_way(&site).await;
    other.submit(LOG_IN, &[(CODE, &old.code())]).await;
    other.must_be_at("/app", 200);
    browser.submit(USE_THIS_APP, &[(CODE, &new.code())]).await;
    browser.must_be_at("/account", 200);
    browser.must_see("10 left");

    clock::later(&site.db, "30 seconds").await;
    let mut other = ada_half_way(&site).await;
    other.submit(LOG_IN, &[(CODE, &old.code())]).await;
    other.must_be_at("/login/totp", 422);
    other.submit(LOG_IN, &[(CODE, &new.code())]).await;
    other.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_change_needs_a_second_factor_in_sudo_mode_and_a_recovery_code_is_one() {
    let site = Site::start().await;
    let (mut browser, _, codes) = ada_with_app(&site).await;
    clock::later(&site.db, "11 minutes").await;
    for path in [PATH, "/account/recovery-codes"] {
        browser.visit(path).await;
        let sudo = format!("/sudo?factor=on&next={}", path.replace('/', "%2F"));
        browser.must_be_at(&sudo, 200);
        browser.must_see("your password alone isn't enough");
    }
    browser.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &codes[0])]).await;
    browser.must_be_at("/account/recovery-codes", 200);
    browser.visit(PATH).await;
    browser.must_be_at(PATH, 200);
    // As at a login, the owner is told that a code was used.
    assert_eq!(newest(&site.db, ADA.email).await.subject, "A recovery code was used");
    browser.visit("/account/activity").await;
    browser.must_see("Recovery code used");
}

#[tokio::test]
async fn turning_it_off_deletes_the_recovery_codes_and_is_mailed() {
    let site = Site::start().await;
    let (mut browser, _, _) = ada_with_app(&site).await;
    let mut phone = site.browser();
    phone.clone_cookies_from(&browser);
    browser.visit(PATH).await;
    browser.press(TURN_OFF).await;
    browser.must_be_at("/account", 200);
    browser.must_see("Your authenticator app is removed.");
    browser.must_see("your password alone");
    assert_eq!(newest(&site.db, ADA.email).await.subject, "Your authenticator app was removed");
    for table in ["select count(*) from totp", "select count(*) from recovery_codes"] {
        assert_eq!(site.db.number(table).await, 0, "{table}");
    }
    phone.visit("/app").await;
    phone.must_be_at("/login?next=%2Fapp", 200);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn sudo_mode_takes_the_code_of_the_app() {
    let site = Site::start().await;
    let (mut browser, app, _) = ada_with_app(&site).await;
    clock::later(&site.db, "11 minutes").await;
    browser.visit("/account/export").await;
    browser.must_be_at("/sudo?next=%2Faccount%2Fexport", 200);
    browser.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &app.wrong_code())]).await;
    browser.must_be_at("/sudo", 422);
    browser.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &app.code())]).await;
    browser.must_be_at("/account/export", 200);
}

#[tokio::test]
async fn where_it_is_required_it_is_set_up_before_anything_else() {
    let site = Site::with(&[("REQUIRE_SECOND_FACTOR", "true")]).await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at(PATH, 200);
    browser.must_see("This site requires a second step.");
    for path in ["/app", "/account", "/account/password", "/account/email", "/account/export"] {
        browser.visit(path).await;
        browser.must_be_at(PATH, 200);
    }
    // Also after the sudo window.
    clock::later(&site.db, "11 minutes").await;
    browser.visit("/app").await;
    browser.must_be_at("/sudo?next=%2Faccount%2Ftotp", 200);
    browser.submit(CONTINUE, &[(PASSWORD, ADA.password)]).await;
    let app = Authenticator::reading(&browser);
    browser.submit(TURN_ON, &[(CODE, &app.code())]).await;
    browser.must_be_at("/account/recovery-codes", 200);
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
    // It can be replaced, but not turned off.
    browser.visit(PATH).await;
    browser.must_not_see("Turn it off");
    clock::later(&site.db, "30 seconds").await;
    let mut other = ada_half_way(&site).await;
    other.submit(LOG_IN, &[(CODE, &app.code())]).await;
    other.must_be_at("/app", 200);
}
