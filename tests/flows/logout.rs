//! Logging out.

use crate::support::labels::*;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn logging_out_ends_the_session_and_takes_the_cookie_away() {
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
async fn the_other_device_stays_logged_in() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.on_another_device(&site).await;
    laptop.press(LOG_OUT).await;
    phone.visit("/app").await;
    phone.must_be_at("/app", 200);
}

#[tokio::test]
async fn logging_out_twice_is_answered_the_same() {
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
async fn the_button_of_an_old_tab_works_after_the_cookie_is_gone() {
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
async fn a_link_logs_nobody_out() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/logout").await;
    browser.must_be_at("/logout", 405);
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn the_next_person_finds_nothing_of_the_last_one() {
    let site = Site::start().await;
    GRACE.joins(&site).await;
    let mut browser = ADA.at(&site).await;
    browser.keep_value("a secret of Ada's").await;
    browser.press(LOG_OUT).await;
    GRACE.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.must_not_see(ADA.email);
    assert_eq!(browser.kept_value().await, "");
}
