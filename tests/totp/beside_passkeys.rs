//! An account with an authenticator app and a passkey.

use crate::support::authenticator::{Authenticator, ada_half_way, ada_with_app};
use crate::support::clock;
use crate::support::labels::*;
use crate::support::passkey::{Device, at_login};
use crate::support::people::ADA;
use crate::support::second_factor::{set_up, shown_codes};
use crate::support::site::Site;

#[tokio::test]
async fn a_passkey_logs_in_without_the_code_of_the_app() {
    let site = Site::start().await;
    let (mut owner, _, _) = ada_with_app(&site).await;
    let mut device = Device::at(&site);
    device.is_added(&mut owner).await;
    let mut browser = at_login(&site).await;
    device.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    // After the password, the app is asked for, and the passkey is offered.
    let mut browser = ada_half_way(&site).await;
    browser.click("Use your passkey").await;
    device.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn the_pages_of_passkeys_need_the_app_in_sudo_mode() {
    let site = Site::start().await;
    let (mut owner, _, codes) = ada_with_app(&site).await;
    clock::later(&site.db, "11 minutes").await;
    owner.visit("/account/passkeys").await;
    owner.must_be_at("/sudo?factor=on&next=%2Faccount%2Fpasskeys", 200);
    owner.must_see("your password alone isn't enough");
    owner.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &codes[0])]).await;
    owner.must_be_at("/account/passkeys", 200);
}

#[tokio::test]
async fn a_removal_of_the_passkey_that_makes_new_codes_shows_them() {
    let site = Site::start().await;
    let (mut owner, _, _) = ada_with_app(&site).await;
    Device::at(&site).is_added(&mut owner).await;
    site.db.run("delete from recovery_codes").await;
    owner.visit("/account/passkeys").await;
    owner.press(REMOVE).await;
    owner.must_be_at("/account/recovery-codes", 200);
    assert_eq!(shown_codes(&owner).len(), 10);
}

#[tokio::test]
async fn where_one_is_required_either_may_go() {
    let site = Site::with(&[("REQUIRE_SECOND_FACTOR", "true")]).await;
    ADA.create_account(&site).await;
    let mut owner = site.browser();
    ADA.logs_in(&mut owner).await;
    // The page of the app, which is required first, offers a passkey instead.
    owner.click("add a passkey").await;
    owner.must_be_at("/account/passkeys", 200);
    set_up::<Device>(&site, &mut owner).await;
    owner.visit("/account/totp").await;
    let app = Authenticator::reading(&owner);
    owner.submit(TURN_ON, &[(CODE, &app.code())]).await;
    owner.visit("/account/totp").await;
    owner.press(TURN_OFF).await;
    owner.must_see("Your authenticator app is removed.");
    owner.visit("/app").await;
    owner.must_be_at("/app", 200);
}
