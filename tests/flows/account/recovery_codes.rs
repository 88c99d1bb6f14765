//! Recovery codes: shown once, replaced as a set.

use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::page::selector;
use crate::support::people::{ADA, GRACE};
use crate::support::second_factor::{
    Factor, PAGE, SecondFactor, ada_half_way, ada_with_factor, shown_codes,
};
use crate::support::site::Site;

const PATH: &str = "/account/recovery-codes";

#[tokio::test]
async fn the_codes_are_shown_once() {
    let site = Site::start().await;
    let (mut browser, _, codes) = ada_with_factor(&site).await;
    browser.visit(PATH).await;
    assert_eq!(shown_codes(&browser), Vec::<String>::new());
    browser.must_see("10 codes left");
    assert!(!browser.html().contains(&codes[0]));
}

/// The page takes the codes from the session, and there is no other copy.
#[tokio::test]
async fn codes_that_a_failed_page_did_not_show_are_on_the_next_one() {
    let site = Site::start().await;
    let (mut browser, _, _) = ada_with_factor(&site).await;
    browser.visit(PATH).await;
    browser.follow_redirects = false;
    browser.press(MAKE_NEW_CODES).await;
    browser.follow_redirects = true;
    site.db.run("alter table recovery_codes rename to gone").await;
    browser.visit(PATH).await;
    browser.must_be_at(PATH, 500);
    site.db.run("alter table gone rename to recovery_codes").await;
    browser.visit(PATH).await;
    assert_eq!(shown_codes(&browser).len(), 10);
}

/// The response with the new codes is lost, and another device makes newer ones.
#[tokio::test]
async fn codes_that_another_device_has_replaced_are_not_shown_as_new() {
    let site = Site::start().await;
    let (mut browser, mut factor, _) = ada_with_factor(&site).await;
    let mut other = ada_half_way(&site).await;
    factor.prove(&mut other).await;
    browser.visit(PATH).await;
    browser.follow_redirects = false;
    browser.press(MAKE_NEW_CODES).await;
    browser.follow_redirects = true;
    other.visit(PATH).await;
    other.press(MAKE_NEW_CODES).await;
    assert_eq!(shown_codes(&other).len(), 10);
    browser.visit(PATH).await;
    assert_eq!(shown_codes(&browser), Vec::<String>::new());
    browser.must_see("another device has made new ones");
    browser.must_see("10 codes left");
    browser.visit(PATH).await;
    browser.must_not_see("another device has made new ones");
}

#[tokio::test]
async fn the_download_holds_all_codes() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit(PAGE).await;
    Factor::set_up(&mut browser).await;
    let page = scraper::Html::parse_document(browser.html());
    let link = page.select(&selector("a[download]")).next().expect("a link");
    let url = link.attr("href").expect("a URL");
    let text = url.strip_prefix("data:text/plain;charset=utf-8,").expect("a text");
    let lines: Vec<&str> = text.split_terminator("%0A").collect();
    assert_eq!(lines, shown_codes(&browser));
    assert_eq!(lines.len(), 10);
}

#[tokio::test]
async fn a_new_set_replaces_the_old_one_and_is_mailed() {
    let site = Site::start().await;
    let (mut browser, _, codes) = ada_with_factor(&site).await;
    browser.visit(PATH).await;
    browser.must_see("10 codes left");
    browser.press(MAKE_NEW_CODES).await;
    browser.must_be_at(PATH, 200);
    let new = shown_codes(&browser);
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !codes.contains(code)));
    assert_eq!(newest(&site.db, ADA.email).await.subject, "Your recovery codes were replaced");
}

#[tokio::test]
async fn an_account_without_a_second_factor_is_told_to_set_one_up() {
    let site = Site::start().await;
    let mut grace = GRACE.at(&site).await;
    grace.visit(PATH).await;
    grace.must_be_at(PATH, 200);
    grace.must_see("Your account has no second factor yet.");
}
