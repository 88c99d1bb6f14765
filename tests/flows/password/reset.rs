//! Resetting a forgotten password.

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

const NEW: &str = "marble kangaroo umbrella";

async fn asks(site: &Site, email: &str) -> Browser {
    let mut browser = site.browser();
    browser.visit("/login").await;
    browser.click(FORGOT_PASSWORD).await;
    browser.submit(SEND_LINK, &[(EMAIL, email)]).await;
    browser.must_be_at("/password/reset/sent", 200);
    browser.must_see(LINK_ON_ITS_WAY);
    browser
}

#[tokio::test]
async fn an_owner_resets_a_forgotten_password_and_every_session_ends() {
    let site = Site::start().await;
    let mut elsewhere = ADA.at(&site).await;
    let mut browser = asks(&site, ADA.email).await;
    // Requesting a link changes nothing.
    elsewhere.visit("/app").await;
    elsewhere.must_be_at("/app", 200);

    let link = newest(&site.db, ADA.email).await.link("/password/reset/");
    browser.visit(&link).await;
    browser.must_be_at("/password/reset/choose", 200);
    browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, NEW)]).await;
    browser.must_be_at("/login", 200);
    browser.must_see(PASSWORD_CHANGED);
    // A reset logs in no browser and ends every session.
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    elsewhere.visit("/app").await;
    elsewhere.must_be_at("/login?next=%2Fapp", 200);

    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/login", 422);
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, NEW)]).await;
    browser.must_be_at("/app", 200);
    assert_eq!(newest(&site.db, ADA.email).await.subject, "Your password was changed");
}

#[tokio::test]
async fn an_unknown_email_gets_the_same_page_and_no_mail() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let (known, unknown) = (asks(&site, ADA.email).await, asks(&site, GRACE.email).await);
    assert_eq!(known.text().replace(ADA.email, GRACE.email), unknown.text());
    assert!(mailbox(&site.db, GRACE.email).await.is_empty());
}

#[tokio::test]
async fn a_rejected_password_leaves_the_reset_link_valid() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = asks(&site, ADA.email).await;
    browser.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, "passwordpassword")]).await;
    browser.must_be_at("/password/reset/choose", 422);
    browser.must_see(TOO_EASY);
    browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, NEW)]).await;
    browser.must_be_at("/login", 200);
}

#[tokio::test]
async fn a_reset_link_expires_after_30_minutes() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = asks(&site, ADA.email).await;
    let link = newest(&site.db, ADA.email).await.link("/password/reset/");
    clock::later(&site.db, "29 minutes").await;
    browser.visit(&link).await;
    browser.must_be_at("/password/reset/choose", 200);
    clock::later(&site.db, "61 seconds").await;
    browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, NEW)]).await;
    browser.must_see(INVALID_LINK);
    browser.visit(&link).await;
    assert_eq!(browser.status, 404);
    browser.submit(SEND_NEW_LINK, &[(EMAIL, ADA.email)]).await;
    browser.must_be_at("/password/reset/sent", 200);
    browser.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    browser.must_be_at("/password/reset/choose", 200);
}

#[tokio::test]
async fn the_link_can_be_requested_again_from_the_next_page() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = asks(&site, ADA.email).await;
    let first = newest(&site.db, ADA.email).await.link("/password/reset/");
    browser.press(RESEND).await;
    browser.must_be_at("/password/reset/sent", 200);
    browser.must_see(ADA.email);
    let second = newest(&site.db, ADA.email).await.link("/password/reset/");
    assert_ne!(first, second);
    // The next person at this browser does not see for whom it was.
    browser.visit(&second).await;
    browser.visit("/password/reset/sent").await;
    browser.must_not_see(ADA.email);
}

#[tokio::test]
async fn the_url_of_the_reset_form_contains_no_token() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = asks(&site, ADA.email).await;
    let link = newest(&site.db, ADA.email).await.link("/password/reset/");
    let token = link.rsplit('/').next().expect("a token").to_owned();
    browser.visit(&link).await;
    assert!(!browser.path.contains(&token) && !browser.html().contains(&token));
    // The URL without the token is useless in another browser.
    let mut other = site.browser();
    other.visit("/password/reset/choose").await;
    other.must_see(INVALID_LINK);
}

#[tokio::test]
async fn an_unverified_registration_gets_no_reset_link() {
    let site = Site::start().await;
    ADA.registers(&site).await;
    asks(&site, ADA.email).await;
    let letters = mailbox(&site.db, ADA.email).await;
    assert_eq!(letters.len(), 1, "the one that asks to confirm");
}

/// In a shared browser, the next person must not find the form for a new password.
#[tokio::test]
async fn a_login_or_logout_closes_an_opened_reset_form() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    GRACE.create_account(&site).await;
    let mut link = String::new();
    for person in [ADA, GRACE] {
        let mut browser = asks(&site, ADA.email).await;
        link = newest(&site.db, ADA.email).await.link("/password/reset/");
        browser.visit(&link).await;
        person.logs_in(&mut browser).await;
        browser.must_be_at("/app", 200);
        browser.visit("/password/reset/choose").await;
        assert_eq!(browser.status, 404);
    }
    let mut browser = ADA.log_in_on_new_device(&site).await;
    browser.visit(&link).await;
    browser.must_be_at("/password/reset/choose", 200);
    browser.press(LOG_OUT).await;
    browser.visit("/password/reset/choose").await;
    assert_eq!(browser.status, 404);
}
