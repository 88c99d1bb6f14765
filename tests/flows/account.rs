//! The account overview.

mod activity;
mod delete;
mod email;
mod export;
mod password;
mod recovery_codes;
mod sessions;

use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

#[tokio::test]
async fn the_overview_shows_the_account_and_links_to_the_password_form() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.click(ACCOUNT).await;
    browser.must_be_at("/account", 200);
    browser.must_see(ADA.email);
    browser.must_see("Member since");
    browser.must_see("last changed");
    browser.must_see(" UTC");
    assert_eq!(browser.html().matches("<time datetime=\"20").count(), 2);
    browser.click(CHANGE_OF_PASSWORD).await;
    browser.must_be_at("/account/password", 200);
}

#[tokio::test]
async fn the_well_known_url_redirects_to_the_password_form() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/.well-known/change-password").await;
    browser.must_be_at("/account/password", 200);
}
