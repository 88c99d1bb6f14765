//! Logging out.

use crate::support::labels::*;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn a_logout_ends_the_session_and_removes_the_cookie() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let mut kept = site.browser();
    kept.clone_cookies_from(&browser);
    browser.press(LOG_OUT).await;
    browser.must_be_at("/login", 200);
    browser.must_see(LOGGED_OUT);
    assert_eq!(browser.cookie("__Host-session"), None);
    assert_eq!(site.db.number("select count(*) from sessions").await, 0);

    browser.visit("/login").await;
    browser.must_not_see(LOGGED_OUT);
    // Neither the browser nor a copy of its cookie is logged in any more.
    for browser in [&mut browser, &mut kept] {
        browser.visit("/app").await;
        browser.must_be_at("/login?next=%2Fapp", 200);
    }
}

#[tokio::test]
async fn a_logout_leaves_the_sessions_on_other_devices() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    laptop.press(LOG_OUT).await;
    phone.visit("/app").await;
    phone.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_second_logout_gets_the_same_response() {
    let site = Site::start().await;
    let mut first_tab = ADA.at(&site).await;
    let mut second_tab = first_tab.clone();
    first_tab.press(LOG_OUT).await;
    // As in a tab that raced with the first: it still has the cookie, but the session has ended.
    second_tab.press(LOG_OUT).await;
    second_tab.must_be_at("/login", 200);
    second_tab.must_see(LOGGED_OUT);
    assert_eq!(second_tab.cookie("__Host-session"), None);
}

#[tokio::test]
async fn a_logout_works_without_the_session_cookie() {
    let site = Site::start().await;
    let mut first_tab = ADA.at(&site).await;
    let mut second_tab = first_tab.clone();
    first_tab.press(LOG_OUT).await;
    second_tab.clone_cookies_from(&first_tab);
    second_tab.press(LOG_OUT).await;
    second_tab.must_be_at("/login", 200);
    second_tab.must_see(LOGGED_OUT);
}

#[tokio::test]
async fn a_get_request_does_not_log_out() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/logout").await;
    browser.must_be_at("/", 200);
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn the_next_user_of_the_browser_sees_no_data_of_the_previous_one() {
    let site = Site::start().await;
    GRACE.create_account(&site).await;
    let mut browser = ADA.at(&site).await;
    browser.keep_value("a secret of Ada's").await;
    browser.press(LOG_OUT).await;
    GRACE.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.must_not_see(ADA.email);
    assert_eq!(browser.kept_value().await, "");
}
