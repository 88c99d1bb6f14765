//! Pruning deletes expired rows, and no others.

use std::time::Duration;

use app::background::prune;
use tokio::join;

use crate::support::clock;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

const YEAR: Duration = Duration::from_hours(8760);

/// Two and a half batches of sessions. Half are past the idle timeout, half past the absolute one.
const EXPIRED: &str = "
    insert into sessions (id, id_hash, csrf_binding, idle_timeout, last_seen_at, ends_at)
    select gen_random_uuid(), sha256(n::text::bytea), '', '1 hour',
           now() - case when n % 2 = 0 then interval '1 hour' else interval '0' end,
           now() + case when n % 2 = 0 then interval '1 hour' else interval '0' end
    from generate_series(1, 2500) n";

#[tokio::test]
async fn only_expired_sessions_are_deleted() {
    let site = Site::start().await;
    ADA.at(&site).await;
    clock::later(&site.db, "61 minutes").await;
    let mut live = GRACE.at(&site).await;
    site.db.run(EXPIRED).await;

    assert_eq!(prune(&site.db.pool, YEAR).await.expect("the database"), 2_500 + 1);
    assert_eq!(prune(&site.db.pool, YEAR).await.expect("the database"), 0);
    live.visit("/app").await;
    live.must_be_at("/app", 200);
}

#[tokio::test]
async fn two_instances_prune_concurrently_without_waiting() {
    let site = Site::start().await;
    site.db.run(EXPIRED).await;
    let mut elsewhere = site.db.pool.begin().await.expect("the database");
    sqlx::query("select from sessions limit 1 for update")
        .execute(&mut *elsewhere)
        .await
        .expect("a row that somebody else holds");
    let (one, other) = join!(prune(&site.db.pool, YEAR), prune(&site.db.pool, YEAR));
    assert!(one.expect("the database") + other.expect("the database") <= 2_499);
    elsewhere.rollback().await.expect("the database");
    prune(&site.db.pool, YEAR).await.expect("the database");
    assert_eq!(site.db.number("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn audit_events_are_pruned_after_the_configured_retention() {
    let site = Site::with(&[("AUDIT_RETENTION", "30d")]).await;
    let events = "select count(*) from audit_events";
    let retention = site.app.config.audit_retention;
    ADA.at(&site).await;
    clock::later(&site.db, "29 days").await;
    GRACE.at(&site).await;
    let before = site.db.number(events).await;
    prune(&site.db.pool, retention).await.expect("the database");
    assert_eq!(site.db.number(events).await, before);
    clock::later(&site.db, "1 day").await;
    prune(&site.db.pool, retention).await.expect("the database");
    assert_eq!(site.db.number(events).await, 1, "the login of a day ago");
}

#[tokio::test]
async fn frequently_updated_columns_are_in_no_index() {
    let site = Site::start().await;
    // Otherwise PostgreSQL would write to every index of the table at each of these updates.
    let indexed = "
        select count(*) from pg_index i join pg_attribute a
            on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        where (i.indrelid::regclass::text, a.attname) in (
            ('sessions', 'last_seen_at'), ('sessions', 'state'), ('throttles', 'failures'),
            ('throttles', 'in_a_row'), ('throttles', 'counted_at'), ('throttles', 'wait_until'),
            ('throttles', 'forget_at'), ('devices', 'last_used_at'))";
    assert_eq!(site.db.number(indexed).await, 0);
}

#[tokio::test]
async fn pruning_uses_an_index_where_there_is_one() {
    let site = Site::start().await;
    let mut tx = site.db.pool.begin().await.expect("the database");
    for (table, expired) in [
        ("tokens", "expires_at <= now()"),
        ("registrations", "expires_at <= now()"),
        ("outbox", "created_at < now() - interval '30 days'"),
        ("audit_events", "created_at <= now() - make_interval(days => 365)"),
    ] {
        // PostgreSQL prefers a sequential scan of an empty table, so it is turned off.
        sqlx::query("set local enable_seqscan = off").execute(&mut *tx).await.expect("a setting");
        let explain = format!("explain select from {table} where {expired} limit 1000");
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
            .fetch_all(&mut *tx)
            .await
            .expect("a plan");
        assert!(!plan.iter().any(|line| line.contains("Seq Scan")), "{table}: {plan:#?}");
    }
}
