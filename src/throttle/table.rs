//! The `throttles` table: one row for each key on which attempts are counted.
//!
//! Every statement locks its rows in the order of their keys, so two attempts cannot deadlock.

use std::time::Duration;

use sqlx::PgExecutor;

use super::limits::Limit;
use crate::database::{Connection, Database};

/// `throttles.key_hash`.
pub(super) type KeyHash = [u8; 32];

/// A key as the table stores it, with its limit.
pub(super) struct Counted {
    pub hash: KeyHash,
    pub limit: &'static Limit,
}

/// Why an attempt is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("too many attempts: {} s to wait", .0.as_secs())]
    Wait(Duration),
    /// `Limit::in_a_row` is reached; no wait helps.
    #[error("too many attempts failed in a row")]
    LockedOut,
}

pub(super) enum CountOutcome {
    Counted,
    RowMissing,
    Rejected(KeyHash, Rejection),
}

/// Counts one attempt on all keys or on none.
///
/// A key that has to wait is found without a lock, so each request of a flood costs one read.
/// Otherwise the rows are locked in the order of their keys, which rules out a deadlock of two
/// attempts, and checked again. One failure is forgotten per longest wait since the last one.
pub(super) async fn count(db: &Database, keys: &[Counted]) -> sqlx::Result<CountOutcome> {
    if keys.is_empty() {
        return Ok(CountOutcome::Counted);
    }
    let limits = || keys.iter().map(|key| key.limit);
    let hashes: Vec<&[u8]> = keys.iter().map(|key| key.hash.as_slice()).collect();
    let free: Vec<i32> = limits().map(|limit| limit.free).collect();
    let first: Vec<f64> = limits().map(|limit| limit.first_wait.as_secs_f64()).collect();
    let longest: Vec<f64> = limits().map(|limit| limit.longest_wait.as_secs_f64()).collect();
    let in_a_row: Vec<Option<i32>> = limits().map(|limit| limit.in_a_row).collect();
    let verdict = sqlx::query!(
        r#"with asked as (
             select * from unnest(
                 $1::bytea[], $2::integer[], $3::float8[], $4::float8[], $5::integer[])
                 as asked (key_hash, free, first, longest, most)),
         seen as (
             select t.key_hash, t.wait_until from throttles t join asked using (key_hash)),
         held as materialized (
             select t.key_hash, t.wait_until, t.in_a_row + 1 as in_a_row,
                    a.free, a.first, a.longest, a.most,
                    1 + greatest(0, t.failures - greatest(0, floor(
                        extract(epoch from now() - t.counted_at)::float8 / a.longest))) as failures
             from throttles t join asked a on a.key_hash = t.key_hash
             where not exists (select from seen where wait_until > now())
             order by t.key_hash for update of t),
         verdict as (
             select count(*) = cardinality($1) and bool_and(wait_until <= now()) as admitted
             from held),
         counted as (
             update throttles t
             set failures = h.failures, in_a_row = h.in_a_row, counted_at = now(),
                 wait_until = case
                     when h.in_a_row >= h.most then 'infinity'
                     when h.failures < h.free then '-infinity'
                     else now() + make_interval(
                         secs => least(h.longest, h.first * 2 ^ least(h.failures - h.free, 30))) end,
                 forget_at = now() + case when h.most is null
                     then make_interval(secs => h.failures * h.longest)
                     else interval '1 year' end
             from held h
             where t.key_hash = h.key_hash and (select admitted from verdict))
         select coalesce(admitted, false) as "admitted!", worst.key_hash as "key_hash?",
                (extract(epoch from worst.wait_until)
                    - extract(epoch from now()))::float8 as "wait?"
         from verdict left join lateral (
             select key_hash, wait_until from seen where wait_until > now()
             union all select key_hash, wait_until from held where wait_until > now()
             order by wait_until desc limit 1) worst on true"#,
        &hashes as _,
        &free,
        &first,
        &longest,
        &in_a_row as _,
    )
    .fetch_one(db)
    .await?;
    if verdict.admitted {
        return Ok(CountOutcome::Counted);
    }
    // A rejected attempt inserts no row; otherwise a flood could fill the table.
    let Some(hash) = verdict.key_hash.and_then(|hash| hash.try_into().ok()) else {
        return Ok(CountOutcome::RowMissing);
    };
    let rejection = match verdict.wait.unwrap_or_default() {
        f64::INFINITY => Rejection::LockedOut,
        seconds => Rejection::Wait(Duration::from_secs_f64(seconds.ceil().max(1.0))),
    };
    Ok(CountOutcome::Rejected(hash, rejection))
}

pub(super) async fn insert_rows(db: &Database, keys: &[Counted]) -> sqlx::Result<()> {
    let hashes: Vec<&[u8]> = keys.iter().map(|key| key.hash.as_slice()).collect();
    let actions: Vec<&str> = keys.iter().map(|key| key.limit.action.name()).collect();
    let scopes: Vec<&str> = keys.iter().map(|key| key.limit.scope.name()).collect();
    sqlx::query!(
        "insert into throttles (key_hash, action, scope)
         select * from unnest($1::bytea[], $2::text[], $3::text[]) as new (key_hash, action, scope)
         order by key_hash
         on conflict (key_hash) do nothing",
        &hashes as _,
        &actions as _,
        &scopes as _,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Sets the counters of `reset` to 0 and subtracts one from those of `subtracted`. The waits of
/// both end.
pub(super) async fn reset(
    db: &Database,
    reset: &[KeyHash],
    subtracted: &[KeyHash],
) -> sqlx::Result<()> {
    let all: Vec<&[u8]> = reset.iter().chain(subtracted).map(KeyHash::as_slice).collect();
    let subtracted: Vec<&[u8]> = subtracted.iter().map(KeyHash::as_slice).collect();
    sqlx::query!(
        "with held as materialized (
             select key_hash from throttles where key_hash = any($1) order by key_hash for update)
         update throttles t
         set failures = case when t.key_hash = any($2) then greatest(failures - 1, 0) else 0 end,
             in_a_row = 0, wait_until = '-infinity'
         from held where t.key_hash = held.key_hash",
        &all as _,
        &subtracted as _,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Subtracts one attempt and ends its wait: the attempt was admitted, so the wait before it had
/// passed.
pub(super) async fn undo(db: &Database, keys: &[KeyHash]) -> sqlx::Result<()> {
    let keys: Vec<&[u8]> = keys.iter().map(KeyHash::as_slice).collect();
    sqlx::query!(
        "with held as materialized (
             select key_hash from throttles where key_hash = any($1) order by key_hash for update)
         update throttles t
         set failures = greatest(failures - 1, 0), in_a_row = greatest(in_a_row - 1, 0),
             wait_until = '-infinity'
         from held where t.key_hash = held.key_hash",
        &keys as _,
    )
    .execute(db)
    .await
    .map(drop)
}

pub(super) async fn delete(tx: &mut Connection, keys: &[KeyHash]) -> sqlx::Result<()> {
    let keys: Vec<&[u8]> = keys.iter().map(KeyHash::as_slice).collect();
    sqlx::query!(
        "with held as materialized (
             select key_hash from throttles where key_hash = any($1) order by key_hash for update)
         delete from throttles t using held where t.key_hash = held.key_hash",
        &keys as _,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes up to `batch` counters whose attempts are all forgotten; returns how many.
///
/// # Errors
/// The database's.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from throttles where key_hash in (
             select key_hash from throttles where forget_at <= now()
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
