//! Touch storm: many concurrent requests of the same sessions, so that the writes of `last_seen_at`
//! block or deadlock each other.
//!
//! Why it matters: it is the only write that any page view can cause, so a few tabs are enough.
//! Batches that lock rows in different orders deadlock. And a transaction that holds one row, such
//! as a password change, would block every batch with that row.
//! Stops in: `src/accounts/session/upkeep.rs` (`touch` skips locked rows).
//! Sources: ASVS 5.0 15.4.3, 7.3.1; PostgreSQL's manual, 13.3.4 Deadlocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::accounts::session::{self, NewSession};
use app::accounts::session_id::SessionIdHash;
use app::config::Timeouts;
use rand::seq::SliceRandom;
use serde_json::json;
use tokio::sync::Barrier;

use super::in_time;
use crate::support::clock;
use crate::support::database::{Database, database_with};
use crate::support::people::test_client;

const SESSIONS: usize = 40;
const TASKS: usize = 50;
const ROUNDS: usize = 8;
/// How many rows another transaction keeps locked during the test.
const HELD: i64 = 10;

async fn idle_sessions(db: &Database) -> Vec<SessionIdHash> {
    let mut tx = db.pool.begin().await.expect("a transaction");
    let mut hashes = Vec::new();
    for _ in 0..SESSIONS {
        let new = NewSession {
            user: None,
            timeouts: Timeouts::ANONYMOUS,
            remembered: false,
            second_factor: false,
            client: &test_client(),
            state: &json!({}),
        };
        let id = session::start(&mut tx, new, 1).await.expect("to insert").expect("a session");
        hashes.push(id.hash());
    }
    tx.commit().await.expect("to commit");
    clock::later(db, "2 minutes").await;
    hashes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_touches_neither_wait_for_locks_nor_deadlock() {
    let db = Arc::new(database_with(TASKS as u32 + 2).await);
    let hashes = idle_sessions(&db).await;
    let mut holder = db.pool.begin().await.expect("a transaction");
    let held: Vec<Vec<u8>> = sqlx::query_scalar(
        "select id_hash from sessions where id in (select id from sessions order by id limit $1)
         for update",
    )
    .bind(HELD)
    .fetch_all(&mut *holder)
    .await
    .expect("rows to hold");

    let (barrier, in_flight, most) = (
        Arc::new(Barrier::new(TASKS)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (db, mut hashes) = (db.clone(), hashes.clone());
            let (barrier, in_flight, most) = (barrier.clone(), in_flight.clone(), most.clone());
            tokio::spawn(async move {
                let mut connection = db.pool.acquire().await.expect("a connection");
                let mut touched = 0;
                for _ in 0..ROUNDS {
                    hashes.shuffle(&mut rand::rng());
                    if barrier.wait().await.is_leader() {
                        // Makes the sessions due again, and skips the locked ones.
                        sqlx::query(
                            "update sessions set last_seen_at = now() - interval '2 minutes'
                             where id in (select id from sessions for update skip locked)",
                        )
                        .execute(&mut connection)
                        .await
                        .expect("to age them");
                    }
                    barrier.wait().await;
                    most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    touched += session::touch(&mut connection, &hashes).await.expect("no deadlock");
                    in_flight.fetch_sub(1, Ordering::SeqCst);
                }
                touched
            })
        })
        .collect();
    // The other transaction is still open, so a task that waited for it would never end.
    let touched = in_time(futures_util::future::join_all(tasks)).await;
    let touched: u64 = touched.into_iter().map(|task| task.expect("a task that ends")).sum();

    let untouched: i64 = sqlx::query_scalar(
        "select count(*) from sessions where last_seen_at < now() - interval '1 minute'
           and id_hash <> all($1)",
    )
    .bind(&held)
    .fetch_one(&mut *holder)
    .await
    .expect("a count");
    let deadlocks: i64 = sqlx::query_scalar(
        "select deadlocks from pg_stat_database where datname = current_database()",
    )
    .fetch_one(&mut *holder)
    .await
    .expect("a count");
    let most = most.load(Ordering::SeqCst);
    println!("{most} of {TASKS} in flight at once, {touched} rows touched, {deadlocks} deadlocks");
    assert!(most > TASKS / 2, "only {most} at once: this run proves nothing");
    assert_eq!((untouched, deadlocks), (0, 0));
    assert_eq!(touched, (SESSIONS as u64 - HELD as u64) * ROUNDS as u64, "each once a round");
}
