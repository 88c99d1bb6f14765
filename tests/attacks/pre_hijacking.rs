//! Account pre-hijacking: the attacker registers the victim's email address first, with a password
//! of their own, and waits for the victim to confirm it (Sudhodanan, Paverd, USENIX Security 2022).
//!
//! Stops in: `src/flows/email/verify.rs` (no account before the confirmation; a password is
//! accepted only in the browser that chose it), `src/accounts/registration.rs` (registrations of
//! one email address do not replace each other).

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, Person};
use crate::support::site::Site;

/// The victim's email address with the attacker's password.
const EVES: Person = Person { email: ADA.email, password: "whisper quarry albatross" };

async fn is_out(browser: &mut Browser) {
    browser.visit("/account").await;
    browser.must_be_at("/login?next=%2Faccount", 200);
    EVES.logs_in(browser).await;
    browser.must_be_at("/login", 422);
}

#[tokio::test]
async fn the_attackers_password_is_invalid_after_the_owner_confirms_by_link() {
    let site = Site::start().await;
    let mut eve = EVES.registers(&site).await;
    is_out(&mut eve).await;

    let mut ada = site.browser();
    ada.visit(&newest(&site.db, ADA.email).await.link("/email/verify/")).await;
    ada.submit(CONFIRM_EMAIL, &[(PASSWORD, ADA.password)]).await;
    ada.must_be_at("/app", 200);
    is_out(&mut eve).await;
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn a_link_that_the_attacker_had_sent_again_gives_the_attacker_no_access() {
    let site = Site::start().await;
    let mut eve = EVES.registers(&site).await;
    eve.press(RESEND).await;

    let mut ada = site.browser();
    ada.visit(&newest(&site.db, ADA.email).await.link("/email/verify/")).await;
    // If she chooses no password here, no account is created.
    ada.press(CONFIRM_EMAIL).await;
    ada.must_be_at("/email/verify", 422);
    is_out(&mut eve).await;
    ada.submit(CONFIRM_EMAIL, &[(PASSWORD, ADA.password)]).await;
    ada.must_be_at("/app", 200);
    is_out(&mut eve).await;
}

#[tokio::test]
async fn if_the_owner_registers_too_the_owners_password_is_valid() {
    // She may open either mail, and either of the two may have registered first.
    for opened in 0..2 {
        for first in [EVES, ADA] {
            let site = Site::start().await;
            let other = if first.password == ADA.password { EVES } else { ADA };
            let (one, two) = (first.registers(&site).await, other.registers(&site).await);
            let (mut ada, mut eve) =
                if first.password == ADA.password { (one, two) } else { (two, one) };
            let letters = mailbox(&site.db, ADA.email).await;
            ada.visit(&letters[opened].link("/email/verify/")).await;
            ada.press(CONFIRM_EMAIL).await;
            ada.must_be_at("/app", 200);
            is_out(&mut eve).await;
            ADA.log_in_on_new_device(&site).await;
        }
    }
}

#[tokio::test]
async fn the_owners_code_is_invalid_in_the_attackers_browser() {
    let site = Site::start().await;
    let mut ada = ADA.registers(&site).await;
    let code = newest(&site.db, ADA.email).await.code();
    let mut eve = EVES.registers(&site).await;
    eve.submit(CONFIRM, &[(CODE, &code)]).await;
    eve.must_be_at("/email/verify", 422);
    eve.must_see(WRONG_CODE);
    let form = eve.form(CONFIRM);
    eve.cookies = site.browser().cookies;
    eve.visit("/email/verify").await;
    let mut other = eve.form(RESEND);
    other.action = form.action;
    other.forge("code", &code);
    eve.send(other).await;
    eve.must_be_at("/email/verify", 422);
    eve.must_see(CODE_OF_OTHER_BROWSER);

    ada.submit(CONFIRM, &[(CODE, &code)]).await;
    ada.must_be_at("/app", 200);
}
