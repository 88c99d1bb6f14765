//! Credential changes: a new password or email address, and whether the password must be reset.
//!
//! Every credential change raises the epoch. That ends every session of the user except one that is
//! given the new epoch, and stops a login that has verified the old password but not yet begun its
//! session.

use sqlx::{Executor, PgExecutor};

use crate::accounts::password::PasswordHash;
use crate::accounts::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// Sets a new password and raises the epoch, which it returns. `None` if the password is no longer
/// `old`, so that one of two concurrent changes succeeds, or if the account is locked.
pub async fn change_password(
    tx: &mut Connection,
    id: UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "update users set password_hash = $3, password_changed_at = now(),
                session_epoch = session_epoch + 1
         where id = $1 and password_hash = $2 and locked_at is null
         returning session_epoch",
        id as _,
        old.as_str(),
        new.as_str(),
    )
    .fetch_optional(tx)
    .await
}

/// Stores a new hash of the same password, with today's Argon2 settings. This is no credential
/// change, so the epoch stays. Does nothing if the password was changed meanwhile.
pub async fn rehash(
    db: impl PgExecutor<'_>,
    id: UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set password_hash = $3 where id = $1 and password_hash = $2",
        id as _,
        old.as_str(),
        new.as_str(),
    )
    .execute(db)
    .await
    .map(drop)
}

/// Sets a new password after a reset link was used, raises the epoch, and lifts `require_reset`.
pub async fn reset_password(
    tx: &mut Connection,
    id: UserId,
    new: &PasswordHash,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "update users set password_hash = $2, password_changed_at = now(),
                session_epoch = session_epoch + 1, reset_required_at = null
         where id = $1 returning session_epoch",
        id as _,
        new.as_str(),
    )
    .fetch_one(tx)
    .await
}

/// Makes the password invalid until it is reset by email, and raises the epoch.
pub async fn require_reset(tx: &mut Connection, id: UserId) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "update users set reset_required_at = now(), session_epoch = session_epoch + 1
         where id = $1 returning session_epoch",
        id as _,
    )
    .fetch_one(tx)
    .await
}

/// Gives the account another email address and raises the epoch, which it returns. `None` if the
/// address has an account, even since a moment ago: the unique index decides, and the savepoint
/// keeps the caller's transaction usable.
pub async fn change_email(
    tx: &mut Connection,
    id: UserId,
    email: &Email,
) -> sqlx::Result<Option<i32>> {
    tx.execute("savepoint change_email").await?;
    let changed = sqlx::query_scalar!(
        "update users set email = $2, email_canonical = $3, session_epoch = session_epoch + 1
         where id = $1 returning session_epoch",
        id as _,
        email.as_str(),
        email.canonical(),
    );
    match changed.fetch_one(&mut *tx).await {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            tx.execute("rollback to savepoint change_email").await?;
            Ok(None)
        }
        changed => changed.map(Some),
    }
}

/// Raises the epoch and returns it: for a change of a second factor, and for an operator who ends
/// all sessions.
pub async fn raise_epoch(tx: &mut Connection, id: UserId) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "update users set session_epoch = session_epoch + 1 where id = $1 returning session_epoch",
        id as _,
    )
    .fetch_one(tx)
    .await
}
