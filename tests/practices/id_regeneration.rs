//! Session ID rotation at every login and password change: Express's `req.session.regenerate()`.
//!
//! An ID that was known before a login is invalid after it (session fixation), and the values
//! stored under it are dropped. The tests compare the ID hashes in the database, and try a copy of
//! the old cookie.

use app::accounts::session::{self, NewSession};
use app::config::Timeouts;
use app::web::cookies::SESSION;
use app::web::encrypted_cookie::encrypt;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, GRACE, test_client};
use crate::support::site::Site;

/// A browser with an anonymous session, whose ID an attacker knows, and with a value of theirs.
async fn with_a_planted_session(site: &Site) -> Browser {
    let mut tx = site.db.pool.begin().await.expect("the database");
    let state = json!({ "value": "planted" });
    let new = NewSession {
        user: None,
        timeouts: Timeouts::ANONYMOUS,
        remembered: false,
        second_factor: false,
        client: &test_client(),
        state: &state,
    };
    let id = session::start(&mut tx, new, 20).await.expect("the database").expect("a session");
    tx.commit().await.expect("the database");
    let key = site.app.keys.cookies().next().expect("a key");
    let mut browser = site.browser();
    browser.plant_cookie(SESSION, &encrypt(key, SESSION, id.as_str().to_owned()));
    browser
}

async fn id_hashes(site: &Site) -> Vec<Vec<u8>> {
    let rows = sqlx::query_scalar("select id_hash from sessions").fetch_all(&site.db.pool).await;
    rows.expect("the database")
}

/// Checks that this copy of an earlier cookie is invalid, whether or not it is removed.
async fn must_be_logged_out(mut copy: Browser) {
    copy.visit("/app").await;
    copy.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn a_login_starts_a_session_with_a_new_id_and_no_old_values() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut victim = with_a_planted_session(&site).await;
    let attacker = victim.clone();
    let planted = id_hashes(&site).await;
    ADA.logs_in(&mut victim).await;
    victim.must_be_at("/app", 200);
    assert_eq!(victim.kept_value().await, "");
    let now = id_hashes(&site).await;
    assert_eq!(now.len(), 1);
    assert_ne!(now, planted);
    must_be_logged_out(attacker).await;
}

#[tokio::test]
async fn a_sign_up_starts_no_session() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/register").await;
    browser.submit(CREATE_ACCOUNT, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at("/email/verify", 200);
    assert_eq!(browser.cookie("__Host-session"), None);
    assert_eq!(id_hashes(&site).await.len(), 0);
}

#[tokio::test]
async fn a_password_change_rotates_the_session_id_in_place() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let copy = browser.clone();
    let before = id_hashes(&site).await;
    let row = "select count(*) from sessions where created_at = authenticated_at";
    assert_eq!(site.db.number(row).await, 1);
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    browser.must_be_at("/account", 200);
    let after = id_hashes(&site).await;
    assert_eq!(after.len(), 1);
    assert_ne!(after, before);
    assert_eq!(site.db.number(row).await, 0, "a proof, not a session begun anew");
    must_be_logged_out(copy).await;
}

#[tokio::test]
async fn an_old_cookie_is_kept_after_a_rotation_and_removed_after_a_logout() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let mut renewed = browser.clone();
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    // A tab that raced with the change: its response must not remove the new cookie.
    renewed.visit("/").await;
    assert_eq!(renewed.raw_set_cookies(), [""; 0]);

    let mut gone = browser.clone();
    browser.press(LOG_OUT).await;
    gone.visit("/").await;
    assert_eq!(gone.raw_set_cookies().len(), 1);
    assert_eq!(gone.cookie(SESSION), None);
}

#[tokio::test]
async fn a_logout_deletes_the_row_of_the_session() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let copy = browser.clone();
    browser.press(LOG_OUT).await;
    assert!(id_hashes(&site).await.is_empty());
    must_be_logged_out(copy).await;
    // The next login in this browser begins a new session.
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_login_replaces_an_id_that_was_never_issued() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let key = site.app.keys.cookies().next().expect("a key");
    let mut browser = site.browser();
    browser.plant_cookie(SESSION, &encrypt(key, SESSION, "a".repeat(64)));
    let planted = browser.cookie(SESSION);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    assert_ne!(browser.cookie(SESSION), planted);
    let mut attacker = site.browser();
    attacker.plant_cookie(SESSION, &planted.unwrap_or_default());
    must_be_logged_out(attacker).await;
}
