//! The "This wasn't me" link, where second factors and recovery codes are concerned.

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE};
use crate::support::second_factor::{
    Factor, LOGIN_PAGE, SecondFactor, ada_half_way, ada_with_factor, enter_recovery_code, set_up,
    shown_codes,
};
use crate::support::site::Site;

/// A thief who has the cookies of Ada's browser and has set up a second factor.
async fn thief_with_factor(site: &Site) -> Browser {
    let owner = ADA.at(site).await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&owner);
    set_up::<Factor>(site, &mut thief).await;
    thief
}

/// Opens the link in the newest notice, which has this subject, and presses the button.
async fn presses_not_me(site: &Site, subject: &str) -> Browser {
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, subject);
    let mut browser = site.browser();
    browser.visit(&notice.link("/not-me/")).await;
    browser.press(NOT_ME).await;
    browser
}

#[tokio::test]
async fn a_second_factor_that_a_thief_set_up_is_removed() {
    let site = Site::start().await;
    thief_with_factor(&site).await;
    let mut browser = presses_not_me(&site, Factor::NOTICE).await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at("/app", 200);
}

/// The owner may see only the newest of several notices.
#[tokio::test]
async fn a_second_factor_that_a_thief_set_up_is_removed_by_the_link_of_a_later_notice() {
    let site = Site::start().await;
    let mut thief = thief_with_factor(&site).await;
    thief.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, EVE.password)];
    thief.submit(CHANGE_PASSWORD, &fields).await;
    let mut browser = presses_not_me(&site, "Your password was changed").await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_second_factor_that_is_older_than_the_links_stays() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    clock::later(&site.db, "8 days").await;
    let mut thief = ada_half_way(&site).await;
    factor.prove(&mut thief).await;
    let mut browser = presses_not_me(&site, "New login to your account").await;
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
    let older = "update second_factors set created_at = created_at - interval '8 days'";
    site.db.run(older).await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&owner);
    thief.visit("/account/recovery-codes").await;
    thief.press(MAKE_NEW_CODES).await;
    let codes = shown_codes(&thief);
    let mut browser = presses_not_me(&site, "Your recovery codes were replaced").await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    enter_recovery_code(&mut browser, &codes[0]).await;
    browser.must_be_at("/login/recovery-code", 422);
    browser.visit(LOGIN_PAGE).await;
    factor.prove(&mut browser).await;
    browser.must_be_at("/app", 200);
}

/// A thief who had one code has the list.
#[tokio::test]
async fn the_rest_of_a_list_of_recovery_codes_is_invalid_if_one_was_used() {
    let site = Site::start().await;
    let (_, mut factor, codes) = ada_with_factor(&site).await;
    clock::later(&site.db, "8 days").await;
    let mut thief = ada_half_way(&site).await;
    enter_recovery_code(&mut thief, &codes[0]).await;
    thief.must_be_at("/app", 200);
    let mut browser = presses_not_me(&site, "New login to your account").await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    enter_recovery_code(&mut browser, &codes[1]).await;
    browser.must_be_at("/login/recovery-code", 422);
    browser.visit(LOGIN_PAGE).await;
    factor.renew(&site.db).await;
    factor.prove(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_list_of_which_a_code_was_used_long_ago_stays() {
    let site = Site::start().await;
    let (_, _, codes) = ada_with_factor(&site).await;
    let mut owner = ada_half_way(&site).await;
    enter_recovery_code(&mut owner, &codes[0]).await;
    clock::later(&site.db, "8 days").await;
    let mut thief = ada_half_way(&site).await;
    enter_recovery_code(&mut thief, "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA").await;
    let mut browser = presses_not_me(&site, "Wrong code after your password").await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    enter_recovery_code(&mut browser, &codes[1]).await;
    browser.must_be_at("/app", 200);
}
