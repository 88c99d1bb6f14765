//! The "This was not me" link in security notices.

use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

const STOLEN: &str = "marble kangaroo umbrella";

#[tokio::test]
async fn the_owner_stops_whoever_changed_the_password() {
    let site = Site::start().await;
    let mut thief = ADA.at(&site).await;
    thief.visit("/account/password").await;
    let fields = [("Current password", ADA.password), ("New password", STOLEN)];
    thief.submit("Change password", &fields).await;
    thief.must_be_at("/account", 200);

    let link = newest(&site.db, ADA.email).await.link("/not-me/");
    let mut owner = site.browser();
    owner.visit(&link).await;
    // Opening the link changes nothing; only the button does.
    thief.visit("/account").await;
    thief.must_be_at("/account", 200);
    owner.press("This was not me").await;
    owner.must_be_at("/password/reset", 200);
    owner.must_see("Every device is logged out");
    thief.visit("/account").await;
    thief.must_be_at("/login?next=%2Faccount", 200);

    // The right password gets the response of a wrong one. Only an email gives the reason.
    thief.submit("Log in", &[("E-mail", ADA.email), ("Password", STOLEN)]).await;
    thief.must_be_at("/login", 422);
    let right = thief.text();
    assert_eq!(newest(&site.db, ADA.email).await.kind, "login.stopped");
    thief.submit("Log in", &[("E-mail", ADA.email), ("Password", "something else entirely")]).await;
    assert_eq!(thief.text(), right);

    owner.submit("Send the link", &[("E-mail", ADA.email)]).await;
    owner.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    owner.submit("Change password", &[("New password", "glacier pumpkin harmonica")]).await;
    let fields = [("E-mail", ADA.email), ("Password", "glacier pumpkin harmonica")];
    owner.submit("Log in", &fields).await;
    owner.must_be_at("/app", 200);
}

#[tokio::test]
async fn in_a_browser_that_is_logged_in_the_next_page_says_what_happened() {
    for here in [ADA, GRACE] {
        let site = Site::start().await;
        let mut ada = ADA.at(&site).await;
        let mut grace = GRACE.at(&site).await;
        ada.visit("/account/password").await;
        let fields = [("Current password", ADA.password), ("New password", STOLEN)];
        ada.submit("Change password", &fields).await;
        let link = newest(&site.db, ADA.email).await.link("/not-me/");
        let (browser, then) = match here.email {
            email if email == ADA.email => (&mut ada, "/login?next=%2Fapp"),
            _ => (&mut grace, "/app"),
        };
        browser.visit(&link).await;
        browser.must_see("a***@example.com");
        browser.press("This was not me").await;
        browser.must_be_at("/password/reset", 200);
        browser.must_see("Every device is logged out");
        browser.visit("/app").await;
        browser.must_be_at(then, 200);
    }
}

#[tokio::test]
async fn a_link_works_once() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/password").await;
    let fields = [("Current password", ADA.password), ("New password", STOLEN)];
    ada.submit("Change password", &fields).await;
    let link = newest(&site.db, ADA.email).await.link("/not-me/");
    let mut owner = site.browser();
    owner.visit(&link).await;
    owner.press("This was not me").await;
    owner.visit(&link).await;
    assert_eq!(owner.status, 404);
    owner.must_see("This link no longer works");
}
