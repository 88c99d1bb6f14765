//! Attacks on passkeys: a copied, late or foreign answer, a phishing site, a user who was not
//! verified, a copied authenticator, and a credential of another account (W3C Web Authentication,
//! sections 7.2 and 13.4; ASVS 6.7.2).
//!
//! Stops in: `src/accounts/passkey/challenge.rs` (one challenge for each visitor, used once),
//! `src/passkeys/ceremony.rs` (origin, relying party and user verification by webauthn-rs; the sign
//! count), `src/accounts/passkey.rs` (unique credentials).

use app::throttle::limits::Scope;
use serde_json::{Value, json};

use super::wait_for_a_lock;
use crate::support::clock;
use crate::support::database::database_with;
use crate::support::guesses::{count, prolong_waits};
use crate::support::labels::*;
use crate::support::passkey::{Device, at_login, post, started, with_passkey};
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::race::race;
use crate::support::site::Site;

fn answer(credential: &Value) -> Value {
    json!({ "credential": credential })
}

#[tokio::test]
async fn an_answer_works_once_and_only_for_the_visitor_who_was_asked() {
    let site = Site::on(database_with(50).await, &[]).await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    let mut victim = at_login(&site).await;
    let credential = device.signs(&started(&mut victim).await).await;
    // Another visitor, with and without a challenge of their own.
    let mut eve = at_login(&site).await;
    assert_eq!(post(&mut eve, "finish", &answer(&credential)).await.status, 422);
    started(&mut eve).await;
    assert_eq!(post(&mut eve, "finish", &answer(&credential)).await.status, 422);
    // Thirty times at once.
    let tabs: Vec<_> = (0..30).map(|_| victim.clone()).collect();
    let outcomes = race(tabs.into_iter().map(|mut tab| {
        let body = answer(&credential);
        async move { post(&mut tab, "finish", &body).await.status }
    }))
    .await;
    assert_eq!(count(&outcomes, 200), 1, "{outcomes:?}");
    assert_eq!(count(&outcomes, 422), 29, "{outcomes:?}");
}

#[tokio::test]
async fn a_newer_challenge_replaces_the_older_one() {
    let site = Site::start().await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    let mut browser = at_login(&site).await;
    let older = started(&mut browser).await;
    let newer = started(&mut browser).await;
    assert_eq!(site.db.number("select count(*) from passkey_challenges").await, 1);
    let late = device.signs(&older).await;
    assert_eq!(post(&mut browser, "finish", &answer(&late)).await.status, 422);
    // The rejected answer has used up the challenge.
    let right = device.signs(&newer).await;
    assert_eq!(post(&mut browser, "finish", &answer(&right)).await.status, 422);
}

#[tokio::test]
async fn an_answer_is_too_late_after_five_minutes() {
    let site = Site::start().await;
    let (_, mut device) = with_passkey(ADA, &site).await;
    let mut browser = at_login(&site).await;
    let credential = device.signs(&started(&mut browser).await).await;
    clock::later(&site.db, "301 seconds").await;
    let late = post(&mut browser, "finish", &answer(&credential)).await;
    assert_eq!(late.status, 422);
    assert!(late.body.contains("has expired"), "{}", late.body);
}

#[tokio::test]
async fn a_challenge_for_one_purpose_is_none_for_another() {
    let site = Site::start().await;
    let (mut owner, mut device) = with_passkey(ADA, &site).await;
    owner.visit("/sudo").await;
    let credential = device.signs(&started(&mut owner).await).await;
    let form = owner.form(LOG_OUT);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let token = token.to_owned();
    let headers = [("content-type", "application/json"), ("x-csrf-token", token.as_str())];
    let body = answer(&credential).to_string();
    let path = "/account/passkeys/finish";
    let crossed = owner.fetch(reqwest::Method::POST, path, &headers, &body).await;
    assert_eq!(crossed.status, 400, "{}", crossed.body);
    // It is still there for its own.
    assert_eq!(post(&mut owner, "finish", &answer(&credential)).await.status, 200);
}

#[tokio::test]
async fn a_signature_for_another_origin_or_site_is_rejected() {
    let site = Site::start().await;
    let (_, device) = with_passkey(ADA, &site).await;
    // Another port of this machine: the right relying party, and the wrong origin.
    let mut other_port = device.copy();
    other_port.origin = "http://localhost:1".parse().expect("an origin");
    // A phishing site: another relying party.
    let mut phished = device.copy();
    phished.believes("https://evil.example", "evil.example");
    for device in [&mut other_port, &mut phished] {
        let mut browser = at_login(&site).await;
        let mut options = started(&mut browser).await;
        options["publicKey"]["rpId"] = json!(device.origin.host_str());
        let credential = device.signs(&options).await;
        let rejected = post(&mut browser, "finish", &answer(&credential)).await;
        assert_eq!(rejected.status, 422, "{}", device.origin);
        browser.visit("/app").await;
        browser.must_be_at("/login?next=%2Fapp", 200);
    }
}

#[tokio::test]
async fn without_user_verification_a_passkey_is_rejected() {
    let site = Site::start().await;
    let (mut owner, mut device) = with_passkey(ADA, &site).await;
    let mut browser = at_login(&site).await;
    let mut options = started(&mut browser).await;
    assert_eq!(options["publicKey"]["userVerification"], "required");
    options["publicKey"]["userVerification"] = json!("discouraged");
    let credential = device.signs(&options).await;
    assert_eq!(post(&mut browser, "finish", &answer(&credential)).await.status, 422);
    // Nor can such a one be added.
    owner.visit("/account/passkeys").await;
    let mut options = started(&mut owner).await;
    options["publicKey"]["authenticatorSelection"]["userVerification"] = json!("discouraged");
    options["publicKey"]["excludeCredentials"] = json!([]);
    let credential = Device::at(&site).makes(&options).await;
    assert_eq!(post(&mut owner, "finish", &answer(&credential)).await.status, 422);
}

#[tokio::test]
async fn a_copied_authenticator_is_noticed_by_its_sign_count() {
    let site = Site::start().await;
    let mut owner = ADA.at(&site).await;
    let mut device = Device::at(&site);
    device.counts = true;
    device.is_added(&mut owner).await;
    let mut copy = device.copy();
    let mut browser = at_login(&site).await;
    device.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    let mut eve = at_login(&site).await;
    let rejected = copy.logs_in(&mut eve).await;
    assert_eq!(rejected.status, 422);
    assert!(rejected.body.contains("may have been copied"), "{}", rejected.body);
    owner.visit("/account/activity").await;
    owner.must_see("Passkey rejected: there may be a copy of it");
}

#[tokio::test]
async fn a_passkey_of_another_account_does_not_complete_a_login() {
    let site = Site::start().await;
    with_passkey(ADA, &site).await;
    let (_, mut eves) = with_passkey(EVE, &site).await;
    // Eve knows Ada's password.
    let mut eve = site.browser();
    ADA.logs_in(&mut eve).await;
    eve.must_be_at("/login/passkey", 200);
    let rejected = eves.logs_in(&mut eve).await;
    assert_eq!(rejected.status, 422, "{}", rejected.body);
    eve.visit("/app").await;
    eve.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn one_credential_belongs_to_one_account() {
    let site = Site::start().await;
    let (mut owner, _) = with_passkey(ADA, &site).await;
    let mut eve = EVE.at(&site).await;
    // Eve's authenticator claims the ID of Ada's credential.
    owner.visit("/account/passkeys").await;
    eve.visit("/account/passkeys").await;
    let credential = Device::at(&site).makes(&started(&mut eve).await).await;
    site.db.run("update passkeys set credential_id = '\\x00'").await;
    let id = credential["rawId"].as_str().expect("an ID").to_owned();
    let id = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, id).expect("base64");
    sqlx::query("update passkeys set credential_id = $1")
        .bind(id)
        .execute(&site.db.pool)
        .await
        .expect("Ada's row");
    let rejected = post(&mut eve, "finish", &answer(&credential)).await;
    assert_eq!(rejected.status, 422, "{}", rejected.body);
    assert_eq!(site.db.number("select count(*) from passkeys").await, 1);
}

#[tokio::test]
async fn the_responses_do_not_depend_on_an_account() {
    let site = Site::start().await;
    with_passkey(ADA, &site).await;
    GRACE.create_account(&site).await;
    let mut shapes = Vec::new();
    for email in [ADA.email, GRACE.email, "nobody@example.com"] {
        let mut browser = at_login(&site).await;
        browser.submit(LOG_IN, &[(EMAIL, email), (PASSWORD, "not the password")]).await;
        let mut options = started(&mut browser).await;
        options["publicKey"]["challenge"] = Value::Null;
        shapes.push(options);
    }
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:#?}");
    assert_eq!(shapes[0]["publicKey"]["allowCredentials"], json!([]));
}

#[tokio::test]
async fn views_of_the_login_page_are_limited_by_ip_address() {
    let site = Site::behind_a_proxy().await;
    let mut browser = at_login(&site).await;
    for _ in 0..120 {
        started(&mut browser).await;
    }
    assert_eq!(prolong_waits(&site, Scope::IpAddress).await, 1);
    let rejected = post(&mut browser, "start", &json!({})).await;
    assert_eq!(rejected.status, 429);
    assert!(rejected.headers.contains_key("retry-after"));
    assert_eq!(rejected.headers["content-type"], "application/problem+json");
    assert_eq!(site.db.number("select count(*) from passkey_challenges").await, 1);
}

/// Emails contain the name of a passkey, so a session that ended while its form arrived must not
/// change it.
#[tokio::test]
async fn a_session_that_ended_meanwhile_renames_no_passkey() {
    let site = Site::start().await;
    let (mut thief, _) = with_passkey(ADA, &site).await;
    thief.visit("/account/passkeys").await;
    let mut ending = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select id from users for update").execute(&mut *ending).await.expect("a lock");
    sqlx::query("delete from sessions").execute(&mut *ending).await.expect("to end it");
    tokio::join!(thief.submit(RENAME, &[(NAME, "Visit evil.example now")]), async {
        wait_for_a_lock(&site.db, 1).await;
        ending.commit().await.expect("to commit");
    });
    assert!(thief.path.starts_with("/login"), "{}", thief.path);
    let named = "select count(*) from passkeys where name like '%evil%'";
    assert_eq!(site.db.number(named).await, 0);
}

#[tokio::test]
async fn json_without_a_token_or_of_another_type_is_rejected_with_problem_details() {
    let site = Site::start().await;
    let (mut owner, _) = with_passkey(ADA, &site).await;
    owner.visit("/account/passkeys").await;
    let form = owner.form(LOG_OUT);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let token = token.to_owned();
    let big = format!("{{\"x\":\"{}\"}}", "a".repeat(70_000));
    let path = "/account/passkeys/start";
    let json = "application/json";
    for (kind, token, body, status) in [
        (json, "", "{}", 403),
        (json, "forged", "{}", 403),
        (json, &token, "", 400),
        (json, &token, "[", 400),
        (json, &token, big.as_str(), 413),
        ("text/plain", &token, "{}", 415),
    ] {
        let headers = [("content-type", kind), ("x-csrf-token", token)];
        let answer = owner.fetch(reqwest::Method::POST, path, &headers, body).await;
        assert_eq!(answer.status, status, "{kind} {token} {}", body.len());
        if kind == json {
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            let policy = answer.headers["content-security-policy"].to_str().expect("a policy");
            assert!(policy.contains("sandbox"), "{policy}");
        }
    }
    // A session that has ended is a 401, not a redirect that a script would follow.
    site.db.run("delete from sessions").await;
    let headers = [("content-type", json), ("x-csrf-token", token.as_str())];
    let answer = owner.fetch(reqwest::Method::POST, path, &headers, "{}").await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert!(!answer.headers.contains_key("location"));
}
