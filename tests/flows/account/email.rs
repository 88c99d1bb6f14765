//! Changing the email address, from the request to the first login with the new one.

use crate::support::asking::asks_for_new_email;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, GRACE, Person};
use crate::support::site::Site;

const NEW: &str = "Ada.Lovelace@example.net";

#[tokio::test]
async fn a_user_changes_the_email_and_logs_in_with_the_new_one() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    laptop.visit("/account").await;
    laptop.click(CHANGE_OF_EMAIL).await;
    laptop.submit(SEND_LINK, &[(NEW_EMAIL, NEW)]).await;
    laptop.must_be_at("/account/email", 200);
    laptop.must_see(LINK_ON_ITS_WAY);
    laptop.must_see(NEW);
    // Nothing has changed yet.
    laptop.visit("/account").await;
    laptop.must_see("ada@example.com. Not confirmed yet: Ada.Lovelace@example.net");
    phone.visit("/app").await;
    phone.must_be_at("/app", 200);

    let mail = newest(&site.db, NEW).await;
    assert!(mail.text.contains("a***@example.com"), "{}", mail.text);
    laptop.visit(&mail.link("/email/change/")).await;
    laptop.must_see(NEW);
    laptop.press(CHANGE_EMAIL).await;
    laptop.must_be_at("/account", 200);
    laptop.must_see(EMAIL_CHANGED);
    laptop.must_see(LOGGED_OUT_ELSEWHERE);
    laptop.must_see(NEW);
    laptop.must_not_see(ADA.email);
    phone.visit("/app").await;
    phone.must_be_at("/login?next=%2Fapp", 200);

    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, "The email address of your account was changed");
    assert!(notice.text.contains("A***@example.net"), "{}", notice.text);
    ADA.logs_in(&mut phone).await;
    phone.must_be_at("/login", 422);
    Person { email: NEW, ..ADA }.logs_in(&mut phone).await;
    phone.must_be_at("/app", 200);
}

#[tokio::test]
async fn an_invalid_email_and_ones_own_change_nothing_and_stay_in_the_field() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    for (typed, problem) in [
        ("ada at home", NOT_AN_EMAIL),
        ("", EMAIL_MISSING),
        ("ADA@example.com", "This is your email address already."),
    ] {
        ada.visit("/account/email").await;
        ada.submit(SEND_LINK, &[(NEW_EMAIL, typed)]).await;
        ada.must_be_at("/account/email", 422);
        ada.must_see(problem);
        assert_eq!(ada.field(SEND_LINK, NEW_EMAIL), typed);
    }
    let links = "select count(*) from tokens where purpose = 'change_email'";
    assert_eq!(site.db.number(links).await, 0);
}

#[tokio::test]
async fn a_form_for_a_new_email_that_comes_too_late_comes_back_filled() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/email").await;
    clock::later(&site.db, "21 minutes").await;
    ada.submit(SEND_LINK, &[(NEW_EMAIL, NEW)]).await;
    ada.must_be_at("/sudo?next=%2Faccount%2Femail", 200);
    ada.submit(CONTINUE, &[(PASSWORD, ADA.password)]).await;
    ada.must_be_at("/account/email", 200);
    assert_eq!(ada.field(SEND_LINK, NEW_EMAIL), NEW);
}

#[tokio::test]
async fn the_email_can_be_sent_again_and_every_link_works_until_one_is_used() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    asks_for_new_email(&mut ada, NEW).await;
    ada.press(RESEND).await;
    ada.must_be_at("/account/email", 200);
    let links: Vec<String> =
        mailbox(&site.db, NEW).await.iter().map(|mail| mail.link("/email/change/")).collect();
    assert_eq!(links.len(), 2);
    ada.visit(&links[0]).await;
    ada.press(CHANGE_EMAIL).await;
    ada.must_see(EMAIL_CHANGED);
    for link in links {
        ada.visit(&link).await;
        assert_eq!(ada.status, 404);
        ada.must_see(INVALID_LINK);
        ada.must_see(NEW);
    }
}

#[tokio::test]
async fn after_five_requests_a_user_is_told_to_wait() {
    let site = Site::with_real_limits(&[]).await;
    let mut ada = ADA.at(&site).await;
    for number in 0..5 {
        asks_for_new_email(&mut ada, &format!("ada{number}@example.net")).await;
        ada.must_be_at("/account/email", 200);
    }
    ada.submit(SEND_LINK, &[(NEW_EMAIL, NEW)]).await;
    ada.must_be_at("/account/email", 429);
    ada.must_see(TOO_MANY);
    assert_eq!(ada.field(SEND_LINK, NEW_EMAIL), NEW);
    // The one that waits is still there.
    ada.must_see("ada4@example.net");
}

#[tokio::test]
async fn an_email_gets_three_mails_from_all_accounts_together() {
    let site = Site::with_real_limits(&[]).await;
    for (person, requests) in [(ADA, 2), (GRACE, 2)] {
        let mut browser = person.at(&site).await;
        for _ in 0..requests {
            asks_for_new_email(&mut browser, NEW).await;
            browser.must_be_at("/account/email", 200);
            browser.must_see(LINK_ON_ITS_WAY);
        }
    }
    assert_eq!(mailbox(&site.db, NEW).await.len(), 3);
}
