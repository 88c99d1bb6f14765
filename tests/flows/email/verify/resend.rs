//! Requesting the verification email again.

use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::site::Site;

#[tokio::test]
async fn the_links_and_codes_of_every_mail_work_until_one_is_used() {
    for used in 0..2 {
        let site = Site::start().await;
        let mut browser = ADA.registers(&site).await;
        browser.press(RESEND).await;
        browser.must_be_at("/email/verify", 200);
        browser.must_see("Earlier ones still work");
        let letters = mailbox(&site.db, ADA.email).await;
        assert_eq!(letters.len(), 2);
        let mut by_link = browser.clone();
        browser.submit(CONFIRM, &[(CODE, &letters[used].code())]).await;
        browser.must_be_at("/app", 200);
        by_link.visit(&letters[1 - used].link("/email/verify/")).await;
        by_link.must_see(ALREADY_CONFIRMED);
    }
}

#[tokio::test]
async fn a_browser_without_cookies_can_request_another_link() {
    let site = Site::start().await;
    ADA.registers(&site).await;
    let mut other = site.browser();
    other.visit("/email/verify").await;
    other.submit(RESEND, &[(EMAIL, ADA.email)]).await;
    other.must_be_at("/email/verify", 200);
    other.must_see(&format!("If {} is waiting to be confirmed", ADA.email));
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), 2);
    other.visit(&newest(&site.db, ADA.email).await.link("/email/verify/")).await;
    other.submit(CONFIRM_EMAIL, &[(PASSWORD, ADA.password)]).await;
    other.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_resend_sends_the_code_of_the_browsers_own_registration() {
    let site = Site::start().await;
    let mut ada = ADA.registers(&site).await;
    Person { password: EVE.password, ..ADA }.registers(&site).await;
    ada.press(RESEND).await;
    let code = newest(&site.db, ADA.email).await.code();
    ada.submit(CONFIRM, &[(CODE, &code)]).await;
    ada.must_be_at("/app", 200);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn only_the_mail_says_that_an_email_already_has_an_account() {
    let site = Site::start().await;
    GRACE.create_account(&site).await;
    // Grace forgot that she has an account, and signs up once more.
    let mut grace = GRACE.registers(&site).await;
    grace.press(RESEND).await;
    let letters = mailbox(&site.db, GRACE.email).await;
    let kinds: Vec<&str> = letters.iter().map(|letter| letter.kind.as_str()).collect();
    assert_eq!(kinds, ["register.already", "register.already"]);
    // This email address was never used to sign up, so no mail is sent.
    let mut stranger = site.browser();
    stranger.visit("/email/verify").await;
    stranger.submit(RESEND, &[(EMAIL, ADA.email)]).await;
    stranger.must_be_at("/email/verify", 200);
    assert!(mailbox(&site.db, ADA.email).await.is_empty());
}

#[tokio::test]
async fn an_invalid_email_is_rejected_with_a_message() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/email/verify").await;
    browser.submit(RESEND, &[(EMAIL, "ada@example")]).await;
    browser.must_be_at("/email/verify/resend", 422);
    browser.must_see(NOT_AN_EMAIL);
    assert_eq!(browser.field(RESEND, EMAIL), "ada@example");
}

#[tokio::test]
async fn a_link_that_an_attacker_requests_again_is_valid_for_24_hours() {
    let site = Site::start().await;
    // Attack: Eve keeps an old registration, to use up Ada's mail budget on links about to expire.
    let mut eve = Person { password: EVE.password, ..ADA }.registers(&site).await;
    clock::later(&site.db, "23 hours 56 minutes").await;
    eve.press(RESEND).await;
    let link = newest(&site.db, ADA.email).await.link("/email/verify/");
    let late = "select count(*) from outbox where expires_at < now() + interval '23 hours'
                and created_at > now() - interval '1 hour'";
    assert_eq!(site.db.number(late).await, 0);
    clock::later(&site.db, "23 hours 59 minutes").await;
    let mut ada = site.browser();
    ada.visit(&link).await;
    ada.must_be_at(&link, 200);
    clock::later(&site.db, "1 minute").await;
    ada.visit(&link).await;
    ada.must_be_at(&link, 404);
}

#[tokio::test]
async fn resends_do_not_extend_a_registration_beyond_a_week() {
    let site = Site::start().await;
    let mut ada = ADA.registers(&site).await;
    for _ in 0..8 {
        clock::later(&site.db, "20 hours").await;
        ada.press(RESEND).await;
        ada.must_be_at("/email/verify", 200);
    }
    let left = "select extract(epoch from expires_at - created_at)::bigint from registrations";
    assert_eq!(site.db.number(left).await, 7 * 86_400);
}

/// Otherwise concurrent requests would wait for each other only where a registration exists: their
/// response time would allow account enumeration.
#[tokio::test]
async fn concurrent_resends_do_not_wait_for_a_row_lock() {
    let site = Site::behind_a_proxy().await;
    ADA.registers(&site).await;
    let mut other = site.browser();
    other.visit("/email/verify").await;
    let mut elsewhere = site.db.pool.begin().await.expect("the database");
    sqlx::query("select from registrations for no key update")
        .execute(&mut *elsewhere)
        .await
        .expect("the row");
    // Another transaction holds the row. Three requests are within the mail budget, one is not.
    for _ in 0..4 {
        other.submit(RESEND, &[(EMAIL, ADA.email)]).await;
        other.must_be_at("/email/verify", 200);
    }
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), 1 + 3);
    elsewhere.rollback().await.expect("the database");
}

#[tokio::test]
async fn resends_by_others_do_not_use_up_the_first_mail_of_a_registration() {
    let site = Site::behind_a_proxy().await;
    let mut stranger = site.browser();
    stranger.visit("/email/verify").await;
    for _ in 0..5 {
        stranger.submit(RESEND, &[(EMAIL, ADA.email)]).await;
    }
    ADA.registers(&site).await;
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), 1);
}
