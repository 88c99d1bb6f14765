//! Ends sessions: a row that is gone is a session that is invalid at once, on every instance.

use sqlx::PgExecutor;
use uuid::Uuid;

use crate::accounts::session_id::SessionIdHash;
use crate::accounts::user_id::UserId;
use crate::database::Connection;

/// Locks the row of the user whose session is to be ended, until the end of the transaction, also
/// if the credentials have changed since the session was loaded (`user::hold_unchanged` does not).
/// Without this lock, the logout could deadlock with a further change that waits for the row of
/// the session.
pub async fn hold_owner(tx: &mut Connection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!("select id from users where id = $1 for no key update", user_id as _)
        .fetch_optional(tx)
        .await
        .map(drop)
}

/// Ends one session.
pub async fn end(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where id = $1", id).execute(db).await.map(drop)
}

/// Ends the session with this ID; `false` if there is none.
pub async fn end_by_id_hash(
    db: impl PgExecutor<'_>,
    id_hash: &SessionIdHash,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!("delete from sessions where id_hash = $1", id_hash as _);
    Ok(ended.execute(db).await?.rows_affected() == 1)
}

/// Ends every session of a user except `keep`. After a credential change the caller has raised the
/// epoch, which also stops logins that have verified the old password but not yet begun a session.
pub async fn end_all(
    tx: &mut Connection,
    user_id: UserId,
    keep: Option<Uuid>,
) -> sqlx::Result<u64> {
    let ended = sqlx::query!(
        "delete from sessions where user_id = $1 and id is distinct from $2",
        user_id as _,
        keep,
    );
    Ok(ended.execute(tx).await?.rows_affected())
}
