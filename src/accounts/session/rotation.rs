//! Rotation: a session continues under a new ID. See `web/session_rotation.rs`.

use sqlx::PgExecutor;
use uuid::Uuid;

use super::end_by_id_hash;
use crate::accounts::session_id::{SessionId, SessionIdHash};
use crate::database::Connection;

/// Why a session ID is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationReason {
    /// The user has typed the password.
    Authenticated,
    /// The user has proved a second factor.
    SecondFactor,
    /// Something changed without a new proof, such as an email address by its link. Sudo mode is
    /// not extended: `authenticated_at` stays.
    CredentialChanged,
}

/// Rotates the ID of a session whose user has authenticated again or changed a credential. Also
/// gives it the user's epoch and a new CSRF binding. `None` if the session has ended meanwhile.
pub async fn rotate_in_place(
    tx: &mut Connection,
    id: Uuid,
    epoch: i32,
    reason: RotationReason,
) -> sqlx::Result<Option<SessionId>> {
    let session_id = SessionId::generate();
    let rotated = sqlx::query!(
        "update sessions set id_hash = $2, previous_id_hash = id_hash, user_epoch = $3,
                csrf_binding = $4,
                authenticated_at = case when $5 then now() else authenticated_at end,
                second_factor_at = case when $6 then now() else second_factor_at end
         where id = $1 and ends_at > now()",
        id,
        session_id.hash() as _,
        epoch,
        &rand::random::<[u8; 32]>(),
        reason != RotationReason::CredentialChanged,
        reason == RotationReason::SecondFactor,
    )
    .execute(tx)
    .await?;
    Ok((rotated.rows_affected() == 1).then_some(session_id))
}

/// Records that the user of a session has no second factor any more.
pub async fn forget_second_factor(tx: &mut Connection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update sessions set second_factor_at = null where id = $1", id)
        .execute(tx)
        .await
        .map(drop)
}

/// Ends the session that a new one replaces, as at a login. The new one remembers the old ID. Of
/// two concurrent requests that replace one session, one ends it, and only its session does.
///
/// In the transaction that begins the new one: in between, a request with the old ID would be one
/// of a session that is gone, and its response would remove the new cookie.
pub async fn replace(
    tx: &mut Connection,
    old: &SessionIdHash,
    new: Option<&SessionId>,
) -> sqlx::Result<()> {
    let (true, Some(new)) = (end_by_id_hash(&mut *tx, old).await?, new) else { return Ok(()) };
    sqlx::query!(
        "update sessions set previous_id_hash = $2 where id_hash = $1",
        new.hash() as _,
        old as _,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Whether this is the ID that a session had before its last rotation, or that of the session
/// which it has replaced.
pub async fn was_rotated(db: impl PgExecutor<'_>, id_hash: &SessionIdHash) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from sessions where previous_id_hash = $1) as "rotated!""#,
        id_hash as _,
    )
    .fetch_one(db)
    .await
}
