//! Verifying an email address, by link or by code: this creates the account.

mod link;
mod resend;

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::site::Site;

/// Opens the newest verification link in a person's mailbox. Returns its path.
async fn opens_the_link(browser: &mut Browser, site: &Site, person: Person) -> String {
    let link = newest(&site.db, person.email).await.link("/email/verify/");
    browser.visit(&link).await;
    link
}

#[tokio::test]
async fn a_code_verifies_the_email_without_the_link() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    let code = newest(&site.db, ADA.email).await.code();
    browser.submit(CONFIRM, &[(CODE, &code.to_lowercase().replace('-', " "))]).await;
    browser.must_be_at("/app", 200);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn a_browser_restart_keeps_the_pending_registration() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    assert!(browser.cookies.is_persistent("__Host-visitor"));
    browser.restart();
    // Writing the cookie again later must not turn it into a session cookie.
    browser.visit("/email/verify").await;
    browser.press(RESEND).await;
    assert!(browser.cookies.is_persistent("__Host-visitor"));
    browser.restart();
    browser.visit("/email/verify").await;
    browser.must_see(ADA.email);
    opens_the_link(&mut browser, &site, ADA).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
    assert!(!browser.cookies.is_persistent("__Host-visitor"), "nothing is pending any more");
}

#[tokio::test]
async fn a_code_works_after_another_user_logs_in_in_the_browser() {
    let site = Site::start().await;
    GRACE.create_account(&site).await;
    let mut browser = ADA.registers(&site).await;
    GRACE.logs_in(&mut browser).await;
    browser.visit("/email/verify").await;
    let code = newest(&site.db, ADA.email).await.code();
    browser.submit(CONFIRM, &[(CODE, &code)]).await;
    browser.must_be_at("/app", 200);
    browser.must_see(STILL_LOGGED_IN);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn a_code_form_of_an_earlier_registration_is_rejected() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    let mut first_tab = browser.form(CONFIRM);
    first_tab.forge("code", &newest(&site.db, ADA.email).await.code());
    GRACE.sign_up_in(&mut browser).await;
    browser.send(first_tab).await;
    browser.must_be_at("/email/verify", 422);
    browser.must_see(&format!("This browser has since been used to sign up as {}", GRACE.email));
    assert_eq!(site.db.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn after_too_many_wrong_codes_the_link_still_works() {
    let site = Site::with_real_limits(&[]).await;
    let mut browser = ADA.registers(&site).await;
    let code = newest(&site.db, ADA.email).await.code();
    for _ in 0..5 {
        browser.submit(CONFIRM, &[(CODE, "0000-0000")]).await;
        browser.must_be_at("/email/verify", 422);
        assert_eq!(browser.field(CONFIRM, CODE), "0000-0000", "what was typed stays");
    }
    browser.submit(CONFIRM, &[(CODE, &code)]).await;
    browser.must_be_at("/email/verify", 429);
    browser.must_see(TOO_MANY);
    opens_the_link(&mut browser, &site, ADA).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn an_attackers_wrong_codes_do_not_lock_out_the_owners_code() {
    let site = Site::with_real_limits(&[]).await;
    let mut ada = ADA.registers(&site).await;
    let mut eve = Person { password: EVE.password, ..ADA }.registers(&site).await;
    for _ in 0..6 {
        eve.submit(CONFIRM, &[(CODE, "0000-0000")]).await;
    }
    eve.must_be_at("/email/verify", 429);
    let letters = mailbox(&site.db, ADA.email).await;
    ada.submit(CONFIRM, &[(CODE, &letters[0].code())]).await;
    ada.must_be_at("/app", 200);
}

#[tokio::test]
async fn the_notice_of_a_new_account_has_a_working_not_me_link() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    opens_the_link(&mut browser, &site, ADA).await;
    browser.press(CONFIRM_EMAIL).await;
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, "Your account was created");
    let mut owner = site.browser();
    owner.visit(&notice.link("/not-me/")).await;
    owner.press(NOT_ME).await;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/login", 422);
}

#[tokio::test]
async fn an_unverified_registration_is_pruned_and_the_email_can_sign_up_again() {
    let site = Site::start().await;
    ADA.registers(&site).await;
    clock::later(&site.db, "1 day").await;
    app::background::prune(&site.db.pool, site.app.config.audit_retention)
        .await
        .expect("the database");
    assert_eq!(site.db.number("select count(*) from registrations").await, 0);
    assert_eq!(site.db.number("select count(*) from tokens").await, 0);
    let mut browser = ADA.registers(&site).await;
    opens_the_link(&mut browser, &site, ADA).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn every_verification_mail_warns_against_sharing_the_code() {
    let site = Site::start().await;
    let mut browser = ADA.registers(&site).await;
    browser.press(RESEND).await;
    let letters = mailbox(&site.db, ADA.email).await;
    assert_eq!(letters.len(), 2);
    for letter in letters {
        assert!(letter.text.contains("Never share"), "{}", letter.text);
    }
}
