//! What an operator does to an account: locks and unlocks it, logs it out, deletes it.
//!
//! A lock and a log-out raise the epoch, as a credential change does. So a login that is in flight
//! begins no session, and after `unlock` no older session is valid again. Every function that
//! changes something needs the lock that `hold` takes.

use sqlx::PgExecutor;

use crate::accounts::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// An account whose row is locked until the end of the transaction.
#[derive(Debug, Clone)]
pub struct HeldUser {
    pub id: UserId,
    /// As stored, not as typed.
    pub email: String,
    pub email_canonical: String,
    /// Set by an operator, or by "this wasn't me" when it could not restore the email address.
    pub is_locked: bool,
}

/// Finds an account and locks its row, so that a concurrent login, credential change or command
/// waits. `for update` and not `for no key update`, because a deletion needs it.
pub async fn hold(tx: &mut Connection, email: &Email) -> sqlx::Result<Option<HeldUser>> {
    sqlx::query_as!(
        HeldUser,
        r#"select id as "id: UserId", email, email_canonical, locked_at is not null as "is_locked!"
           from users where email_canonical = $1 for update"#,
        email.canonical(),
    )
    .fetch_optional(tx)
    .await
}

/// The email address of the account that had this one, if it was changed in the last 7 days: as
/// long as the old address has a link that restores it.
pub async fn moved_from(db: impl PgExecutor<'_>, email: &Email) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select u.email from tokens t join users u on u.id = t.user_id
         where t.purpose = 'not_me' and lower(t.email) = $1 and t.expires_at > now()
             and u.email_canonical <> $1
         order by t.created_at desc limit 1",
        email.canonical(),
    )
    .fetch_optional(db)
    .await
}

/// Rejects every login from now on, and raises the epoch.
pub async fn lock(tx: &mut Connection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set locked_at = now(), session_epoch = session_epoch + 1 where id = $1",
        id as _,
    )
    .execute(tx)
    .await
    .map(drop)
}

pub async fn unlock(tx: &mut Connection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("update users set locked_at = null where id = $1", id as _)
        .execute(tx)
        .await
        .map(drop)
}

/// Deletes an account with its sessions, tokens and devices. `crate::deletion` deletes the rest.
pub async fn delete(tx: &mut Connection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from users where id = $1", id as _).execute(tx).await.map(drop)
}
