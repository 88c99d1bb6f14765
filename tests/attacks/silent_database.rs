//! Silent database: PostgreSQL, or a proxy before it, stops responding and closes no connection.
//!
//! Why it matters: a client that waits for ever keeps its connection of the pool for ever. After
//! sixteen such statements, every request gets a 503 until a restart, long after the database is
//! back. An attacker need not cause the silence: it is enough to send requests while it lasts.
//! Stops in: `src/database/connection.rs` (limits each statement and the return to the pool),
//! `src/database.rs` and `src/database/dedicated.rs` (ping an idle connection before it is used).
//! Sources: ASVS 5.0 13.1.3, 16.5.2; CWE-400, CWE-772; transact-rs/sqlx#4349.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{in_time, wait_for_a_lock};
use crate::support::browser::Browser;
use crate::support::cluster::Cluster;
use crate::support::database::database;
use crate::support::people::ADA;
use crate::support::proxy::Proxy;
use crate::support::site::Site;

/// The size of the pool.
const CONNECTIONS: usize = 3;
/// The pool, two workers and mail.
const SETTINGS: (&str, &str) = ("DATABASE_MAX_CONNECTIONS", "6");
/// More than the limit of one statement and the wait for a connection by another one.
const GIVEN_UP: Duration = Duration::from_secs(9);
/// The most that a page takes when all is well, on a busy machine.
const AT_ONCE: Duration = Duration::from_millis(2_500);

/// A browser with an open form, for each connection of the pool.
async fn writers(ada: &mut Browser) -> Vec<Browser> {
    ada.visit("/test/value").await;
    (0..CONNECTIONS).map(|_| ada.clone()).collect()
}

async fn keep_values(writers: Vec<Browser>) -> Vec<u16> {
    join_all(writers.into_iter().map(|mut browser| async move {
        browser.follow_redirects = false;
        browser.submit("Keep the value", &[("Value", "in the silence")]).await;
        browser.status
    }))
    .await
}

/// A site that reaches PostgreSQL through a proxy, and a browser that is logged in.
async fn behind_a_proxy() -> (Site, Proxy, Browser) {
    let db = database().await;
    let proxy = Proxy::to(&db).await;
    let site = Site::with_production_timeout(db, &[SETTINGS, ("DATABASE_URL", &proxy.url)]).await;
    let ada = ADA.at(&site).await;
    (site, proxy, ada)
}

async fn is_well(ada: &mut Browser) {
    // One request more than the pool has connections. The first page only loads the session.
    for path in ["/app"].into_iter().chain(["/account"; CONNECTIONS + 1]) {
        let start = Instant::now();
        ada.visit(path).await;
        ada.must_be_at(path, 200);
        assert!(start.elapsed() < AT_ONCE, "{path}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn running_statements_are_aborted_when_a_proxy_goes_silent() {
    let (site, proxy, mut ada) = behind_a_proxy().await;
    let writers = writers(&mut ada).await;
    let mut elsewhere = site.db.pool.begin().await.expect("the database");
    sqlx::query("select from sessions for update").execute(&mut *elsewhere).await.expect("a lock");
    let writes = tokio::spawn(keep_values(writers));
    wait_for_a_lock(&site.db, CONNECTIONS as i64).await;

    let start = Instant::now();
    proxy.stop_forwarding();
    assert_eq!(in_time(writes).await.expect("answers"), [503; CONNECTIONS]);
    assert!(start.elapsed() < GIVEN_UP, "{:?}", start.elapsed());
    elsewhere.rollback().await.expect("the database");
    is_well(&mut ada).await;
}

#[tokio::test]
async fn requests_cancelled_while_a_proxy_is_silent_hold_no_connection() {
    let (site, proxy, mut ada) = behind_a_proxy().await;
    let mut elsewhere = site.db.pool.begin().await.expect("the database");
    sqlx::query("lock table audit_events").execute(&mut *elsewhere).await.expect("a lock");
    let abandoned: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let db = site.app.db.clone();
            tokio::spawn(async move {
                let mut tx = db.begin().await.expect("a transaction");
                let _ = sqlx::query("select from audit_events").execute(&mut *tx).await;
            })
        })
        .collect();
    wait_for_a_lock(&site.db, CONNECTIONS as i64).await;
    // The worker's own connection was idle for a second, so it is pinged before it is used.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    proxy.stop_forwarding();
    abandoned.iter().for_each(tokio::task::JoinHandle::abort);
    join_all(abandoned).await;
    is_well(&mut ada).await;
    elsewhere.rollback().await.expect("the database");
}

#[tokio::test]
async fn idle_connections_through_a_proxy_that_has_gone_silent_are_replaced() {
    let (site, proxy, mut ada) = behind_a_proxy().await;
    site.open_all_connections().await;
    // After a second idle, a connection is pinged before it is used.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let before = proxy.accepted();
    proxy.stop_forwarding();
    is_well(&mut ada).await;
    assert!(proxy.accepted() > before, "the proxy was not silent");
}

#[tokio::test]
async fn requests_get_503_while_postgresql_is_frozen_and_succeed_afterwards() {
    let cluster = Cluster::start();
    let site = Site::with_production_timeout(cluster.database().await, &[SETTINGS]).await;
    let mut ada = ADA.at(&site).await;
    let writers = writers(&mut ada).await;
    let readers: Vec<Browser> = writers.clone();

    let frozen = cluster.suspend(&site.db).await;
    let start = Instant::now();
    assert_eq!(in_time(keep_values(writers)).await, [503; CONNECTIONS]);
    for reader in join_all(readers.into_iter().map(|mut reader| async move {
        reader.visit("/app").await;
        reader
    }))
    .await
    {
        reader.must_be_at("/app", 503);
    }
    assert!(start.elapsed() < 2 * GIVEN_UP, "{:?}", start.elapsed());
    drop(frozen);
    is_well(&mut ada).await;
}
