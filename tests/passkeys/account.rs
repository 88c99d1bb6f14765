//! Adding, renaming and removing passkeys.

use serde_json::json;

use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::passkey::{Device, at_login, follow, json_of, post, started, with_passkey};
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::second_factor::shown_codes;
use crate::support::site::Site;

const PATH: &str = "/account/passkeys";

#[tokio::test]
async fn adding_one_ends_other_sessions_and_gives_recovery_codes() {
    let site = Site::start().await;
    let mut owner = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    let before = owner.cookie("__Host-session");
    let mut device = Device::at(&site);
    let answer = device.is_added(&mut owner).await;
    assert_eq!(json_of(&answer), json!({ "next": "/account/recovery-codes" }));
    follow(&mut owner, &answer).await;
    assert_eq!(shown_codes(&owner).len(), 10);
    owner.must_see("“Bitwarden” is added.");
    assert_ne!(owner.cookie("__Host-session"), before);
    phone.visit("/app").await;
    phone.must_be_at("/login?next=%2Fapp", 200);
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, "A passkey was added");
    assert!(notice.text.contains("“Bitwarden”"), "{}", notice.text);
    owner.visit("/account").await;
    owner.must_see("Your account is protected by a passkey.");
}

#[tokio::test]
async fn several_passkeys_log_in() {
    let site = Site::start().await;
    let (mut owner, mut first) = with_passkey(ADA, &site).await;
    let mut second = Device::at(&site);
    let answer = second.is_added(&mut owner).await;
    assert_eq!(json_of(&answer), json!({ "next": PATH }));
    for device in [&mut first, &mut second] {
        let mut browser = at_login(&site).await;
        device.logs_in(&mut browser).await;
        browser.must_be_at("/app", 200);
    }
}

#[tokio::test]
async fn a_passkey_is_renamed() {
    let site = Site::start().await;
    let (mut owner, _) = with_passkey(ADA, &site).await;
    owner.visit(PATH).await;
    owner.submit(RENAME, &[(NAME, " The key in the safe ")]).await;
    owner.must_be_at(PATH, 200);
    owner.must_see("The key in the safe");
    for name in ["", "  ", &"long ".repeat(20), "tab\there", "safe\u{202e}key", "\u{200b}"] {
        owner.submit(RENAME, &[(NAME, name)]).await;
        owner.must_see("Enter a name of up to 60 characters.");
    }
}

/// A thief could let the site's own email lead the owner to another site.
#[tokio::test]
async fn the_email_about_a_removed_passkey_does_not_have_its_name() {
    let site = Site::start().await;
    let (mut thief, _) = with_passkey(ADA, &site).await;
    thief.visit(PATH).await;
    thief.submit(RENAME, &[(NAME, "Locked: verify at evil.example")]).await;
    thief.press(REMOVE).await;
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, "A passkey was removed");
    assert!(notice.text.contains("The passkey that was added on"), "{}", notice.text);
    assert!(!notice.text.contains("evil.example"), "{}", notice.text);
}

#[tokio::test]
async fn a_device_that_has_a_passkey_is_asked_not_to_make_another() {
    let site = Site::start().await;
    let (mut owner, _) = with_passkey(ADA, &site).await;
    owner.visit(PATH).await;
    let options = started(&mut owner).await;
    let excluded = options["publicKey"]["excludeCredentials"].as_array().expect("a list");
    assert_eq!(excluded.len(), 1);
    let selection = &options["publicKey"]["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["userVerification"], "required");
    // The user handle says nothing about the user, and stays the same.
    let user = options["publicKey"]["user"]["id"].clone();
    owner.visit(PATH).await;
    assert_eq!(started(&mut owner).await["publicKey"]["user"]["id"], user);
    assert!(!user.to_string().contains("ada"));
}

#[tokio::test]
async fn an_account_has_at_most_twenty() {
    let site = Site::start().await;
    let (mut owner, _) = with_passkey(ADA, &site).await;
    owner.visit(PATH).await;
    let page = owner.clone();
    site.db
        .run(
            "with more as (insert into second_factors (id, user_id, kind)
                           select gen_random_uuid(), user_id, kind
                           from second_factors, generate_series(1, 19) returning id)
             insert into passkeys (id, user_id, credential_id, credential, user_handle, name,
                                   backed_up)
             select more.id, user_id, more.id::text::bytea, credential, user_handle, name, false
             from passkeys, more",
        )
        .await;
    owner.visit(PATH).await;
    owner.must_see("Remove one to add another.");
    let mut page = page;
    let answer = post(&mut page, "start", &json!({})).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
}

/// The codes are shown once, so nobody may miss them.
#[tokio::test]
async fn a_removal_that_makes_new_codes_shows_them() {
    let site = Site::start().await;
    let (mut owner, _) = with_passkey(ADA, &site).await;
    owner.visit(PATH).await;
    owner.submit(RENAME, &[(NAME, "The old one")]).await;
    Device::at(&site).is_added(&mut owner).await;
    site.db.run("delete from recovery_codes").await;
    owner.visit(PATH).await;
    owner.press_beside("The old one", REMOVE).await;
    owner.must_be_at("/account/recovery-codes", 200);
    assert_eq!(shown_codes(&owner).len(), 10);
}

#[tokio::test]
async fn another_users_passkey_is_neither_renamed_nor_removed() {
    let site = Site::start().await;
    with_passkey(ADA, &site).await;
    let (mut eve, _) = with_passkey(EVE, &site).await;
    let id: uuid::Uuid = sqlx::query_scalar(
        "select p.id from passkeys p join users u on u.id = p.user_id where u.email = $1",
    )
    .bind(ADA.email)
    .fetch_one(&site.db.pool)
    .await
    .expect("Ada's passkey");
    eve.visit(PATH).await;
    let form = eve.form(LOG_OUT);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let body = format!("csrf={token}&name=Mine");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    for verb in ["rename", "remove"] {
        let path = format!("{PATH}/{id}/{verb}");
        let answer = eve.fetch(reqwest::Method::POST, &path, &headers, &body).await;
        assert_eq!(answer.status, 404, "{verb}");
    }
    assert_eq!(site.db.number("select count(*) from passkeys where name = 'Bitwarden'").await, 2);
}

#[tokio::test]
async fn this_wasnt_me_removes_a_passkey_that_a_thief_added() {
    let site = Site::start().await;
    let owner = ADA.at(&site).await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&owner);
    let mut device = Device::at(&site);
    device.is_added(&mut thief).await;
    let notice = newest(&site.db, ADA.email).await;
    let mut browser = site.browser();
    browser.visit(&notice.link("/not-me/")).await;
    browser.press(NOT_ME).await;
    let mut stranger = at_login(&site).await;
    assert_eq!(device.logs_in(&mut stranger).await.status, 404);
    assert_eq!(site.db.number("select count(*) from passkeys").await, 0);
}

#[tokio::test]
async fn while_the_password_must_be_reset_a_passkey_does_not_log_in() {
    let site = Site::start().await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    clock::later(&site.db, "1 hour").await;
    GRACE.create_account(&site).await;
    site.db.run("update users set reset_required_at = now()").await;
    let mut browser = at_login(&site).await;
    let stopped = device.logs_in(&mut browser).await;
    assert_eq!(stopped.status, 422);
    // Not "unknown", because then the browser would delete it.
    assert!(stopped.body.contains("choose a new password first"), "{}", stopped.body);
    site.db.run("update users set reset_required_at = null").await;
    let mut browser = at_login(&site).await;
    device.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn the_last_second_factor_stays_where_one_is_required() {
    let site = Site::with(&[("REQUIRE_SECOND_FACTOR", "true")]).await;
    ADA.create_account(&site).await;
    let mut owner = site.browser();
    ADA.logs_in(&mut owner).await;
    let mut device = Device::at(&site);
    let answer = device.is_added(&mut owner).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    owner.visit("/app").await;
    owner.must_be_at("/app", 200);
    owner.visit(PATH).await;
    owner.press(REMOVE).await;
    owner.must_see("this is your only one");
    // With another one, either may go.
    owner.submit(RENAME, &[(NAME, "The old one")]).await;
    let answer = Device::at(&site).is_added(&mut owner).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    owner.visit(PATH).await;
    owner.press_beside("The old one", REMOVE).await;
    owner.must_see("is removed.");
    owner.visit("/app").await;
    owner.must_be_at("/app", 200);
}
