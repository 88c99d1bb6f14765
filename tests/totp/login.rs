//! The second step of a login, with the code of an authenticator app.

use crate::support::authenticator::{ada_half_way, ada_with_app};
use crate::support::clock;
use crate::support::labels::*;
use crate::support::site::Site;

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
async fn the_page_of_the_app_takes_a_recovery_code_too() {
    let site = Site::start().await;
    let (_, _, codes) = ada_with_app(&site).await;
    let mut browser = ada_half_way(&site).await;
    browser.submit(LOG_IN, &[(CODE, &codes[0])]).await;
    browser.must_be_at("/app", 200);
}
