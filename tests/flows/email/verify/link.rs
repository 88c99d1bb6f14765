//! Verifying an email address by the link in the email.

use super::opens_the_link;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::race::race;
use crate::support::site::Site;

const CHOSEN_ELSEWHERE: &str = "marble kangaroo umbrella";

#[tokio::test]
async fn in_the_browser_that_signed_up_the_link_verifies_and_logs_in() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    let link = opens_the_link(&mut browser, &site, ADA).await;
    browser.must_be_at(&link, 200);
    browser.must_see(ADA.email);
    browser.must_not_see(PASSWORD);
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
    browser.must_see(EMAIL_CONFIRMED);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn in_another_browser_the_link_asks_for_a_password() {
    let site = Site::start().await;
    let mut desktop = ADA.registers(&site).await;
    let mut phone = site.browser();
    let link = opens_the_link(&mut phone, &site, ADA).await;
    phone.must_see(ADA.email);
    phone.must_see("choose a password here");
    phone.submit(CONFIRM_EMAIL, &[(PASSWORD, "too short")]).await;
    phone.must_be_at("/email/verify", 422);
    phone.must_see("Use at least 15 characters");
    phone.submit(CONFIRM_EMAIL, &[(PASSWORD, CHOSEN_ELSEWHERE)]).await;
    phone.must_be_at("/app", 200);

    // The password typed on the desktop is not used; its visitor cookie makes the page say so.
    desktop.visit(&link).await;
    desktop.must_see("Log in with the password you chose when you confirmed it.");
    ADA.logs_in(&mut desktop).await;
    desktop.must_be_at("/login", 422);
    desktop.must_see("If you confirmed in another browser, use the password chosen there.");
    let fields = [(EMAIL, ADA.email), (PASSWORD, CHOSEN_ELSEWHERE)];
    desktop.submit(LOG_IN, &fields).await;
    desktop.must_be_at("/app", 200);
}

#[tokio::test]
async fn an_earlier_link_verifies_with_the_latest_password_of_the_browser() {
    let site = Site::start().await;
    // For example, the person did not see the first email and signed up again.
    let mut browser = ADA.registers(&site).await;
    let first = newest(&site.db, ADA.email).await.link("/email/verify/");
    let again = Person { password: CHOSEN_ELSEWHERE, ..ADA };
    again.sign_up_in(&mut browser).await;
    browser.visit(&first).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
    again.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn verifying_an_email_keeps_another_users_session() {
    let site = Site::start().await;
    let mut graces = GRACE.at(&site).await;
    ADA.registers(&site).await;
    opens_the_link(&mut graces, &site, ADA).await;
    graces.must_see(&format!("You're logged in as {} and will stay logged in", GRACE.email));
    graces.must_see(&format!("This creates the account for {}", ADA.email));
    graces.submit(CONFIRM_EMAIL, &[(PASSWORD, ADA.password)]).await;
    graces.must_be_at("/app", 200);
    graces.must_see(STILL_LOGGED_IN);
    graces.visit("/account").await;
    graces.must_see(GRACE.email);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn a_used_link_says_already_confirmed_until_it_expires() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    let link = opens_the_link(&mut browser, &site, ADA).await;
    let unused = browser.clone();
    browser.press(CONFIRM_EMAIL).await;
    for mut browser in [browser, unused, site.browser()] {
        browser.visit(&link).await;
        browser.must_be_at(&link, 200);
        browser.must_see(ALREADY_CONFIRMED);
        browser.must_not_see("new link");
    }
    clock::later(&site.db, "1 day").await;
    let mut browser = site.browser();
    browser.visit(&link).await;
    browser.must_be_at(&link, 404);
}

#[tokio::test]
async fn a_get_request_for_the_link_creates_no_user() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    let mut scanner = site.browser();
    for _ in 0..3 {
        let link = opens_the_link(&mut scanner, &site, ADA).await;
        scanner.must_be_at(&link, 200);
    }
    assert_eq!(site.db.number("select count(*) from users").await, 0);
    opens_the_link(&mut browser, &site, ADA).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn an_expired_link_is_rejected_and_links_to_sign_up() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    clock::later(&site.db, "23 hours 59 minutes").await;
    let link = opens_the_link(&mut browser, &site, ADA).await;
    browser.must_be_at(&link, 200);
    clock::later(&site.db, "1 minute").await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/email/verify", 404);
    browser.must_see(INVALID_LINK);
    browser.click("Create your account again").await;
    browser.must_be_at("/register", 200);
}

#[tokio::test]
async fn fifty_concurrent_verifications_create_one_account() {
    let site = Site::start().await;
    let ada = ADA.registers(&site).await;
    let eves = Person { password: EVE.password, ..ADA }.registers(&site).await;
    let letters = mailbox(&site.db, ADA.email).await;
    let mut pages = Vec::new();
    for (mut browser, letter) in [(ada, &letters[0]), (eves, &letters[1])] {
        browser.visit(&letter.link("/email/verify/")).await;
        pages.push(browser);
    }
    let outcomes = race((0..50).map(|number| {
        let mut browser = pages[number % 2].clone();
        async move {
            browser.press(CONFIRM_EMAIL).await;
            (browser.path, browser.status)
        }
    }));
    let outcomes = outcomes.await;
    let made = outcomes.iter().filter(|(path, status)| path == "/app" && *status == 200).count();
    assert_eq!(made, 1, "{outcomes:?}");
    // On a busy machine a few requests may time out waiting for a database connection: 503.
    let answered = |status: u16| matches!(status, 200 | 503);
    assert!(outcomes.iter().all(|(_, status)| answered(*status)), "{outcomes:?}");
    assert_eq!(site.db.number("select count(*) from users").await, 1);
    let open = "select count(*) from registrations
                where password_hash is not null or confirmed_at is null";
    assert_eq!(site.db.number(open).await, 0, "no password waits for a second account");
}

#[tokio::test]
async fn an_invitation_asks_for_a_password_in_every_browser() {
    let site = Site::start().await;
    let link = ADA.is_invited(&site).await;
    let mut browser = site.browser();
    browser.visit(&link).await;
    browser.submit(CREATE_ACCOUNT, &[(PASSWORD, ADA.password)]).await;
    browser.must_be_at("/app", 200);
    ADA.log_in_on_new_device(&site).await;
}
