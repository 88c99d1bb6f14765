//! Making an account.

use crate::support::browser::Browser;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, GRACE, Person};
use crate::support::site::Site;

async fn registers(browser: &mut Browser, person: Person) {
    browser.visit("/register").await;
    browser.submit("Register", &[("E-mail", person.email), ("Password", person.password)]).await;
}

#[tokio::test]
async fn a_newcomer_registers_proves_the_address_and_logs_in() {
    let site = Site::start().await;
    let mut browser = site.browser();
    registers(&mut browser, ADA).await;
    browser.must_be_at("/email/verify", 200);
    browser.must_see(ADA.email);

    let letter = newest(&site.db, ADA.email).await;
    assert_eq!(letter.subject, "Confirm your address");
    browser.visit(&letter.link("/email/verify/")).await;
    browser.press("Confirm my address").await;
    browser.must_be_at("/login", 200);
    browser.must_see("Your address is confirmed");
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_known_address_gets_the_same_answer_and_its_owner_a_mail() {
    let site = Site::start().await;
    ADA.joins(&site).await;
    let (mut known, mut new) = (site.browser(), site.browser());
    registers(&mut known, ADA).await;
    registers(&mut new, GRACE).await;
    assert_eq!((known.status, &known.path), (new.status, &new.path));
    assert_eq!(
        known.text().replace(ADA.email, "…"),
        new.text().replace(GRACE.email, "…"),
        "the page tells who has an account"
    );
    let letters = mailbox(&site.db, ADA.email).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "You have an account already");
    // And the password that was typed is not hers.
    let mut ada = ADA.on_another_device(&site).await;
    ada.visit("/account").await;
    ada.must_be_at("/account", 200);
}

#[tokio::test]
async fn until_the_address_is_proved_only_the_mail_page_is_open() {
    let site = Site::start().await;
    ADA.registers(&site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/email/verify", 200);
    for path in ["/app", "/account", "/account/password"] {
        browser.visit(path).await;
        browser.must_be_at("/email/verify", 200);
    }
    browser.press("Log out").await;
    browser.must_be_at("/login", 200);
}

#[tokio::test]
async fn a_refused_form_comes_back_with_what_was_typed_but_the_password() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for (email, password, words) in [
        ("ada@example", "trombone velvet lighthouse", "does not look like an e-mail address"),
        ("", "trombone velvet lighthouse", "Enter your e-mail address"),
        (ADA.email, "too short", "Use at least 15 characters. This one has 9."),
        (ADA.email, "passwordpassword", "too easy to guess"),
        (ADA.email, ADA.email, "too easy to guess"),
        (ADA.email, &"x7!k".repeat(65), "Use at most 256 characters"),
    ] {
        browser.visit("/register").await;
        browser.submit("Register", &[("E-mail", email), ("Password", password)]).await;
        browser.must_be_at("/register", 422);
        browser.must_see(words);
        assert_eq!(browser.field("Register", "E-mail"), email);
        assert_eq!(browser.field("Register", "Password"), "");
    }
    assert!(mailbox(&site.db, ADA.email).await.is_empty());
}

#[tokio::test]
async fn fifty_who_register_the_same_address_make_one_account() {
    let site = Site::start().await;
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let mut browser = site.browser();
        tasks.push(tokio::spawn(async move {
            registers(&mut browser, ADA).await;
            browser.status
        }));
    }
    for task in tasks {
        assert_eq!(task.await.expect("a browser"), 200);
    }
    let accounts: i64 = sqlx::query_scalar("select count(*) from users")
        .fetch_one(&site.db.pool)
        .await
        .expect("the database");
    assert_eq!(accounts, 1);
}

#[tokio::test]
async fn a_weak_password_is_shown_on_a_meter_with_advice() {
    let site = Site::start().await;
    let mut browser = site.browser();
    registers(&mut browser, Person { password: "aaaaaaaaaaaaaaaaaaa", ..ADA }).await;
    browser.must_see("very weak");
    browser.must_see("Avoid repeated words and characters.");
    assert!(browser.html().contains("<meter"));
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let site = Site::start().await;
    let mut browser = site.browser();
    registers(&mut browser, Person { email: "", password: "" }).await;
    browser.must_be_at("/register", 422);
    browser.must_see("Enter your e-mail address.");
    browser.must_see("Choose a password.");
}

#[tokio::test]
async fn the_operator_decides_how_short_a_password_may_be() {
    let site = Site::with(&[("PASSWORD_MIN_LENGTH", "20")]).await;
    let mut browser = site.browser();
    registers(&mut browser, Person { password: "velvet lighthouse", ..ADA }).await;
    browser.must_see("Use at least 20 characters. This one has 17.");
    browser.must_see("At least 20 characters.");
}

#[tokio::test]
async fn somebody_logged_in_needs_no_second_account() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/register").await;
    browser.must_be_at("/app", 200);
}
