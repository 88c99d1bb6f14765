//! Pre-hijacking: the attacker registers the victim's address first, with a password and a session
//! of their own, and waits for the victim to prove the address (Sudhodanan and Paverd, USENIX
//! Security 2022; yardstick F-10).
//!
//! Stops in `flows/email/verify`: only the browser that registered keeps the password it chose.

use crate::support::browser::Browser;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, Person};
use crate::support::site::Site;

/// The victim's address, the attacker's password.
const EVES: Person = Person { email: ADA.email, password: "whisper quarry albatross" };

async fn registers(site: &Site, person: Person) -> Browser {
    let mut browser = site.browser();
    browser.visit("/register").await;
    browser.submit("Register", &[("E-mail", person.email), ("Password", person.password)]).await;
    browser.must_be_at("/email/verify", 200);
    browser
}

async fn is_out(browser: &mut Browser) {
    browser.visit("/account").await;
    browser.must_be_at("/login?next=%2Faccount", 200);
    EVES.logs_in(browser).await;
    browser.must_be_at("/login", 422);
}

#[tokio::test]
async fn what_the_first_comer_planted_is_gone_when_the_owner_follows_the_link() {
    let site = Site::start().await;
    let mut eve = registers(&site, EVES).await;
    EVES.logs_in(&mut eve).await;
    eve.must_be_at("/email/verify", 200);

    let mut ada = site.browser();
    ada.visit(&newest(&site.db, ADA.email).await.link("/email/verify/")).await;
    ada.press("Confirm my address").await;
    ada.must_be_at("/password/reset/choose", 200);
    is_out(&mut eve).await;
    ada.submit("Change password", &[("New password", ADA.password)]).await;
    ADA.logs_in(&mut ada).await;
    ada.must_be_at("/app", 200);
    is_out(&mut eve).await;
}

#[tokio::test]
async fn a_mail_that_the_first_comer_asked_for_again_brings_them_nothing() {
    let site = Site::start().await;
    let mut eve = registers(&site, EVES).await;
    EVES.logs_in(&mut eve).await;
    eve.press("Send it again").await;

    let mut ada = site.browser();
    ada.visit(&newest(&site.db, ADA.email).await.link("/email/verify/")).await;
    ada.press("Confirm my address").await;
    ada.must_be_at("/password/reset/choose", 200);
    is_out(&mut eve).await;
}

#[tokio::test]
async fn the_owner_who_registers_as_well_gets_the_password_they_chose() {
    let site = Site::start().await;
    let mut eve = registers(&site, EVES).await;
    let mut ada = registers(&site, ADA).await;
    ada.visit(&newest(&site.db, ADA.email).await.link("/email/verify/")).await;
    ada.press("Confirm my address").await;
    ada.must_be_at("/login", 200);
    ADA.logs_in(&mut ada).await;
    ada.must_be_at("/app", 200);
    is_out(&mut eve).await;
}
