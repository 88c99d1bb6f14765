//! Session resurrection: a slow request finishes after the logout and saves its session again,
//! which brings the session back.
//!
//! Why it matters: a thief who keeps a request running survives every logout. A store whose
//! `update` falls back to an insert, as actix-session's own for Redis does, gives the thief a new
//! ID. The tests do not depend on timing: one holds the logout open until PostgreSQL reports that
//! the slow request waits for it.
//! Stops in: `src/accounts/session.rs` (`save_state` is a plain UPDATE and reports whether it found
//! a row) and `src/web/session_store.rs` (`update`).
//! Sources: ASVS 5.0 7.4.1; CWE-613; express-session's touch, session-file-store#55.

use app::accounts::session;
use app::web::cookies::SESSION;
use uuid::Uuid;

use super::{in_time, is_logged_in, sessions, wait_for_a_lock};
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::raw::RawConnection;
use crate::support::site::Site;

async fn only_session(site: &Site) -> Uuid {
    let id = sqlx::query_scalar("select id from sessions").fetch_one(&site.db.pool);
    id.await.expect("one session")
}

/// No session cookie was issued, no session is left, and the old cookie is invalid.
async fn stays_ended(site: &Site, thief: Browser, set_cookies: &[String]) {
    let of_session = |line: &&String| line.starts_with(SESSION) && !line.contains("Max-Age=0");
    assert_eq!(set_cookies.iter().find(of_session), None, "a session cookie was issued");
    assert_eq!(sessions(&site.db).await, 0, "the session is back");
    assert!(!is_logged_in(thief).await, "the old cookie is logged in again");
}

#[tokio::test]
async fn a_request_in_flight_cannot_restore_a_session_that_ended() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/test/value").await;
    let thief = ada.clone();

    let mut log_out = site.db.pool.begin().await.expect("a transaction");
    session::end(&mut *log_out, only_session(&site).await).await.expect("to end it");
    ada.follow_redirects = false;
    tokio::join!(ada.submit("Keep the value", &[("Value", "still here")]), async {
        wait_for_a_lock(&site.db, 1).await;
        log_out.commit().await.expect("to commit");
    });

    ada.must_be_at("/test/value", 303);
    assert_eq!(ada.headers["location"], "/login");
    stays_ended(&site, thief, &ada.raw_set_cookies()).await;
    ada.visit("/login").await;
    ada.must_see(NOT_SAVED);
}

#[tokio::test]
async fn a_request_with_a_delayed_body_cannot_restore_a_session_that_ended() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/test/value").await;
    let form = ada.form("Keep the value");
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let body = format!("csrf={token}&value=still+here");
    // Loading a session after a while sets `last_seen_at`, so the test sees that it was loaded.
    clock::later(&site.db, "2 minutes").await;
    let seen = async || -> bool {
        let query = "select last_seen_at > now() - interval '1 minute' from sessions";
        sqlx::query_scalar(query).fetch_one(&site.db.pool).await.expect("one session")
    };

    let mut slow = RawConnection::open(site.address).await;
    let head = format!(
        "POST /test/value HTTP/1.1\r\nHost: {}\r\nCookie: {SESSION}={}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        site.app.origin.host,
        ada.cookie(SESSION).expect("a session cookie"),
        body.len(),
    );
    slow.write(head).await;
    in_time(async {
        while !seen().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    session::end(&site.db.pool, only_session(&site).await).await.expect("to end it");
    slow.write(body).await;

    let answer = slow.answer().await.expect("an answer");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/login")));
    let set_cookies: Vec<String> =
        answer.all("set-cookie").into_iter().map(str::to_owned).collect();
    stays_ended(&site, ada, &set_cookies).await;
}
