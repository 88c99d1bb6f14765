//! Making an account.

use crate::support::browser::Browser;
use crate::support::people::{ADA, GRACE};
use crate::support::race::race;
use crate::support::site::Site;

async fn registers(browser: &mut Browser, email: &str, password: &str) {
    browser.visit("/register").await;
    browser.submit("Register", &[("E-mail", email), ("Password", password)]).await;
}

async fn accounts(site: &Site) -> i64 {
    site.db.number("select count(*) from users").await
}

#[tokio::test]
async fn a_newcomer_registers_and_is_in() {
    let site = Site::start().await;
    let mut browser = site.browser();
    registers(&mut browser, ADA.email, ADA.password).await;
    browser.must_be_at("/app", 200);
    browser.must_see("Welcome. Your account is ready.");
    browser.must_see(&format!("You are logged in as {}.", ADA.email));

    // The form was answered by a redirect, so a reload sends nothing twice.
    let hops: Vec<_> = browser.hops.iter().map(|hop| (hop.method.as_str(), hop.status)).collect();
    assert_eq!(hops, [("POST", 303), ("GET", 200)]);
    browser.visit("/app").await;
    browser.must_not_see("Your account is ready");
}

#[tokio::test]
async fn the_new_account_opens_on_another_device() {
    let site = Site::start().await;
    registers(&mut site.browser(), ADA.email, ADA.password).await;
    ADA.on_another_device(&site).await;
}

#[tokio::test]
async fn an_address_is_the_same_however_it_is_typed() {
    let site = Site::start().await;
    registers(&mut site.browser(), " Ada@EXAMPLE.com ", ADA.password).await;
    ADA.on_another_device(&site).await;
    let mut browser = site.browser();
    registers(&mut browser, "ADA@example.com", GRACE.password).await;
    browser.must_be_at("/register", 422);
    browser.must_see("This address has an account. Log in instead.");
    assert_eq!(accounts(&site).await, 1);
}

#[tokio::test]
async fn a_mistyped_address_is_explained_and_kept_and_the_password_is_not() {
    let site = Site::start().await;
    let mut browser = site.browser();
    registers(&mut browser, "ada@example", ADA.password).await;
    browser.must_be_at("/register", 422);
    browser.must_see("This does not look like an e-mail address.");
    assert_eq!(browser.field("Register", "E-mail"), "ada@example");
    assert!(!browser.html().contains(ADA.password));
    assert_eq!(accounts(&site).await, 0);

    // Mended on the same page.
    browser.submit("Register", &[("E-mail", ADA.email), ("Password", ADA.password)]).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_refused_password_is_refused_with_the_reason() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for (password, reason) in [
        ("", "Choose a password."),
        ("trombone", "Use at least 15 characters. This one has 8."),
        (&*"long and winding road ".repeat(12), "Use at most 256 characters. This one has 264."),
        ("passwordpassword", "This password is too easy to guess."),
        (ADA.email, "This password is too easy to guess."),
        ("vestibulevestibule", "This password is too easy to guess."),
    ] {
        registers(&mut browser, ADA.email, password).await;
        browser.must_be_at("/register", 422);
        browser.must_see(reason);
        assert_eq!(browser.field("Register", "E-mail"), ADA.email);
        assert_eq!(browser.field("Register", "Password"), "");
    }
    assert_eq!(accounts(&site).await, 0);
}

#[tokio::test]
async fn a_weak_password_is_shown_on_a_meter_with_advice() {
    let site = Site::start().await;
    let mut browser = site.browser();
    registers(&mut browser, ADA.email, "aaaaaaaaaaaaaaaaaaa").await;
    browser.must_see("very weak");
    browser.must_see("Avoid repeated words and characters.");
    assert!(browser.html().contains("<meter"));
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let site = Site::start().await;
    let mut browser = site.browser();
    registers(&mut browser, "", "").await;
    browser.must_be_at("/register", 422);
    browser.must_see("Enter your e-mail address.");
    browser.must_see("Choose a password.");
}

#[tokio::test]
async fn the_operator_decides_how_short_a_password_may_be() {
    let site = Site::with(&[("PASSWORD_MIN_LENGTH", "20")]).await;
    let mut browser = site.browser();
    registers(&mut browser, ADA.email, "velvet lighthouse").await;
    browser.must_see("Use at least 20 characters. This one has 17.");
    browser.must_see("At least 20 characters.");
}

#[tokio::test]
async fn of_many_who_want_one_address_at_the_same_moment_one_gets_it() {
    let site = Site::start().await;
    let mut page = site.browser();
    page.visit("/register").await;
    let attempts = (0..20).map(|_| {
        let mut browser = page.clone();
        async move {
            let fields = [("E-mail", ADA.email), ("Password", ADA.password)];
            browser.submit("Register", &fields).await;
            (browser.path, browser.status)
        }
    });
    let mut answers = race(attempts).await;
    answers.sort();
    assert_eq!(answers.remove(0), ("/app".to_owned(), 200));
    assert_eq!(answers, vec![("/register".to_owned(), 422); 19]);
    assert_eq!(accounts(&site).await, 1);
}

#[tokio::test]
async fn somebody_logged_in_needs_no_second_account() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/register").await;
    browser.must_be_at("/app", 200);
}
