//! SameSite and HttpOnly: express-session's `cookie: { sameSite: 'lax', httpOnly: true }`.
//!
//! `Lax` is explicit because the default is weaker: Chrome lets a cross-site POST carry a cookie
//! that is less than two minutes old. With `Lax`, only links of other sites carry the cookie, and a
//! GET here only shows pages. Changes need a POST, which arrives without the cookie.

use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

const ELSEWHERE: &str = "https://elsewhere.example";

#[tokio::test]
async fn every_cookie_has_explicit_samesite_and_httponly() {
    let site = Site::start().await;
    let mut browser = site.browser();
    ADA.create_account(&site).await;
    browser.visit("/login").await;
    let mut lines = browser.raw_set_cookies();
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    lines.extend(browser.raw_set_cookies());
    browser.press(LOG_OUT).await;
    lines.extend(browser.raw_set_cookies());
    assert!(lines.len() >= 3, "{lines:?}");
    for line in lines {
        assert!(line.contains("; SameSite=Lax") && line.contains("; HttpOnly"), "{line}");
    }
}

#[tokio::test]
async fn a_link_from_another_site_opens_a_page_of_the_session() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.follow_link_from(ELSEWHERE, "/app").await;
    browser.must_be_at("/app", 200);
    browser.must_see(ADA.email);
}

#[tokio::test]
async fn a_cross_site_post_arrives_without_the_cookie_and_is_rejected() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    for (path, fields) in [
        ("/test/value", vec![("value", "not mine")]),
        ("/logout", vec![]),
        ("/account/password", vec![("current_password", ADA.password), ("password", "x")]),
    ] {
        browser.cross_site_post(ELSEWHERE, path, &fields).await;
        browser.must_be_at(path, 403);
        assert_eq!(browser.raw_set_cookies(), [""; 0], "what is refused sets nothing");
    }
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
    assert_eq!(browser.kept_value().await, "");
}

#[tokio::test]
async fn a_cross_site_link_changes_nothing() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let state = "select count(*) from sessions where state = '{}'";
    for path in ["/logout", "/test/value?value=not+mine", "/account/password?password=x"] {
        browser.follow_link_from(ELSEWHERE, path).await;
        assert_eq!(site.db.number(state).await, 1, "{path}");
    }
}
