//! The second step of a login, with the code of an authenticator app.

use crate::support::authenticator::{ada_half_way, ada_with_app};
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::mailbox;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn password_and_code_lead_to_the_page_that_was_asked_for() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut browser = site.browser();
    browser.visit("/account/sessions").await;
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at("/login/totp", 200);
    browser.must_see(ADA.email);
    browser.submit(LOG_IN, &[(CODE, &app.code())]).await;
    browser.must_be_at("/account/sessions", 200);
}

#[tokio::test]
async fn a_login_stays_remembered_over_the_second_step() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;
    browser.submit(LOG_IN, &[(CODE, &app.code())]).await;
    browser.must_be_at("/app", 200);
    browser.restart();
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn an_account_without_an_app_logs_in_with_the_password_alone() {
    let site = Site::start().await;
    ada_with_app(&site).await;
    let mut grace = GRACE.at(&site).await;
    grace.must_be_at("/app", 200);
    for path in ["/login/totp", "/login/recovery-code"] {
        grace.visit(path).await;
        grace.must_be_at("/app", 200);
    }
}

#[tokio::test]
async fn a_wrong_code_is_said_at_its_field_and_the_right_one_still_works() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut browser = ada_half_way(&site).await;
    for wrong in [app.wrong_code().as_str(), "", "12345", "abcdef", "1234567"] {
        browser.submit(LOG_IN, &[(CODE, wrong)]).await;
        browser.must_be_at("/login/totp", 422);
        browser.must_see("This code is wrong");
    }
    // As the app shows it, in two groups.
    let code = app.code();
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    browser.submit(LOG_IN, &[(CODE, &spaced)]).await;
    browser.must_be_at("/app", 200);
    browser.visit("/account/activity").await;
    browser.must_see("the password was right, the code was wrong");
}

#[tokio::test]
async fn the_code_of_the_step_before_is_accepted_and_no_other() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    // The app was set up long ago, so no step is used.
    clock::later(&site.db, "10 minutes").await;
    let mut browser = ada_half_way(&site).await;
    for steps in [-3, 2] {
        browser.submit(LOG_IN, &[(CODE, &app.code_of_step(steps))]).await;
        browser.must_be_at("/login/totp", 422);
    }
    browser.submit(LOG_IN, &[(CODE, &app.code_of_step(-1))]).await;
    // Unless the next step began between the code and the check.
    if browser.path != "/app" {
        browser.submit(LOG_IN, &[(CODE, &app.code_of_step(-1))]).await;
    }
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn after_five_minutes_the_password_is_needed_again() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let mut browser = ada_half_way(&site).await;
    clock::later(&site.db, "4 minutes").await;
    browser.visit("/login/totp").await;
    browser.must_be_at("/login/totp", 200);
    clock::later(&site.db, "61 seconds").await;
    browser.submit(LOG_IN, &[(CODE, &app.code())]).await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    browser.must_see("Enter your password again.");
}

#[tokio::test]
async fn the_owner_hears_of_a_right_password_with_a_wrong_code_once() {
    let site = Site::behind_a_proxy().await;
    let (mut known, app, _) = ada_with_app(&site).await;
    let mails = async || {
        let mails = mailbox(&site.db, ADA.email).await;
        mails.iter().filter(|mail| mail.subject == "Wrong code after your password").count()
    };
    // On her own device, Ada mistypes.
    known.press(LOG_OUT).await;
    ADA.logs_in(&mut known).await;
    known.submit(LOG_IN, &[(CODE, &app.wrong_code())]).await;
    assert_eq!(mails().await, 0);
    let mut stranger = ada_half_way(&site).await;
    for _ in 0..3 {
        stranger.submit(LOG_IN, &[(CODE, &app.wrong_code())]).await;
        assert_eq!(mails().await, 1);
    }
}

#[tokio::test]
async fn a_login_is_recorded_when_it_is_complete() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let logins = "select count(*) from audit_events where kind in ('login', 'login.new-device')";
    let devices = "select count(*) from devices";
    let before = (site.db.number(logins).await, site.db.number(devices).await);
    let mut browser = ada_half_way(&site).await;
    assert_eq!((site.db.number(logins).await, site.db.number(devices).await), before);
    browser.submit(LOG_IN, &[(CODE, &app.code())]).await;
    assert_eq!(site.db.number(logins).await, before.0 + 1);
    assert_eq!(site.db.number(devices).await, before.1 + 1);
    assert_eq!(site.db.number("select count(*) from half_logins").await, 0);
}
