//! Creating an account.

mod invited;

use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, GRACE, Person};
use crate::support::race::race;
use crate::support::site::Site;

#[tokio::test]
async fn a_new_user_signs_up_verifies_logs_out_and_logs_in() {
    let site = Site::start().await;
    let mut browser = site.browser();
    ADA.sign_up_in(&mut browser).await;
    browser.must_be_at("/email/verify", 200);
    browser.must_see(ADA.email);

    let letter = newest(&site.db, ADA.email).await;
    assert_eq!(letter.subject, format!("{} is your Vestibule code", letter.code()));
    browser.visit(&letter.link("/email/verify/")).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
    browser.must_see(EMAIL_CONFIRMED);

    browser.press(LOG_OUT).await;
    browser.must_be_at("/login", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn signing_up_with_a_known_email_gets_the_same_page_and_mails_the_owner() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let (mut known, mut new) = (site.browser(), site.browser());
    ADA.sign_up_in(&mut known).await;
    GRACE.sign_up_in(&mut new).await;
    assert_eq!((known.status, &known.path), (new.status, &new.path));
    assert_eq!(
        known.text().replace(ADA.email, "…"),
        new.text().replace(GRACE.email, "…"),
        "the page tells who has an account"
    );
    let letters = mailbox(&site.db, ADA.email).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "You already have an account");
    // The password that was typed at sign-up did not replace hers.
    let mut ada = ADA.log_in_on_new_device(&site).await;
    ada.visit("/account").await;
    ada.must_be_at("/account", 200);
}

#[tokio::test]
async fn a_login_before_verification_gets_the_response_of_an_unknown_email() {
    let site = Site::start().await;
    ADA.registers(&site).await;
    let nobody = Person { email: "bea@example.com", ..ADA };
    let mut seen = Vec::new();
    for person in [ADA, nobody] {
        let mut browser = site.browser();
        person.logs_in(&mut browser).await;
        browser.must_be_at("/login", 422);
        seen.push(browser.text());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(site.db.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn only_the_browser_that_signed_up_sees_the_verification_hint() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/login", 422);
    browser.must_see(WRONG_LOGIN);
    browser.must_see(CONFIRM_FIRST);
    browser.click("Check your email").await;
    browser.must_be_at("/email/verify", 200);
    // The page says nothing about another email address.
    GRACE.logs_in(&mut browser).await;
    browser.must_not_see(CONFIRM_FIRST);
}

#[tokio::test]
async fn a_rejected_sign_up_keeps_the_email_but_not_the_password() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for (email, password, words) in [
        ("ada@example", "trombone velvet lighthouse", NOT_AN_EMAIL),
        ("", "trombone velvet lighthouse", EMAIL_MISSING),
        (ADA.email, "too short", "Use at least 15 characters. This one has 9."),
        (ADA.email, "passwordpassword", TOO_EASY),
        (ADA.email, ADA.email, TOO_EASY),
        (ADA.email, &"x7!k".repeat(65), "Use at most 256 characters"),
    ] {
        browser.visit("/register").await;
        browser.submit(CREATE_ACCOUNT, &[(EMAIL, email), (PASSWORD, password)]).await;
        browser.must_be_at("/register", 422);
        browser.must_see(words);
        assert_eq!(browser.field(CREATE_ACCOUNT, EMAIL), email);
        assert_eq!(browser.field(CREATE_ACCOUNT, PASSWORD), "");
    }
    assert!(mailbox(&site.db, ADA.email).await.is_empty());
}

#[tokio::test]
async fn fifty_concurrent_sign_ups_keep_their_own_passwords() {
    let site = Site::start().await;
    let registrations = race((0..50).map(|_| {
        let mut browser = site.browser();
        async move {
            ADA.sign_up_in(&mut browser).await;
            browser.status
        }
    }));
    let registrations = registrations.await;
    let begun = registrations.iter().filter(|status| **status == 200).count() as i64;
    // On a busy machine a few requests may time out waiting for a database connection: 503.
    assert!(begun > 0 && registrations.iter().all(|status| matches!(status, 200 | 503)));
    assert_eq!(site.db.number("select count(*) from users").await, 0);
    let passwords = "select count(distinct password_hash) from registrations";
    assert_eq!(site.db.number(passwords).await, begun);
}

#[tokio::test]
async fn a_weak_password_is_rejected_with_one_message_and_advice() {
    let site = Site::start().await;
    let mut browser = site.browser();
    Person { password: "aaaaaaaaaaaaaaaaaaa", ..ADA }.sign_up_in(&mut browser).await;
    browser.must_see(&format!("{TOO_EASY} Repeats like"));
    browser.must_see("Avoid repeated words and characters.");
    assert_eq!(browser.html().matches("class=\"problem\"").count(), 1);
}

#[tokio::test]
async fn a_rejected_sign_up_reports_every_invalid_field() {
    let site = Site::start().await;
    let mut browser = site.browser();
    Person { email: "", password: "" }.sign_up_in(&mut browser).await;
    browser.must_be_at("/register", 422);
    browser.must_see(EMAIL_MISSING);
    browser.must_see("Choose a password.");
}

#[tokio::test]
async fn the_operator_sets_the_minimum_password_length() {
    let site = Site::with(&[("PASSWORD_MIN_LENGTH", "20")]).await;
    let mut browser = site.browser();
    Person { password: "velvet lighthouse", ..ADA }.sign_up_in(&mut browser).await;
    browser.must_see("Use at least 20 characters. This one has 17.");
    browser.must_see("At least 20 characters.");
}

#[tokio::test]
async fn the_sign_up_page_redirects_a_logged_in_user() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/register").await;
    browser.must_be_at("/app", 200);
}
