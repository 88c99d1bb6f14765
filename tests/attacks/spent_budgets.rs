//! Used-up mail budgets: the attacker requests so many mails that the owner's own is not sent.
//!
//! Why it matters: if anybody can use up a limit on mails, anybody can block the password reset of
//! somebody else, while every page says that the mail was sent.
//! Stops in: `src/throttle/limits.rs` (each kind of mail has its own budget),
//! `src/web/admission.rs` (`may_mail` counts a known device apart from unknown browsers).
//! Sources: ASVS 5.0 6.1.1; OWASP Forgot Password Cheat Sheet; CWE-645.

use crate::support::asking::*;
use crate::support::clock;
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

const RESET: &str = "password.reset.asked";

#[tokio::test]
async fn resend_requests_do_not_use_up_the_budget_of_reset_mails() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    for number in 0..15 {
        registers(&site, &address(number), ADA.email).await;
        request_resend_from(&site, &address(number), ADA.email).await;
    }
    for sent in 1..=3 {
        request_reset_from(&site, "192.0.2.7", ADA.email).await;
        assert_eq!(mails(&site, ADA.email, RESET).await, sent);
    }
}

#[tokio::test]
async fn reset_requests_of_unknown_browsers_leave_a_known_device_its_budget() {
    let site = Site::behind_a_proxy().await;
    let mut laptop = ADA.at(&site).await;
    laptop.press(LOG_OUT).await;
    let mut eve = EVE.at(&site).await;
    eve.press(LOG_OUT).await;
    for number in 0..15 {
        request_reset_from(&site, &address(number), ADA.email).await;
    }
    assert_eq!(mails(&site, ADA.email, RESET).await, 3);
    for sent in [4, 5, 6, 6] {
        laptop.visit("/password/reset").await;
        laptop.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
        assert_eq!(mails(&site, ADA.email, RESET).await, sent);
    }
    // Eve's browser is a known device of her account, but not of Ada's.
    eve.visit("/password/reset").await;
    eve.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    assert_eq!(mails(&site, ADA.email, RESET).await, 6);
    clock::later(&site.db, "1 hour").await;
    request_reset_from(&site, "192.0.2.7", ADA.email).await;
    assert_eq!(mails(&site, ADA.email, RESET).await, 7);
}

/// A thief who knows the password logs in repeatedly; each login makes a new device.
#[tokio::test]
async fn repeated_logins_do_not_enlarge_the_budget_of_reset_mails() {
    let site = Site::behind_a_proxy().await;
    let mut thief = ADA.at(&site).await;
    for number in 0..8 {
        set_ip_address(&mut thief, &address(number));
        for _ in 0..3 {
            thief.visit("/password/reset").await;
            thief.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
        }
        thief.visit("/app").await;
        thief.press(LOG_OUT).await;
        ADA.logs_in(&mut thief).await;
        thief.must_be_at("/app", 200);
    }
    // Six for all known devices together, three for unknown browsers.
    assert_eq!(mails(&site, ADA.email, "password.reset.asked").await, 9);
}
