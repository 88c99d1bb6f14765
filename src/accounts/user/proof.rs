//! What an account is proved by, and its changes: the password, and mail that came back.
//!
//! Every change of a credential raises the epoch, which ends every session of the user, one whose
//! login is on its way included.

use sqlx::{Connection, PgConnection, PgExecutor};
use uuid::Uuid;

use crate::accounts::email::Email;
use crate::accounts::password::PasswordHash;

/// Sets a new password, and ends every session by the epoch. `None` when the password is no
/// longer `old`: of two changes at the same moment one wins. Returns the new epoch.
pub async fn change_password(
    tx: &mut PgConnection,
    id: Uuid,
    old: &PasswordHash,
    new: &PasswordHash,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "update users set password_hash = $3, password_changed_at = now(),
                session_epoch = session_epoch + 1
         where id = $1 and password_hash = $2 and locked_at is null
         returning session_epoch",
        id,
        old.as_str(),
        new.as_str(),
    )
    .fetch_optional(tx)
    .await
}

/// Stores the same password under today's Argon2 settings. Not a change of a credential, so the
/// epoch stays; a change of the password in between wins.
pub async fn rehash(
    db: impl PgExecutor<'_>,
    id: Uuid,
    old: &PasswordHash,
    new: &PasswordHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set password_hash = $3 where id = $1 and password_hash = $2",
        id,
        old.as_str(),
        new.as_str(),
    )
    .execute(db)
    .await
    .map(drop)
}

/// The address is proved. With `password_hash`, that password counts from now on and no other.
/// Every session ends by the epoch: they were opened before anybody knew whose address it is.
pub async fn verify(
    tx: &mut PgConnection,
    id: Uuid,
    password_hash: Option<&PasswordHash>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "update users set email_verified_at = coalesce(email_verified_at, now()),
                password_hash = coalesce($2, password_hash), session_epoch = session_epoch + 1
         where id = $1 returning session_epoch",
        id,
        password_hash.map(PasswordHash::as_str),
    )
    .fetch_one(tx)
    .await
}

/// Sets a password on the strength of a mail, which proves the address as well. Ends every
/// session, and lifts `require_reset`.
pub async fn reset_password(
    tx: &mut PgConnection,
    id: Uuid,
    new: &PasswordHash,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "update users set password_hash = $2, password_changed_at = now(),
                session_epoch = session_epoch + 1, reset_required_at = null,
                email_verified_at = coalesce(email_verified_at, now())
         where id = $1 returning session_epoch",
        id,
        new.as_str(),
    )
    .fetch_one(tx)
    .await
}

/// Until the password was reset by mail it opens nothing. Ends every session.
pub async fn require_reset(tx: &mut PgConnection, id: Uuid) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "update users set reset_required_at = now(), session_epoch = session_epoch + 1
         where id = $1 returning session_epoch",
        id,
    )
    .fetch_one(tx)
    .await
}

/// Whoever registered mistyped the address: only while it is unproved. `false` when the right
/// one has an account already, which PostgreSQL decides.
pub async fn correct_email(tx: &mut PgConnection, id: Uuid, email: &Email) -> sqlx::Result<bool> {
    // A savepoint: the caller's transaction outlives the refusal.
    let mut attempt = tx.begin().await?;
    let corrected = sqlx::query!(
        "update users set email = $2, email_canonical = $3
         where id = $1 and email_verified_at is null",
        id,
        email.as_str(),
        email.canonical(),
    );
    match corrected.execute(&mut *attempt).await {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        other => {
            let corrected = other?.rows_affected() == 1;
            attempt.commit().await?;
            Ok(corrected)
        }
    }
}
