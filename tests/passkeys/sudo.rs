//! Authenticating again with a passkey.

use serde_json::json;

use crate::support::clock;
use crate::support::passkey::{Device, follow, post, started, with_passkey};
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn a_passkey_confirms_sudo_mode() {
    let site = Site::start().await;
    let (mut owner, mut device) = with_passkey(ADA, &site).await;
    clock::later(&site.db, "21 minutes").await;
    owner.visit("/account/passkeys").await;
    owner.must_be_at("/sudo?factor=on&next=%2Faccount%2Fpasskeys", 200);
    let before = owner.cookie("__Host-session");
    let options = started(&mut owner).await;
    let credential = device.signs(&options).await;
    let body = json!({ "credential": credential, "next": "/account/passkeys" });
    let answer = post(&mut owner, "finish", &body).await;
    follow(&mut owner, &answer).await;
    owner.must_be_at("/account/passkeys", 200);
    assert_ne!(owner.cookie("__Host-session"), before);
    // Nobody else's passkey does.
    let mut eve = GRACE.at(&site).await;
    let mut other = Device::at(&site);
    other.is_added(&mut eve).await;
    owner.visit("/sudo").await;
    let options = started(&mut owner).await;
    let credential = other.signs(&options).await;
    let answer = post(&mut owner, "finish", &json!({ "credential": credential })).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
}
