//! Upkeep of sessions, for which no response waits: the idle timeout and pruning.

use sqlx::PgExecutor;

use crate::accounts::session_id::SessionIdHash;

/// Moves the idle timeout of these sessions where it is due. Skips locked rows, so it neither waits
/// for another transaction nor deadlocks; a later request touches a skipped row. The commit does
/// not wait for the disk, so a crash can lose a minute of activity.
pub async fn touch(db: impl PgExecutor<'_>, id_hashes: &[SessionIdHash]) -> sqlx::Result<u64> {
    let touched = sqlx::query!(
        "with off as materialized (select set_config('synchronous_commit', 'off', true)),
         due as (
             select id from sessions
             where id_hash = any($1) and last_seen_at < now() - least('1 minute', idle_timeout / 10)
             for no key update skip locked)
         update sessions s set last_seen_at = now() from off, due where s.id = due.id",
        id_hashes as _,
    )
    .execute(db)
    .await?;
    Ok(touched.rows_affected())
}

/// Deletes up to `batch` expired sessions; returns how many it deleted. Skips locked rows until the
/// next round, so two instances can prune concurrently.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from sessions where id in (
             select id from sessions
             where ends_at <= now() or last_seen_at + idle_timeout <= now()
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
