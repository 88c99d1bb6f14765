//! An account without an invitation: with `REGISTRATION=invited`, the attacker sends the forms of
//! an open site, uses a registration from before it was closed, or an old invitation.
//!
//! Why it matters: on a site for a few people, an account is the way to what they share.
//! Stops in: `src/flows/register.rs` (`submit`), `src/accounts/registration.rs` (`find` and
//! `hold_for_mail` find no registration with a password; `confirm` does not confirm a deleted one;
//! `forget` deletes them with the account).
//! Sources: ASVS 5.0 8.2.1; WSTG-IDNT-02; CWE-862.

use reqwest::Method;
use secrecy::ExposeSecret;

use super::enumeration_by_mail::hours_kept;
use super::{UNKNOWN_ID, routes, wait_for_a_lock};
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::mailbox::{OutboxMail, mailbox, newest};
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

const INVITED: (&str, &str) = ("REGISTRATION", "invited");
const ACCOUNTS: &str = "select (select count(*) from users) + (select count(*) from registrations)";

#[tokio::test]
async fn no_form_of_a_visitor_creates_an_account() {
    let site = Site::with(&[INVITED]).await;
    sends_every_form(&site).await;
    assert_eq!(site.db.number(ACCOUNTS).await, 0);
    assert!(mailbox(&site.db, EVE.email).await.is_empty());

    // The same forms create a registration where everybody may.
    let open = Site::start().await;
    sends_every_form(&open).await;
    assert_eq!(open.db.number(ACCOUNTS).await, 1);
}

/// Sends a form with a valid token and every field of a sign-up to each URL that takes one.
async fn sends_every_form(site: &Site) {
    let mut eve = site.browser();
    eve.visit("/login").await;
    let login = eve.form(LOG_IN);
    let (email, password) = (EVE.email, EVE.password);
    for (_, path) in routes().await.into_iter().filter(|(method, _)| *method == Method::POST) {
        let mut form = login.clone();
        form.action.set_path(&path);
        let fields = [("email", email), ("password", password), ("code", "7KQM2XWD")];
        for (name, value) in fields.into_iter().chain([("token", UNKNOWN_ID)]) {
            form.forge(name, value);
        }
        let mut eve = eve.clone();
        eve.send(form).await;
    }
}

/// A site that was closed after Eve had signed up, her browser, and her email.
async fn closed_after_eve_signed_up() -> (Site, Browser, OutboxMail) {
    let site = Site::start().await;
    let registered = EVE.registers(&site).await;
    let letter = newest(&site.db, EVE.email).await;
    let keys = site.app.config.secret_keys.expose_secret().to_owned();
    let site = Site::on(site.stop().await, &[("SECRET_KEYS", &keys), INVITED]).await;
    let mut eve = site.browser();
    eve.clone_cookies_from(&registered);
    eve.visit("/email/verify").await;
    (site, eve, letter)
}

#[tokio::test]
async fn a_code_from_before_the_site_was_closed_creates_no_account() {
    let (site, mut eve, letter) = closed_after_eve_signed_up().await;
    eve.submit(CONFIRM, &[(CODE, &letter.code())]).await;
    eve.must_be_at("/email/verify", 422);
    eve.must_see(WRONG_CODE);
    assert_eq!(site.db.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn a_link_from_before_the_site_was_closed_creates_no_account() {
    let (site, eve, letter) = closed_after_eve_signed_up().await;
    let link = letter.link("/email/verify/");
    for mut browser in [eve, site.browser()] {
        browser.visit(&link).await;
        browser.must_be_at(&link, 404);
        confirms_without_the_page(&mut browser, &link).await;
        browser.must_be_at("/email/verify", 404);
    }
    assert_eq!(site.db.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn a_registration_from_before_the_site_was_closed_gets_no_other_email() {
    let (site, mut eve, _) = closed_after_eve_signed_up().await;
    eve.press(RESEND).await;
    eve.must_be_at("/email/verify", 200);
    assert_eq!(mailbox(&site.db, EVE.email).await.len(), 1);
}

/// Eve registered the email address while the site was open. She must not learn from her cookie
/// that its owner has joined since.
#[tokio::test]
async fn an_earlier_registration_does_not_tell_whether_the_invited_person_joined() {
    let (site, mut eve, _) = closed_after_eve_signed_up().await;
    let old = "update registrations set created_at = now() - interval '6 days 20 hours'";
    site.db.run(old).await;
    eve.press(RESEND).await;
    let before = hours_kept(&eve);
    let link = EVE.is_invited(&site).await;
    let mut owner = site.browser();
    owner.visit(&link).await;
    owner.submit(CREATE_ACCOUNT, &[(PASSWORD, EVE.password)]).await;
    owner.must_be_at("/app", 200);
    eve.press(RESEND).await;
    assert_eq!(hours_kept(&eve), before);
}

#[tokio::test]
async fn an_invitation_that_is_withdrawn_while_its_form_is_handled_creates_no_account() {
    let site = Site::with(&[INVITED]).await;
    let link = EVE.is_invited(&site).await;
    let mut eve = site.browser();
    eve.visit(&link).await;
    let mut withdrawing = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("delete from registrations").execute(&mut *withdrawing).await.expect("to delete");
    tokio::join!(eve.submit(CREATE_ACCOUNT, &[(PASSWORD, EVE.password)]), async {
        wait_for_a_lock(&site.db, 1).await;
        withdrawing.commit().await.expect("to commit");
    });
    eve.must_be_at("/email/verify", 404);
    eve.must_see(INVALID_LINK);
    assert_eq!(site.db.number(ACCOUNTS).await, 0);
}

/// The address gets the response that an unknown one gets, and at once.
#[tokio::test]
async fn sending_again_does_not_tell_that_an_invitation_is_being_withdrawn() {
    let site = Site::with(&[INVITED]).await;
    EVE.is_invited(&site).await;
    let mut pages = Vec::new();
    for email in [EVE.email, ADA.email] {
        let mut withdrawing = site.db.pool.begin().await.expect("a transaction");
        let delete = "delete from registrations";
        sqlx::query(delete).execute(&mut *withdrawing).await.expect("to delete");
        let mut eve = site.browser();
        eve.visit("/email/verify").await;
        eve.submit(RESEND, &[(EMAIL, email)]).await;
        withdrawing.rollback().await.expect("to roll back");
        eve.must_be_at("/email/verify", 200);
        pages.push(eve.text().replace(email, "…"));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(mailbox(&site.db, EVE.email).await.len(), 1, "the invitation itself");
}

/// Sends the form of a link's page, which was not shown.
async fn confirms_without_the_page(browser: &mut Browser, link: &str) {
    browser.visit("/login").await;
    let mut form = browser.form(LOG_IN);
    form.action.set_path("/email/verify");
    form.forge("token", link.trim_start_matches("/email/verify/"));
    form.forge("password", EVE.password);
    browser.send(form).await;
}

#[tokio::test]
async fn a_deleted_account_does_not_come_back_by_its_invitations() {
    let site = Site::with(&[INVITED]).await;
    let links = [ADA.is_invited(&site).await, ADA.is_invited(&site).await];
    let mut ada = site.browser();
    ada.visit(&links[0]).await;
    ada.submit(CREATE_ACCOUNT, &[(PASSWORD, ADA.password)]).await;
    ada.must_be_at("/app", 200);
    ada.visit("/account/delete").await;
    ada.submit(DELETE_ACCOUNT, &[(EMAIL, ADA.email)]).await;
    for link in links {
        let mut ada = site.browser();
        ada.visit(&link).await;
        ada.must_be_at(&link, 404);
    }
    assert_eq!(site.db.number(ACCOUNTS).await, 0);
}
