//! The account overview.

mod password;

use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

#[tokio::test]
async fn the_overview_shows_the_account_and_leads_on() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.click(ACCOUNT).await;
    browser.must_be_at("/account", 200);
    browser.must_see(ADA.email);
    browser.must_see("Member since");
    browser.must_see("last changed");
    browser.click(CHANGE).await;
    browser.must_be_at("/account/password", 200);
}

#[tokio::test]
async fn a_password_manager_finds_where_to_change_the_password() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/.well-known/change-password").await;
    browser.must_be_at("/account/password", 200);
}
