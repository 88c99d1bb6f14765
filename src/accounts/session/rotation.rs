//! Rotation: a session continues under a new ID. See `web/session_rotation.rs`.

use sqlx::PgExecutor;
use uuid::Uuid;

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

/// Records that a new session has replaced one of the same browser, as a login does. Only the
/// request that has ended a session may call it: two sessions cannot follow one.
pub async fn follow(
    tx: &mut Connection,
    id_hash: &SessionIdHash,
    replaced: &SessionIdHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set previous_id_hash = $2 where id_hash = $1",
        id_hash as _,
        replaced as _,
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
