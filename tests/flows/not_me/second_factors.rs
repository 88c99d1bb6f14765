//! The "This wasn't me" link, where second factors and recovery codes are concerned.

use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::ADA;
use crate::support::second_factor::{
    Factor, LOGIN_PAGE, SecondFactor, ada_half_way, ada_with_factor, enter_recovery_code, set_up,
    shown_codes,
};
use crate::support::site::Site;

#[tokio::test]
async fn a_second_factor_that_a_thief_set_up_is_removed() {
    let site = Site::start().await;
    let owner = ADA.at(&site).await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&owner);
    set_up::<Factor>(&site, &mut thief).await;
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, Factor::NOTICE);
    let mut browser = site.browser();
    browser.visit(&notice.link("/not-me/")).await;
    browser.press(NOT_ME).await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_second_factor_from_before_the_notice_stays() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    clock::later(&site.db, "1 hour").await;
    let mut thief = ada_half_way(&site).await;
    factor.prove(&mut thief).await;
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, "New login to your account");
    let mut browser = site.browser();
    browser.visit(&notice.link("/not-me/")).await;
    browser.press(NOT_ME).await;
    factor.renew(&site.db).await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    factor.prove(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn recovery_codes_that_a_thief_made_are_removed() {
    let site = Site::start().await;
    let (owner, mut factor, _) = ada_with_factor(&site).await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&owner);
    thief.visit("/account/recovery-codes").await;
    thief.press(MAKE_NEW_CODES).await;
    let codes = shown_codes(&thief);
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, "Your recovery codes were replaced");
    let mut browser = site.browser();
    browser.visit(&notice.link("/not-me/")).await;
    browser.press(NOT_ME).await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    enter_recovery_code(&mut browser, &codes[0]).await;
    browser.must_be_at("/login/recovery-code", 422);
    browser.visit(LOGIN_PAGE).await;
    factor.prove(&mut browser).await;
    browser.must_be_at("/app", 200);
}
