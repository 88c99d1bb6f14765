//! Mailbox flood: the attacker makes the site fill somebody's mailbox, or many mailboxes.
//!
//! Why it matters: among fifty mails, the owner overlooks the security notice that matters. A mail
//! server that sends unwanted mail is blocked.
//! Stops in: `src/web/admission.rs` (`may_mail`: a budget per kind of mail and account; `by_ip`: a
//! limit per IP address), `src/flows/account/password.rs` (a change beyond the limit is rejected,
//! so that its notice is never dropped).
//! Sources: ASVS 5.0 2.4.1; OWASP Forgot Password Cheat Sheet; CWE-770.

use crate::support::asking::*;
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::people::{ADA, Person};
use crate::support::site::Site;

#[tokio::test]
async fn fifty_requests_for_a_mail_send_three_and_show_the_same_page() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let mut pages = Vec::new();
    for number in 0..50 {
        registers(&site, &address(number), ADA.email).await.must_be_at("/email/verify", 200);
        let page = request_reset_from(&site, &address(number), ADA.email).await;
        page.must_be_at("/password/reset/sent", 200);
        pages.push(page.text());
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(mails(&site, ADA.email, "register.already").await, 3);
    assert_eq!(mails(&site, ADA.email, "password.reset.asked").await, 3);
}

#[tokio::test]
async fn fifty_logins_with_a_password_that_must_be_reset_send_three_mails() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    site.db.run("update users set reset_required_at = now()").await;
    for number in 0..50 {
        let mut thief = stranger(&site, &address(number)).await;
        try_password(&mut thief, ADA.email, ADA.password).await;
        clock::later(&site.db, "1 minute").await;
    }
    assert_eq!(mails(&site, ADA.email, "login.stopped").await, 3);
}

#[tokio::test]
async fn one_ip_address_that_requests_many_mails_gets_429() {
    let site = Site::behind_a_proxy().await;
    for (path, button, label) in
        [("/password/reset", SEND_LINK, EMAIL), ("/email/verify", RESEND, EMAIL)]
    {
        let mut script = at(&site, "203.0.113.66", path).await;
        let mut email = String::new();
        for number in 0..=60 {
            script.visit(path).await;
            script.must_be_at(path, 200);
            email = format!("person{number}@example.com");
            script.submit(button, &[(label, &email)]).await;
        }
        assert_eq!(script.status, 429, "{path}");
        assert!(script.headers.contains_key("retry-after"));
        script.must_see(TRY_LATER);
        assert_eq!(script.field(button, label), email, "what was typed stays");
        // Another IP address is not limited.
        let mut same_site_url = at(&site, "203.0.113.67", path).await;
        same_site_url.submit(button, &[(label, &email)]).await;
        assert_eq!(same_site_url.status, 200);
    }
}

async fn changes(browser: &mut Browser, current: &str, new: &str) {
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, current), (NEW_PASSWORD, new)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
}

#[tokio::test]
async fn too_many_password_changes_are_rejected_and_no_notice_is_dropped() {
    const PASSWORDS: [&str; 7] = [
        ADA.password,
        "marble caravan thunder",
        "pewter saxophone glade",
        "copper mandolin orchard",
        "silver accordion meadow",
        "bronze clarinet harbour",
        "golden bassoon prairie",
    ];
    let site = Site::behind_a_proxy().await;
    let mut browser = ADA.at(&site).await;
    for (number, pair) in PASSWORDS[..6].windows(2).enumerate() {
        changes(&mut browser, pair[0], pair[1]).await;
        browser.must_be_at("/account", 200);
        assert_eq!(mails(&site, ADA.email, "account.password").await, number + 1);
    }
    changes(&mut browser, PASSWORDS[5], PASSWORDS[6]).await;
    browser.must_be_at("/account/password", 429);
    browser.must_see("Wait 10 minutes, then try again.");
    assert_eq!(browser.headers["retry-after"], "600");
    assert_eq!(mails(&site, ADA.email, "account.password").await, 5);
    Person { password: PASSWORDS[5], ..ADA }.log_in_on_new_device(&site).await;

    clock::later(&site.db, "10 minutes").await;
    changes(&mut browser, PASSWORDS[5], PASSWORDS[6]).await;
    browser.must_be_at("/account", 200);
    assert_eq!(mails(&site, ADA.email, "account.password").await, 6);
    Person { password: PASSWORDS[6], ..ADA }.log_in_on_new_device(&site).await;
}
