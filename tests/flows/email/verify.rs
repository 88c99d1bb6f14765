//! Proving an address.

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

async fn registered(site: &Site) -> Browser {
    let mut browser = site.browser();
    browser.visit("/register").await;
    browser.submit("Register", &[("E-mail", ADA.email), ("Password", ADA.password)]).await;
    browser.must_be_at("/email/verify", 200);
    browser
}

#[tokio::test]
async fn the_code_works_where_the_link_cannot_be_followed() {
    let site = Site::start().await;
    let mut browser = registered(&site).await;
    let code = newest(&site.db, ADA.email).await.code();
    browser.submit("Confirm", &[("Code", &code.to_lowercase().replace('-', " "))]).await;
    browser.must_be_at("/login", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn five_wrong_codes_are_all_there_is() {
    let site = Site::start().await;
    let mut browser = registered(&site).await;
    let code = newest(&site.db, ADA.email).await.code();
    for _ in 0..5 {
        browser.submit("Confirm", &[("Code", "0000-0000")]).await;
        browser.must_be_at("/email/verify", 422);
        browser.must_see("This code is not right");
    }
    browser.submit("Confirm", &[("Code", &code)]).await;
    browser.must_be_at("/email/verify", 422);
    // A new mail is the way on.
    browser.press("Send it again").await;
    let code = newest(&site.db, ADA.email).await.code();
    browser.submit("Confirm", &[("Code", &code)]).await;
    browser.must_be_at("/login", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_mail_scanner_that_follows_the_link_changes_nothing() {
    let site = Site::start().await;
    let mut browser = registered(&site).await;
    let link = newest(&site.db, ADA.email).await.link("/email/verify/");
    let mut scanner = site.browser();
    for _ in 0..3 {
        scanner.visit(&link).await;
        scanner.must_be_at(&link, 200);
    }
    browser.visit(&link).await;
    browser.press("Confirm my address").await;
    browser.must_see("Your address is confirmed");
    browser.visit(&link).await;
    browser.must_see("This link no longer works");
}

#[tokio::test]
async fn a_link_is_over_after_a_day() {
    let site = Site::start().await;
    let mut browser = registered(&site).await;
    let link = newest(&site.db, ADA.email).await.link("/email/verify/");
    clock::later(&site.db, "23 hours 59 minutes").await;
    browser.visit(&link).await;
    browser.must_be_at(&link, 200);
    clock::later(&site.db, "1 minute").await;
    browser.press("Confirm my address").await;
    browser.must_see("This link no longer works");
    assert_eq!(browser.status, 404);
}

#[tokio::test]
async fn whoever_mistyped_the_address_corrects_it() {
    let site = Site::start().await;
    ADA.registers(&site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.submit("Send it again", &[("Send the mail to", "ada.lovelace@example.com")]).await;
    browser.must_be_at("/email/verify", 200);
    browser.must_see("ada.lovelace@example.com");
    let link = newest(&site.db, "ada.lovelace@example.com").await.link("/email/verify/");
    browser.visit(&link).await;
    browser.press("Confirm my address").await;
    browser.must_be_at("/app", 200);
    browser.must_see("ada.lovelace@example.com");
}

#[tokio::test]
async fn nobody_corrects_their_address_to_somebody_elses() {
    let site = Site::start().await;
    GRACE.joins(&site).await;
    ADA.registers(&site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.submit("Send it again", &[("Send the mail to", GRACE.email)]).await;
    browser.must_be_at("/email/verify", 200);
    let letters = mailbox(&site.db, GRACE.email).await;
    assert_eq!(letters.last().map(|letter| letter.kind.as_str()), Some("register.already"));
    let mut grace = GRACE.on_another_device(&site).await;
    grace.visit("/account").await;
    grace.must_see(GRACE.email);
}
