//! An invitation, from the operator's command to the account, on a site that only invited people
//! can join.

use super::{Ended, user};
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

async fn closed_site() -> Site {
    Site::with(&[("REGISTRATION", "invited")]).await
}

fn invites(site: &Site, email: &str) -> Ended {
    user(&site.db, &["create", email, "--invite"])
}

/// The link in the newest email to Ada.
async fn link(site: &Site) -> String {
    newest(&site.db, ADA.email).await.link("/email/verify/")
}

#[tokio::test]
async fn an_invited_person_gets_an_account_in_a_new_browser() {
    let site = closed_site().await;
    invites(&site, ADA.email).done();
    let letter = newest(&site.db, ADA.email).await;
    assert_eq!(letter.subject, "Your invitation to Vestibule");
    assert!(!letter.text.contains("code"), "a code works only where somebody signed up");

    let mut browser = site.browser();
    let link = link(&site).await;
    browser.visit(&link).await;
    browser.must_be_at(&link, 200);
    browser.must_see(&format!("the account for {}. Choose a password for it.", ADA.email));
    browser.submit(CREATE_ACCOUNT, &[(PASSWORD, "too short")]).await;
    browser.must_be_at("/email/verify", 422);
    browser.must_see("Choose a password for it.");
    browser.submit(CREATE_ACCOUNT, &[(PASSWORD, ADA.password)]).await;
    browser.must_be_at("/app", 200);
    ADA.log_in_on_new_device(&site).await;
    browser.press(LOG_OUT).await;
    browser.visit(&link).await;
    browser.must_see(ALREADY_CONFIRMED);
}

#[tokio::test]
async fn a_second_invitation_replaces_none_and_one_account_results() {
    let site = closed_site().await;
    invites(&site, ADA.email).done();
    let first = link(&site).await;
    invites(&site, ADA.email).done();
    let second = link(&site).await;
    accepts(&mut site.browser(), &first).await;
    let mut browser = site.browser();
    browser.visit(&second).await;
    browser.must_see(ALREADY_CONFIRMED);
    assert_eq!(site.db.number("select count(*) from users").await, 1);
}

async fn accepts(browser: &mut Browser, link: &str) {
    browser.visit(link).await;
    browser.submit(CREATE_ACCOUNT, &[(PASSWORD, ADA.password)]).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn the_page_of_an_expired_invitation_says_whom_to_ask() {
    let site = closed_site().await;
    invites(&site, ADA.email).done();
    let expired = link(&site).await;
    clock::later(&site.db, "1 day").await;
    let mut browser = site.browser();
    browser.visit(&expired).await;
    browser.must_be_at(&expired, 404);
    browser.must_see(INVALID_LINK);
    browser.must_see("Ask the people who run Vestibule for a new invitation.");
    assert!(!browser.html().contains("/register"));
    // It is too late for a link without the operator.
    browser.submit(SEND_NEW_LINK, &[(EMAIL, ADA.email)]).await;
    browser.must_be_at("/email/verify", 200);
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), 1);

    invites(&site, ADA.email).done();
    accepts(&mut browser, &link(&site).await).await;
}

#[tokio::test]
async fn an_invitation_can_be_sent_again_from_the_site_until_it_expires() {
    let site = closed_site().await;
    invites(&site, ADA.email).done();
    let mut browser = site.browser();
    browser.visit(&format!("{}x", link(&site).await)).await;
    browser.submit(SEND_NEW_LINK, &[(EMAIL, ADA.email)]).await;
    let invited = browser.text();
    let letters = mailbox(&site.db, ADA.email).await;
    let kinds: Vec<&str> = letters.iter().map(|letter| letter.kind.as_str()).collect();
    assert_eq!(kinds, ["user.invite", "user.invite"]);
    accepts(&mut browser, &link(&site).await).await;

    // Nobody learns who was invited.
    let mut stranger = site.browser();
    stranger.visit("/email/verify").await;
    stranger.submit(RESEND, &[(EMAIL, GRACE.email)]).await;
    stranger.must_be_at("/email/verify", 200);
    assert_eq!(stranger.text().replace(GRACE.email, ADA.email), invited);
    assert!(mailbox(&site.db, GRACE.email).await.is_empty());
}

/// Anybody can have it sent again, and must not keep a door open that the operator lets close.
#[tokio::test]
async fn an_invitation_that_is_sent_again_expires_when_the_first_one_does() {
    let site = closed_site().await;
    invites(&site, ADA.email).done();
    clock::later(&site.db, "23 hours").await;
    let mut stranger = site.browser();
    stranger.visit("/email/verify").await;
    stranger.submit(RESEND, &[(EMAIL, ADA.email)]).await;
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), 2);
    let again = link(&site).await;
    clock::later(&site.db, "2 hours").await;
    stranger.visit(&again).await;
    stranger.must_be_at(&again, 404);
    stranger.must_see(INVALID_LINK);
}

/// On an open site too, the email is that of an invitation.
#[tokio::test]
async fn an_invitation_to_an_open_site_says_that_it_is_one() {
    let site = Site::start().await;
    invites(&site, ADA.email).done();
    assert_eq!(newest(&site.db, ADA.email).await.kind, "user.invite");
}
