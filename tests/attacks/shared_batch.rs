//! Shared batch: the attacker's request loads its session in the same statement as a victim's.
//!
//! Why it matters: if two rows were mixed up, one user would see the pages of another and act for
//! them. The attacker also tries to harm the batch: with IDs that do not exist, with a statement
//! that fails, with a request that is cancelled while PostgreSQL answers, with a touch that waits.
//! Stops in: `src/web/session_loads.rs`, `src/accounts/session.rs` (`find`).
//! Sources: ASVS 5.0 8.2.2, 15.4.1, 16.5.3; CWE-362, CWE-488.

use app::accounts::session::{self, NewSession, Session};
use app::accounts::session_id::{SessionId, SessionIdHash};
use app::accounts::user::User;
use app::config::Timeouts;
use app::web::cookies::SESSION;
use app::web::session_loads::SessionLoads;
use futures_util::future::join_all;
use rand::seq::SliceRandom;
use serde_json::json;

use super::{get, in_time, sealed, wait_for_a_lock};
use crate::support::clock;
use crate::support::database::{Database, database, database_with};
use crate::support::people::{Person, test_client};
use crate::support::race::{race, until};
use crate::support::site::Site;
use crate::support::touches::Touches;

/// More than one batch.
const USERS: usize = 100;

/// Users with a session each.
async fn users(site: &Site, count: usize) -> Vec<(User, SessionId)> {
    let mut users = Vec::new();
    for number in 0..count {
        let email: &'static str = format!("user{number}@example.com").leak();
        let user = Person { email, password: "unused" }.create_account(site).await;
        let id = session_of(&site.db, Some(&user)).await;
        users.push((user, id));
    }
    users
}

async fn session_of(db: &Database, user: Option<&User>) -> SessionId {
    let new = NewSession {
        user,
        timeouts: Timeouts::ANONYMOUS,
        remembered: false,
        second_factor: false,
        client: &test_client(),
        state: &json!({}),
    };
    let mut tx = db.pool.begin().await.expect("a transaction");
    let id = session::start(&mut tx, new, 5).await.expect("to insert").expect("a session");
    tx.commit().await.expect("to commit");
    id
}

fn user_of(found: &Result<Option<Session>, impl Sized>) -> Option<&str> {
    let session = found.as_ref().ok().and_then(Option::as_ref)?;
    Some(session.user.as_ref()?.email.as_str())
}

#[tokio::test]
async fn each_load_of_a_batch_gets_its_own_session_or_none() {
    let site = Site::start().await;
    let loads = SessionLoads::new(site.db.pool.clone());
    let users = users(&site, USERS).await;
    // Each session twice, and IDs without a session.
    let mut wanted: Vec<(SessionIdHash, Option<&str>)> = Vec::new();
    for (user, id) in users.iter().chain(&users) {
        wanted.push((id.hash(), Some(&user.email)));
    }
    wanted.extend((0..USERS).map(|_| (SessionId::generate().hash(), None)));
    for _ in 0..5 {
        wanted.shuffle(&mut rand::rng());
        // All of them wait in the queue before the loader runs.
        let found = race(wanted.iter().map(|(id_hash, _)| loads.load(*id_hash))).await;
        for (found, (_, user)) in found.iter().zip(&wanted) {
            assert!(found.is_ok());
            assert_eq!(user_of(found), *user);
        }
    }
}

#[tokio::test]
async fn concurrent_pages_show_their_own_user() {
    let site = Site::start().await;
    let users = users(&site, USERS).await;
    for _ in 0..3 {
        let pages = users.iter().map(async |(_, id)| {
            let cookie = format!("Cookie: {SESSION}={}\r\n", sealed(&site, id.as_str()));
            get(&site, "/app", cookie.as_bytes()).await
        });
        for (page, (user, _)) in race(pages).await.iter().zip(&users) {
            assert_eq!(page.status, 200);
            let shown = page.text().matches("@example.com").count();
            assert!(
                shown > 0 && shown == page.text().matches(&user.email).count(),
                "{}",
                user.email
            );
        }
    }
}

#[tokio::test]
async fn a_failed_statement_fails_the_loads_of_its_batch_only() {
    let db = database().await;
    let loads = SessionLoads::new(db.pool.clone());
    let id = session_of(&db, None).await.hash();
    assert!(matches!(loads.load(id).await, Ok(Some(_))));
    db.run("alter table sessions rename to elsewhere").await;
    for found in race((0..USERS).map(|_| loads.load(id))).await {
        let error = found.expect_err("the table is gone");
        let code = error.as_database_error().and_then(|error| error.code());
        assert_eq!(code.as_deref(), Some("42P01"));
    }
    db.run("alter table elsewhere rename to sessions").await;
    for found in race((0..USERS).map(|_| loads.load(id))).await {
        assert!(matches!(found, Ok(Some(_))));
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_fails_its_own_loads_only() {
    let db = database().await;
    let loads = SessionLoads::new(db.pool.clone());
    let (good, bad) = (session_of(&db, None).await.hash(), session_of(&db, None).await.hash());
    // serde_json reads at most 128 levels; PostgreSQL cannot subtract from infinity.
    for change in [
        "update sessions set state = (repeat('[', 200) || repeat(']', 200))::jsonb where id_hash = $1",
        "update sessions set ends_at = 'infinity' where id_hash = $1",
    ] {
        sqlx::query(change).bind(bad).execute(&db.pool).await.expect("a change");
        let found = race([good, bad, good].map(|id| loads.load(id))).await;
        assert!(matches!(found[..], [Ok(Some(_)), Err(_), Ok(Some(_))]), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_cut_connection_fails_no_load() {
    let db = database().await;
    let loads = SessionLoads::new(db.pool.clone());
    let id = session_of(&db, None).await.hash();
    assert!(matches!(loads.load(id).await, Ok(Some(_))));
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    db.run(cut).await;
    for found in race((0..USERS).map(|_| loads.load(id))).await {
        assert!(matches!(found, Ok(Some(_))));
    }
}

#[tokio::test]
async fn a_cancelled_load_leaves_no_trace_and_harms_no_other() {
    let db = database().await;
    let loads = SessionLoads::new(db.pool.clone());
    let session = async || session_of(&db, None).await.hash();
    let (kept, cancelled, later) = (session().await, session().await, session().await);
    clock::later(&db, "2 minutes").await;
    let mut elsewhere = db.pool.begin().await.expect("a transaction");
    sqlx::query("lock table sessions").execute(&mut *elsewhere).await.expect("a lock");

    // The first load waits for the lock. The others wait for the first one; two of them end.
    let unlock = async {
        wait_for_a_lock(&db, 1).await;
        let mut queued = Box::pin(join_all([kept, kept].map(|id| loads.load(id))));
        let abandoned = join_all([cancelled, cancelled].map(|id| loads.load(id)));
        tokio::select! {
            biased;
            _ = abandoned => unreachable!("the table is locked"),
            _ = &mut queued => unreachable!("the table is locked"),
            () = tokio::task::yield_now() => {}
        }
        elsewhere.rollback().await.expect("to unlock");
        queued.await
    };
    let (first, queued) = in_time(async { tokio::join!(loads.load(kept), unlock) }).await;
    for found in queued.into_iter().chain([first]) {
        assert!(matches!(found, Ok(Some(_))));
    }
    // Touches are in the order of the loads. So once this one is written, all are.
    let is_due = async |id| match loads.load(id).await {
        Ok(Some(session)) => session.touch_due,
        _ => panic!("a valid session"),
    };
    until("the last load is recorded", async || !is_due(later).await).await;
    assert!(!is_due(kept).await);
    assert!(is_due(cancelled).await, "a cancelled request counted as activity");
}

#[tokio::test]
async fn a_touch_that_waits_delays_no_load_and_loses_no_touch() {
    let db = database_with(20).await;
    let loads = SessionLoads::new(db.pool.clone());
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(session_of(&db, None).await.hash());
    }
    clock::later(&db, "2 minutes").await;
    let touches = Touches::watch(&db).await;
    // A touch needs no time to open a connection.
    drop(join_all((0..10).map(|_| db.pool.acquire())).await);
    let mut elsewhere = db.pool.begin().await.expect("a transaction");
    // This lock allows reads of the table and blocks writes.
    sqlx::query("lock table sessions in share mode").execute(&mut *elsewhere).await.expect("it");
    for id in &ids {
        assert!(matches!(in_time(loads.load(*id)).await, Ok(Some(_))));
    }
    wait_for_a_lock(&db, 1).await;
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    assert_eq!(db.number(waits).await, 1, "a locked table must not use up the pool");
    elsewhere.rollback().await.expect("to unlock");
    // No further load is needed.
    until("all are touched", async || touches.times().await == 10).await;
}

#[tokio::test]
async fn the_connection_of_a_loader_is_closed_with_it() {
    let db = database().await;
    let loads = SessionLoads::new(db.pool.clone());
    let id = session_of(&db, None).await.hash();
    assert!(matches!(loads.load(id).await, Ok(Some(_))));
    let held = "select count(*) from pg_stat_activity
                where datname = current_database() and query like 'select s.id, s.csrf_binding%'";
    assert_eq!(db.number(held).await, 1);
    drop(loads);
    until("the connection is closed", async || db.number(held).await == 0).await;
}
