//! Foreign reset link: the attacker's own reset link is opened in the victim's browser, while the
//! victim's form for a new password is open.
//!
//! Why it matters: the form would change the password of the attacker's account, to the one that
//! the victim has just chosen, and report success. The attacker does not see that password. But the
//! victim's account keeps its old one, which the victim believes to be invalid.
//! Stops in: `src/flows/password/reset.rs` (the form names its link, the page names the account).
//! Sources: ASVS 5.0 2.3.1, 6.4.3; CWE-441.

use crate::support::asking::request_reset_from;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::site::Site;

const NEW: &str = "marble kangaroo umbrella";

async fn link(site: &Site, person: Person) -> String {
    request_reset_from(site, "192.0.2.7", person.email).await;
    newest(&site.db, person.email).await.link("/password/reset/")
}

/// The victim opens their own link, then the attacker's in a second tab. Returns the second first.
async fn victim(site: &Site) -> (Browser, Browser) {
    ADA.create_account(site).await;
    EVE.create_account(site).await;
    let (own, foreign) = (link(site, ADA).await, link(site, EVE).await);
    let mut victim = site.browser();
    victim.visit(&own).await;
    victim.must_see("a***@example.com");
    let form = victim.clone();
    victim.visit(&foreign).await;
    victim.must_see("e***@example.net");
    // The first tab shares the cookies of the browser, and still shows its own form.
    let mut tab = form;
    tab.clone_cookies_from(&victim);
    (victim, tab)
}

#[tokio::test]
async fn a_reset_form_cannot_change_the_account_of_another_link() {
    let site = Site::start().await;
    let (_, mut tab) = victim(&site).await;
    // Sent once with the token of its page, as a browser does, and once with the current token.
    let mut form = tab.form(CHANGE_PASSWORD);
    let today = {
        let mut page = tab.clone();
        page.visit("/password/reset/choose").await;
        let form = page.form(CHANGE_PASSWORD);
        let token = form.pairs().into_iter().find(|(name, _)| *name == "csrf");
        token.expect("a token").1.to_owned()
    };
    form.forge("password", NEW);
    let mut with_todays = form.clone();
    with_todays.forge("csrf", &today);
    for form in [form, with_todays] {
        tab.send(form).await;
        tab.must_be_at("/password/reset/choose", 403);
        tab.must_see("a link for e***@example.net was opened in this browser");
        // The page has no form that could be sent again by mistake.
        assert!(!tab.html().contains("name=\"password\""));
    }
    for person in [ADA, EVE] {
        person.log_in_on_new_device(&site).await;
    }
}

#[tokio::test]
async fn a_reset_does_not_log_out_another_user_of_the_browser() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let link = link(&site, ADA).await;
    let mut browser = GRACE.at(&site).await;
    browser.visit(&link).await;
    browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, NEW)]).await;
    browser.must_be_at("/app", 200);
    browser.must_see(PASSWORD_CHANGED);
    browser.must_see(GRACE.email);
    Person { password: NEW, ..ADA }.log_in_on_new_device(&site).await;
}
