//! Logging in with a passkey.

use serde_json::json;

use crate::support::labels::*;
use crate::support::passkey::{at_login, json_of, post, started, with_passkey};
use crate::support::people::{ADA, GRACE};
use crate::support::second_factor::shown_codes;
use crate::support::site::Site;

#[tokio::test]
async fn a_passkey_logs_in_without_a_password() {
    let site = Site::start().await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    let mut browser = at_login(&site).await;
    device.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.must_see(ADA.email);
    browser.visit("/account/passkeys").await;
    browser.must_see("Bitwarden");
    browser.must_not_see("Never");
    browser.visit("/account/activity").await;
    browser.must_see("Logged in on a new device");
}

#[tokio::test]
async fn the_page_that_was_asked_for_and_stay_logged_in_are_kept() {
    let site = Site::start().await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    let mut browser = site.browser();
    browser.visit("/account/sessions").await;
    assert!(browser.html().contains("data-next=\"/account/sessions\""));
    let options = started(&mut browser).await;
    let credential = device.signs(&options).await;
    let body = json!({ "credential": credential, "remember": true, "next": "/account/sessions" });
    let answer = post(&mut browser, "finish", &body).await;
    assert_eq!(json_of(&answer), json!({ "next": "/account/sessions" }));
    browser.restart();
    browser.visit("/account/sessions").await;
    browser.must_be_at("/account/sessions", 200);
}

#[tokio::test]
async fn with_a_passkey_the_password_alone_no_longer_logs_in() {
    let site = Site::start().await;
    let (owner, mut device) = with_passkey(ADA, &site).await;
    let codes = shown_codes(&owner);
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/login/passkey", 200);
    let mut other = browser.clone();
    device.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    // Or with a recovery code, in another login.
    other.visit("/login/passkey").await;
    other.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut other).await;
    other.visit("/login/recovery-code").await;
    other.submit(LOG_IN, &[(RECOVERY_CODE, &codes[0])]).await;
    other.must_be_at("/app", 200);
}

#[tokio::test]
async fn somebody_who_is_logged_in_already_stays_so() {
    let site = Site::start().await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    let mut browser = at_login(&site).await;
    let mut tab = browser.clone();
    GRACE.create_account(&site).await;
    GRACE.logs_in(&mut browser).await;
    tab.clone_cookies_from(&browser);
    let answer = post(&mut tab, "start", &json!({})).await;
    // The tab's token is from before the login.
    assert_eq!(answer.status, 403, "{}", answer.body);
    let mut fresh = at_login(&site).await;
    device.logs_in(&mut fresh).await;
    fresh.must_see(ADA.email);
}

#[tokio::test]
async fn a_removed_passkey_is_unknown_at_once() {
    let site = Site::start().await;
    let (mut owner, mut device) = with_passkey(ADA, &site).await;
    owner.visit("/account/passkeys").await;
    owner.press(REMOVE).await;
    owner.must_see("is removed.");
    let mut browser = at_login(&site).await;
    let answer = device.logs_in(&mut browser).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem = json_of(&answer);
    assert_eq!(problem["detail"], "This site doesn't know that passkey. Log in another way.");
    assert_eq!(problem["status"], 404);
    // The last one is gone, so the password is enough again.
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn a_login_that_was_left_half_done_does_not_disturb_the_next_one() {
    let site = Site::start().await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    let (_, mut graces) = with_passkey(GRACE, &site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/login/passkey", 200);
    browser.click("Start again").await;
    graces.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.must_see(GRACE.email);
    let mut other = at_login(&site).await;
    device.logs_in(&mut other).await;
    other.must_see(ADA.email);
}
