//! Authenticating again before an action that can hurt.

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

const EXPORT: &str = "/account/export";

async fn confirms(browser: &mut Browser, password: &str) {
    browser.submit(CONTINUE, &[(PASSWORD, password)]).await;
}

#[tokio::test]
async fn a_recent_login_is_enough_and_an_older_one_is_not() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    clock::later(&site.db, "9 minutes").await;
    ada.visit(EXPORT).await;
    ada.must_be_at(EXPORT, 200);
    clock::later(&site.db, "2 minutes").await;
    ada.visit(EXPORT).await;
    ada.must_be_at("/sudo?next=%2Faccount%2Fexport", 200);
    confirms(&mut ada, ADA.password).await;
    ada.must_be_at(EXPORT, 200);
    // Ordinary pages never ask.
    clock::later(&site.db, "11 minutes").await;
    ada.visit("/account").await;
    ada.must_be_at("/account", 200);
}

#[tokio::test]
async fn the_session_id_is_rotated_and_the_values_stay() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.keep_value("still here").await;
    let before = ada.cookie("__Host-session");
    let mut thief = site.browser();
    thief.clone_cookies_from(&ada);
    ada.visit("/sudo").await;
    confirms(&mut ada, ADA.password).await;
    ada.must_be_at("/account", 200);
    assert_ne!(ada.cookie("__Host-session"), before);
    assert_eq!(ada.kept_value().await, "still here");
    thief.visit("/account").await;
    thief.must_be_at("/login?next=%2Faccount", 200);
}

#[tokio::test]
async fn a_wrong_password_is_said_at_its_field_and_recorded() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/sudo?next=/account/export").await;
    confirms(&mut ada, "not the password of anybody").await;
    ada.must_be_at("/sudo", 422);
    ada.must_see("This isn't your password.");
    confirms(&mut ada, ADA.password).await;
    ada.must_be_at(EXPORT, 200);
    ada.visit("/account/activity").await;
    ada.must_see("Confirmation failed: the password or the code was wrong");
    ada.must_see("Confirmed it was you");
}

#[tokio::test]
async fn a_form_that_was_open_when_the_window_closed_still_works() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit(EXPORT).await;
    clock::later(&site.db, "19 minutes").await;
    ada.press(DOWNLOAD).await;
    ada.must_be_at(EXPORT, 200);
}

#[tokio::test]
async fn a_form_that_comes_too_late_leads_back_after_the_password() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit(EXPORT).await;
    clock::later(&site.db, "21 minutes").await;
    ada.press(DOWNLOAD).await;
    ada.must_be_at("/sudo?next=%2Faccount%2Fexport", 200);
    confirms(&mut ada, ADA.password).await;
    ada.must_be_at(EXPORT, 200);
    ada.press(DOWNLOAD).await;
    assert!(ada.html().starts_with('{'));
}

#[tokio::test]
async fn a_late_form_with_odd_fields_is_no_error_and_keeps_little() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit(EXPORT).await;
    clock::later(&site.db, "21 minutes").await;
    let form = ada.form(DOWNLOAD);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let many: String = (0..200).map(|n| format!("&field{n}={}", "x".repeat(50))).collect();
    let body = format!("csrf={token}&a%00b=1&c=%00&password=secret&email=a@b{many}");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = ada.fetch(reqwest::Method::POST, EXPORT, &headers, &body).await;
    assert_eq!(answer.status, 303);
    let kept: String =
        sqlx::query_scalar("select state::text from sessions where user_id is not null")
            .fetch_one(&site.db.pool)
            .await
            .expect("the session");
    assert!(kept.len() < 1000 && kept.contains("a@b") && !kept.contains("secret"), "{kept}");
}
