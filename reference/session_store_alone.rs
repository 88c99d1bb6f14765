//! The session store without the rest of the app, as `examples/smallest.rs` uses it.

#[allow(dead_code, reason = "the tests start it without its main function")]
#[path = "../examples/smallest.rs"]
mod smallest;

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use app::database::{self, ACQUIRE_TIMEOUT};
use app::keys::Keys;

use crate::support::browser::Browser;
use crate::support::database::{Database, database};
use crate::support::race::until;
use crate::support::site::config;

const COOKIE: &str = "__Host-smallest";
const LOG_IN: &str = "Log in without a password";

/// The running example, with the keys of the one that it replaces.
async fn start(database_url: &str, keys: &str) -> (ServerHandle, Browser) {
    let config = config(database_url, &[("SECRET_KEYS", keys)]);
    let listener = TcpListener::bind(config.listen).expect("a free port");
    let url = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
    let db = database::Database::new(database::options(&config), 5, ACQUIRE_TIMEOUT);
    let server = smallest::serve(config, db, listener).expect("the server");
    let handle = server.handle();
    tokio::spawn(server);
    (handle, Browser::at(&url))
}

async fn opened() -> (Database, ServerHandle, Browser) {
    let db = database().await;
    let (handle, mut browser) = start(&db.url, &Keys::generate()).await;
    browser.visit("/").await;
    browser.must_see("You are not logged in.");
    browser.must_see("Visits in this session: 1");
    (db, handle, browser)
}

async fn session(db: &Database) -> (uuid::Uuid, Vec<u8>, bool) {
    let row = sqlx::query_as("select id, id_hash, user_id is not null from sessions");
    row.fetch_one(&db.pool).await.expect("exactly one session")
}

#[tokio::test]
async fn a_session_counts_the_visits_of_its_own_browser() {
    let (db, _handle, mut browser) = opened().await;
    browser.visit("/").await;
    browser.must_see("Visits in this session: 2");
    let mut other = Browser::at(browser.origin().as_str());
    other.visit("/").await;
    other.must_see("Visits in this session: 1");
    assert_eq!(db.number("select count(*) from sessions").await, 2);
}

#[tokio::test]
async fn a_login_ends_the_session_from_before_and_keeps_none_of_its_values() {
    let (db, _handle, mut browser) = opened().await;
    let mut planted = browser.clone();
    let before = session(&db).await;
    browser.press(LOG_IN).await;
    browser.must_see("You are logged in.");
    browser.must_see("Visits in this session: 1");
    let after = session(&db).await;
    assert!(!before.2 && after.2, "the row has the user");
    assert_ne!(before.0, after.0);
    assert_ne!(before.1, after.1);
    planted.visit("/").await;
    planted.must_see("You are not logged in.");
    planted.must_see("Visits in this session: 1");
}

#[tokio::test]
async fn a_logout_deletes_the_row_and_the_cookie() {
    let (db, _handle, mut browser) = opened().await;
    browser.press(LOG_IN).await;
    let mut copy = browser.clone();
    browser.follow_redirects = false;
    browser.press("Log out").await;
    assert_eq!(browser.cookie(COOKIE), None);
    assert_eq!(db.number("select count(*) from sessions").await, 0);
    copy.visit("/").await;
    copy.must_see("You are not logged in.");
}

#[tokio::test]
async fn a_session_outlives_a_restart() {
    let db = database().await;
    let keys = Keys::generate();
    let (handle, mut browser) = start(&db.url, &keys).await;
    browser.visit("/").await;
    browser.press(LOG_IN).await;
    handle.stop(true).await;
    let (_handle, mut later) = start(&db.url, &keys).await;
    later.clone_cookies_from(&browser);
    later.visit("/").await;
    later.must_see("You are logged in.");
    later.must_see("Visits in this session: 2");
}

#[tokio::test]
async fn the_cookie_cannot_be_read_by_a_script_or_sent_by_another_site() {
    let (_db, _handle, browser) = opened().await;
    let line = browser.raw_set_cookies().concat();
    assert!(line.starts_with(COOKIE), "{line}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(line.contains(attribute), "{attribute}: {line}");
    }
    assert!(!line.contains("Max-Age") && !line.contains("Domain"), "{line}");
}

#[tokio::test]
async fn a_session_that_ends_during_a_request_stays_ended() {
    let (db, _handle, mut browser) = opened().await;
    browser.press(LOG_IN).await;
    let mut tx = db.pool.begin().await.expect("a transaction");
    sqlx::query("delete from sessions").execute(&mut *tx).await.expect("to delete it");
    let request = tokio::spawn(async move {
        browser.visit("/").await;
        browser
    });
    // The request has loaded the session. Its update waits for the row.
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    until("the update waits", async || db.number(waits).await == 1).await;
    tx.commit().await.expect("the logout");
    let browser = request.await.expect("a response");
    assert_eq!(browser.hops.len(), 2, "a redirect");
    browser.must_see("You are not logged in.");
    assert_eq!(db.number("select count(*) from sessions where user_id is not null").await, 0);
}

#[tokio::test]
async fn without_the_database_the_response_is_503() {
    // Nothing listens on port 1.
    let nowhere = "postgres://app@127.0.0.1:1/app?sslmode=disable";
    let (_handle, mut browser) = start(nowhere, &Keys::generate()).await;
    browser.visit("/").await;
    assert_eq!(browser.status, 503);
    browser.must_see("Try again soon.");
}
