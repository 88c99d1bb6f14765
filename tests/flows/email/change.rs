//! The link that confirms a new email address.

use crate::support::asking::{asks_for_new_email, changes_email, gets_change_link};
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, GRACE, Person};
use crate::support::race::race;
use crate::support::site::Site;

const NEW: &str = "ada@example.net";

#[tokio::test]
async fn on_a_device_that_is_not_logged_in_the_link_leads_through_the_login() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let link = gets_change_link(&site, &mut ada, NEW).await;
    let mut phone = site.browser();
    phone.visit(&link).await;
    phone.must_see("Log in with your current email address, not the new one.");
    phone.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    phone.must_be_at(&link, 200);
    phone.press(CHANGE_EMAIL).await;
    phone.must_be_at("/account", 200);
    phone.must_see(NEW);
    ada.visit("/app").await;
    ada.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn opening_the_link_changes_nothing() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let link = gets_change_link(&site, &mut ada, NEW).await;
    ada.visit(&link).await;
    ada.visit(&link).await;
    ada.must_be_at(&link, 200);
    ada.visit("/account").await;
    ada.must_see(ADA.email);
}

#[tokio::test]
async fn a_request_for_another_email_invalidates_the_earlier_link() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let mistyped = gets_change_link(&site, &mut ada, "adda@example.net").await;
    asks_for_new_email(&mut ada, NEW).await;
    ada.visit(&mistyped).await;
    assert_eq!(ada.status, 404);
    ada.visit(&newest(&site.db, NEW).await.link("/email/change/")).await;
    ada.press(CHANGE_EMAIL).await;
    ada.must_see(EMAIL_CHANGED);
}

#[tokio::test]
async fn the_link_expires_after_a_day() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let link = gets_change_link(&site, &mut ada, NEW).await;
    clock::later(&site.db, "24 hours 1 second").await;
    ADA.logs_in(&mut ada).await;
    ada.visit(&link).await;
    assert_eq!(ada.status, 404);
    ada.must_see(INVALID_LINK);
    ada.visit("/account").await;
    ada.must_not_see(NEW);
}

#[tokio::test]
async fn a_password_change_invalidates_the_link() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let link = gets_change_link(&site, &mut ada, NEW).await;
    ada.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    ada.submit(CHANGE_PASSWORD, &fields).await;
    ada.visit(&link).await;
    assert_eq!(ada.status, 404);
}

#[tokio::test]
async fn of_many_accounts_that_want_one_email_one_gets_it() {
    let site = Site::start().await;
    let mut browsers = Vec::new();
    for number in 0..10 {
        let email: &'static str = format!("person{number}@example.org").leak();
        let mut browser = Person { email, ..ADA }.at(&site).await;
        asks_for_new_email(&mut browser, NEW).await;
        browsers.push(browser);
    }
    let links = mailbox(&site.db, NEW).await;
    assert_eq!(links.len(), 10);
    for (browser, mail) in browsers.iter_mut().zip(&links) {
        browser.visit(&mail.link("/email/change/")).await;
    }
    let answers = race(browsers.into_iter().map(|mut browser| async move {
        browser.press(CHANGE_EMAIL).await;
        (browser.status, browser.sees(EMAIL_CHANGED), browser.sees("has an account of its own"))
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == (200, true, false)).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == (422, false, true)).count(), 9);
    let moved = "select count(*) from users where email = 'ada@example.net'";
    assert_eq!(site.db.number(moved).await, 1);
}

#[tokio::test]
async fn two_tabs_that_press_the_button_change_it_once() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let link = gets_change_link(&site, &mut ada, NEW).await;
    ada.visit(&link).await;
    let statuses = race([ada.clone(), ada].map(|mut tab| async move {
        tab.follow_redirects = false;
        tab.press(CHANGE_EMAIL).await;
        tab.status
    }))
    .await;
    assert!(statuses.contains(&303), "{statuses:?}");
    assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}");
    let mails = mailbox(&site.db, ADA.email).await;
    let notices = mails.iter().filter(|mail| mail.kind == "email.change.confirmed");
    assert_eq!(notices.count(), 1);
}

/// A sign-up with the new address that waits for its confirmation must not come alive again when
/// the account moves on to another one.
#[tokio::test]
async fn a_pending_registration_of_the_new_email_loses_its_password() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    Person { email: NEW, ..GRACE }.registers(&site).await;
    let verify = newest(&site.db, NEW).await.link("/email/verify/");
    changes_email(&site, &mut ada, NEW).await;
    changes_email(&site, &mut ada, "ada@example.org").await;
    let mut other = site.browser();
    other.visit(&verify).await;
    other.must_see(INVALID_LINK);
    let hashes = "select count(*) from registrations where password_hash is not null";
    assert_eq!(site.db.number(hashes).await, 0);
}

/// An address is free again once its account has another one.
#[tokio::test]
async fn somebody_else_can_sign_up_with_an_email_that_was_given_up() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    changes_email(&site, &mut ada, NEW).await;
    let mut other = Person { password: GRACE.password, ..ADA }.registers(&site).await;
    other.visit(&newest(&site.db, ADA.email).await.link("/email/verify/")).await;
    other.press(CONFIRM_EMAIL).await;
    other.must_be_at("/app", 200);
    ada.visit("/app").await;
    ada.must_be_at("/app", 200);
}

/// The button proves the mailbox and not the password, so it does not begin sudo mode again.
#[tokio::test]
async fn the_button_does_not_begin_sudo_mode() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    asks_for_new_email(&mut ada, NEW).await;
    clock::later(&site.db, "30 minutes").await;
    ada.visit(&newest(&site.db, NEW).await.link("/email/change/")).await;
    ada.press(CHANGE_EMAIL).await;
    ada.must_see(EMAIL_CHANGED);
    ada.visit("/account/delete").await;
    ada.must_be_at("/sudo?next=%2Faccount%2Fdelete", 200);
}
