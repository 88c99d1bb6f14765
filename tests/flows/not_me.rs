//! The "This wasn't me" link in security notices.

mod second_factors;

use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

const STOLEN: &str = "marble kangaroo umbrella";

#[tokio::test]
async fn the_owner_ends_a_thiefs_access_and_resets_the_password() {
    let site = Site::start().await;
    let mut thief = ADA.at(&site).await;
    thief.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, STOLEN)];
    thief.submit(CHANGE_PASSWORD, &fields).await;
    thief.must_be_at("/account", 200);

    let link = newest(&site.db, ADA.email).await.link("/not-me/");
    let mut owner = site.browser();
    owner.visit(&link).await;
    // Opening the link changes nothing; only the button does.
    thief.visit("/account").await;
    thief.must_be_at("/account", 200);
    owner.press(NOT_ME).await;
    owner.must_be_at("/password/reset/sent", 200);
    owner.must_see(EVERY_DEVICE_LOGGED_OUT);
    // The email address is shown masked before, so it must not be shown in full here.
    owner.must_not_see(ADA.email);
    let link_to_a_new_password = newest(&site.db, ADA.email).await.link("/password/reset/");
    thief.visit("/account").await;
    thief.must_be_at("/login?next=%2Faccount", 200);

    // The right password gets the response of a wrong one. Only an email gives the reason.
    thief.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, STOLEN)]).await;
    thief.must_be_at("/login", 422);
    let right = thief.text();
    assert_eq!(newest(&site.db, ADA.email).await.kind, "login.stopped");
    thief.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, "something else entirely")]).await;
    assert_eq!(thief.text(), right);

    // The link to a new password was sent with the first press.
    owner.visit(&link_to_a_new_password).await;
    owner.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, "glacier pumpkin harmonica")]).await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, "glacier pumpkin harmonica")];
    owner.submit(LOG_IN, &fields).await;
    owner.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_logged_in_browser_shows_the_message_after_not_me() {
    for here in [ADA, GRACE] {
        let site = Site::start().await;
        let mut ada = ADA.at(&site).await;
        let mut grace = GRACE.at(&site).await;
        ada.visit("/account/password").await;
        let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, STOLEN)];
        ada.submit(CHANGE_PASSWORD, &fields).await;
        let link = newest(&site.db, ADA.email).await.link("/not-me/");
        let (browser, then) = match here.email {
            email if email == ADA.email => (&mut ada, "/login?next=%2Fapp"),
            _ => (&mut grace, "/app"),
        };
        browser.visit(&link).await;
        browser.must_see("a***@example.com");
        browser.press(NOT_ME).await;
        browser.must_be_at("/password/reset/sent", 200);
        browser.must_see(EVERY_DEVICE_LOGGED_OUT);
        browser.visit("/app").await;
        browser.must_be_at(then, 200);
    }
}

#[tokio::test]
async fn a_not_me_link_works_once() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, STOLEN)];
    ada.submit(CHANGE_PASSWORD, &fields).await;
    let link = newest(&site.db, ADA.email).await.link("/not-me/");
    let mut owner = site.browser();
    owner.visit(&link).await;
    owner.press(NOT_ME).await;
    owner.visit(&link).await;
    assert_eq!(owner.status, 404);
    owner.must_see(INVALID_LINK);
    // To be safe, the page offers a new password.
    owner.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    owner.must_be_at("/password/reset/sent", 200);
}
