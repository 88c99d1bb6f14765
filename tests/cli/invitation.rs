//! An invitation, from the operator's command to the account, on a site that only invited people
//! can join.

use serde_json::json;
use tokio::task::spawn_blocking;

use super::{Ended, events, user};
use crate::attacks::wait_for_a_lock;
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::process::command;
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
    assert!(!stranger.text().contains("code"), "nobody signs up here, so nobody has one");
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

#[tokio::test]
async fn an_operator_sees_the_invitations_that_are_open() {
    let site = closed_site().await;
    assert_eq!(user(&site.db, &["invitations"]).done(), "");
    assert_eq!(user(&site.db, &["invitations", "--json"]).done(), "");
    invites(&site, ADA.email).done();
    clock::later(&site.db, "23 hours").await;
    invites(&site, GRACE.email).done();
    invites(&site, EVE.email).done();
    accepts(&mut site.browser(), &newest(&site.db, EVE.email).await.link("/email/verify/")).await;
    let listed = user(&site.db, &["invitations"]).done();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0].starts_with("ada@example.com: invited 20"), "{listed}");
    assert!(lines[0].contains(" UTC, valid until 20") && lines[0].ends_with(" UTC"), "{listed}");
    assert!(lines[1].starts_with("grace@example.org: invited 20"), "{listed}");

    // An invitation that was renewed is one line. One that has expired is none.
    invites(&site, GRACE.email).done();
    clock::later(&site.db, "2 hours").await;
    let grace = user(&site.db, &["invitations", "--json"]).json();
    let (since, until) = (grace["invited_at"].as_str(), grace["expires_at"].as_str());
    let expected = json!({ "email": GRACE.email, "invited_at": since, "expires_at": until });
    assert!(grace == expected && since < until, "{grace}");
}

#[tokio::test]
async fn a_withdrawn_invitation_is_not_valid_any_more() {
    let site = closed_site().await;
    let links = [ADA.is_invited(&site).await, ADA.is_invited(&site).await];
    let grace = GRACE.is_invited(&site).await;
    let withdrawn = user(&site.db, &["withdraw", "Ada@Example.com"]).done();
    assert_eq!(withdrawn, "Ada@example.com: invitation withdrawn\n");
    let mut browser = site.browser();
    for link in links {
        browser.visit(&link).await;
        browser.must_be_at(&link, 404);
        browser.must_see(INVALID_LINK);
    }
    // Nobody can have it sent again.
    browser.submit(SEND_NEW_LINK, &[(EMAIL, ADA.email)]).await;
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), 2);
    let again = user(&site.db, &["withdraw", ADA.email, "--json"]).json();
    assert_eq!(again, json!({ "command": "withdraw", "email": ADA.email, "changed": false }));

    accepts(&mut browser, &grace).await;
    user(&site.db, &["withdraw", GRACE.email]).failed("grace@example.org already has an account");
    assert_eq!(site.db.number("select count(*) from users").await, 1);
    assert_eq!(events(&site.db).await.last(), Some(&("user.withdraw".to_owned(), false)));
}

/// Only what an operator began is an invitation.
#[tokio::test]
async fn a_sign_up_of_a_visitor_is_not_withdrawn() {
    let site = Site::start().await;
    let mut ada = ADA.registers(&site).await;
    assert_eq!(user(&site.db, &["invitations"]).done(), "");
    let said = user(&site.db, &["withdraw", ADA.email]).done();
    assert_eq!(said, "ada@example.com: no invitation, nothing changed\n");
    ada.visit(&link(&site).await).await;
    ada.press(CONFIRM_EMAIL).await;
    ada.must_be_at("/app", 200);
}

#[tokio::test]
async fn an_invitation_that_is_accepted_while_it_is_withdrawn_is_an_account() {
    let site = closed_site().await;
    invites(&site, ADA.email).done();
    let mut accepting = site.db.pool.begin().await.expect("a transaction");
    for accepted in [
        "insert into users (id, email, email_canonical, password_hash)
         select gen_random_uuid(), email, email_canonical, '' from registrations",
        "update registrations set confirmed_at = now()",
    ] {
        sqlx::query(accepted).execute(&mut *accepting).await.expect("to accept");
    }
    let mut withdraw = command(&site.db, &["user", "withdraw", ADA.email]);
    let withdrawing = spawn_blocking(move || withdraw.output());
    wait_for_a_lock(&site.db, 1).await;
    accepting.commit().await.expect("to commit");
    let ended = withdrawing.await.expect("its thread").expect("the binary");
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(1), &b""[..]), "{ended:?}");
    assert_eq!(site.db.number("select count(*) from users").await, 1);
}
