//! Session timeouts: express-session's rolling `cookie.maxAge`, plus the absolute one it lacks.
//!
//! Both timeouts are stored in the row and compared with PostgreSQL's clock, so keeping the cookie
//! longer gains nothing. `last_seen_at` is written at most once a minute, so the idle timeout may
//! come up to a minute early, but never late.

use app::accounts::session;
use app::accounts::session_id::SessionIdHash;
use app::database::Connection;

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::race::{race, until};
use crate::support::site::Site;
use crate::support::touches::Touches;

async fn remembered(site: &Site) -> Browser {
    let mut browser = site.browser();
    ADA.create_account(site).await;
    browser.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;
    browser.must_be_at("/app", 200);
    browser
}

/// Makes one request and waits for the touch, for which no response waits.
async fn visit_once(touches: &mut Touches, browser: &Browser) {
    visit_app(browser.clone()).await;
    touches.once().await;
}

async fn visit_app(mut browser: Browser) {
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

/// Whether the only session is valid right after `change`. Inside a transaction `now()` is
/// constant, so this is exact.
async fn is_valid_after(tx: &mut Connection, change: &'static str) -> bool {
    sqlx::query(change).execute(&mut *tx).await.expect("a change");
    let id_hash: SessionIdHash = sqlx::query_scalar("select id_hash from sessions")
        .fetch_one(&mut *tx)
        .await
        .expect("a row");
    session::find(tx, &[id_hash]).await.expect("the database").contains_key(&id_hash)
}

#[tokio::test]
async fn both_timeouts_of_a_session_are_exact_to_the_second() {
    let site = Site::start().await;
    ADA.at(&site).await;
    let mut tx = site.db.pool.begin().await.expect("the database");
    for (change, valid) in [
        ("update sessions set last_seen_at = now() - interval '59 minutes 59 seconds'", true),
        ("update sessions set last_seen_at = now() - interval '1 hour'", false),
        ("update sessions set last_seen_at = now() - interval '1 hour 1 second'", false),
        ("update sessions set last_seen_at = now(), ends_at = now() + interval '1 second'", true),
        ("update sessions set ends_at = now()", false),
        ("update sessions set ends_at = now() - interval '1 second'", false),
    ] {
        assert_eq!(is_valid_after(&mut tx, change).await, valid, "{change}");
    }
}

#[tokio::test]
async fn both_timeouts_of_a_remembered_session_are_exact() {
    let site = Site::start().await;
    remembered(&site).await;
    let length = "select extract(epoch from ends_at - created_at)::bigint from sessions";
    assert_eq!(site.db.number(length).await, 30 * 86_400);
    let mut tx = site.db.pool.begin().await.expect("the database");
    for (change, valid) in [
        (
            "update sessions set last_seen_at = now() - interval '14 days' + interval '1 second'",
            true,
        ),
        ("update sessions set last_seen_at = now() - interval '14 days'", false),
        ("update sessions set last_seen_at = now(), ends_at = now() + interval '1 second'", true),
        ("update sessions set ends_at = now()", false),
    ] {
        assert_eq!(is_valid_after(&mut tx, change).await, valid, "{change}");
    }
}

#[tokio::test]
async fn an_idle_session_ends_and_its_cookie_is_removed() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    clock::later(&site.db, "1 hour").await;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    browser.must_see(SESSION_ENDED);
    assert_eq!(browser.cookie("__Host-session"), None);
}

#[tokio::test]
async fn activity_moves_the_idle_timeout_but_not_the_absolute_one() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let mut touches = Touches::watch(&site.db).await;
    let length = "select extract(epoch from ends_at - created_at)::bigint from sessions";
    for _ in 0..28 {
        clock::later(&site.db, "50 minutes").await;
        visit_once(&mut touches, &browser).await;
        assert_eq!(site.db.number(length).await, 24 * 3_600);
    }
    // 23 hours and 20 minutes have passed, without a long pause.
    clock::later(&site.db, "40 minutes").await;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn a_remembered_session_has_longer_timeouts() {
    let site = Site::start().await;
    let mut browser = remembered(&site).await;
    let mut touches = Touches::watch(&site.db).await;
    for _ in 0..2 {
        clock::later(&site.db, "13 days 23 hours").await;
        visit_once(&mut touches, &browser).await;
    }
    clock::later(&site.db, "2 days 2 hours").await;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn an_idle_remembered_session_ends() {
    let site = Site::start().await;
    let mut browser = remembered(&site).await;
    clock::later(&site.db, "14 days").await;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn the_max_age_of_a_remembered_cookie_ends_with_the_session() {
    let site = Site::start().await;
    let mut browser = remembered(&site).await;
    clock::later(&site.db, "10 days").await;
    browser.keep_value("milk").await;
    let lines = browser.raw_set_cookies();
    let seconds = lines.iter().find_map(|line| line.split_once("Max-Age=")?.1.parse::<i64>().ok());
    let left = 20 * 86_400 - seconds.expect("a Max-Age");
    assert!((0..60).contains(&left), "{lines:?}");
}

#[tokio::test]
async fn the_operator_sets_the_timeouts() {
    let site = Site::with(&[("SESSION_IDLE_TIMEOUT", "5m"), ("SESSION_ABSOLUTE_TIMEOUT", "10m")]);
    let site = site.await;
    let mut browser = ADA.at(&site).await;
    browser.must_see("or after 5 minutes without activity");
    clock::later(&site.db, "4 minutes").await;
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
    clock::later(&site.db, "6 minutes").await;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn one_request_moves_the_idle_timeout() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    let mut touches = Touches::watch(&site.db).await;
    // As on a quiet site: the pool has only the connection that loads the session.
    for _ in 0..site.app.db.size().saturating_sub(1) {
        site.app.db.acquire().await.expect("a connection").close();
    }
    assert_eq!(site.app.db.size(), 1);
    for _ in 0..8 {
        clock::later(&site.db, "8 minutes").await;
        visit_once(&mut touches, &browser).await;
    }
}

#[tokio::test]
async fn a_short_idle_timeout_is_moved_by_each_request() {
    let site = Site::with(&[("SESSION_IDLE_TIMEOUT", "60s")]).await;
    let browser = ADA.at(&site).await;
    let mut touches = Touches::watch(&site.db).await;
    for _ in 0..8 {
        clock::later(&site.db, "50 seconds").await;
        visit_once(&mut touches, &browser).await;
    }
    clock::later(&site.db, "60 seconds").await;
    let mut browser = browser;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn twelve_concurrent_requests_cause_one_touch_a_minute() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    let many = || race((0..12).map(|_| visit_app(browser.clone())));
    let mut touches = Touches::watch(&site.db).await;
    clock::later(&site.db, "30 seconds").await;
    many().await;
    assert_eq!(touches.times().await, 0);
    clock::later(&site.db, "31 seconds").await;
    many().await;
    touches.once().await;
    assert_eq!(touches.times().await, 1);
}

#[tokio::test]
async fn no_response_waits_for_the_touch() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    let mut touches = Touches::watch(&site.db).await;
    clock::later(&site.db, "2 minutes").await;
    let mut elsewhere = site.db.pool.begin().await.expect("the database");
    // This lock allows reads of the table and blocks writes.
    sqlx::query("lock table sessions in share mode")
        .execute(&mut *elsewhere)
        .await
        .expect("a lock on the table");
    visit_app(browser).await;
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    until("the note waits", async || site.db.number(waits).await == 1).await;
    elsewhere.rollback().await.expect("the database");
    touches.once().await;
}
