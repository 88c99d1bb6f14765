//! Forms that make the site send mail, submitted from any IP address, and a count of the mails.

use super::browser::Browser;
use super::guesses::set_ip_address;
use super::labels::*;
use super::mailbox::{mailbox, newest};
use super::site::Site;

/// The password that these visitors choose.
pub const SIGN_UP_PASSWORD: &str = "whisper quarry albatross";

/// A new browser with this IP address, which has opened a page.
pub async fn at(site: &Site, ip: &str, path: &str) -> Browser {
    let mut browser = site.browser();
    set_ip_address(&mut browser, ip);
    browser.visit(path).await;
    browser
}

pub async fn registers(site: &Site, ip: &str, email: &str) -> Browser {
    let mut browser = at(site, ip, "/register").await;
    browser.submit(CREATE_ACCOUNT, &[(EMAIL, email), (PASSWORD, SIGN_UP_PASSWORD)]).await;
    browser
}

pub async fn request_reset_from(site: &Site, ip: &str, email: &str) -> Browser {
    let mut browser = at(site, ip, "/password/reset").await;
    browser.submit(SEND_LINK, &[(EMAIL, email)]).await;
    browser
}

pub async fn request_resend_from(site: &Site, ip: &str, email: &str) -> Browser {
    let mut browser = at(site, ip, "/email/verify").await;
    browser.submit(RESEND, &[(EMAIL, email)]).await;
    browser
}

/// Asks for another email address, in a session that has just begun.
pub async fn asks_for_new_email(browser: &mut Browser, new: &str) {
    browser.visit("/account/email").await;
    browser.submit(SEND_LINK, &[(NEW_EMAIL, new)]).await;
}

/// Asks for another email address, and returns the link that arrives there.
pub async fn gets_change_link(site: &Site, browser: &mut Browser, new: &str) -> String {
    asks_for_new_email(browser, new).await;
    newest(&site.db, new).await.link("/email/change/")
}

/// Moves the account of this browser to another email address.
pub async fn changes_email(site: &Site, browser: &mut Browser, new: &str) {
    let link = gets_change_link(site, browser, new).await;
    browser.visit(&link).await;
    browser.press(CHANGE_EMAIL).await;
    browser.must_be_at("/account", 200);
    browser.must_see(EMAIL_CHANGED);
}

/// How many mails of one kind were sent to an email address.
pub async fn mails(site: &Site, email: &str, kind: &str) -> usize {
    mailbox(&site.db, email).await.iter().filter(|letter| letter.kind == kind).count()
}
