//! The `half_logins` table: logins that have passed the first factor, and wait for the second one.
//!
//! A row grants nothing but tries at the second factor. It is no session of the user, so no page
//! that needs a login can mistake it for one. It is used once, lives for five minutes, and becomes
//! invalid with the next credential change, like every login that is under way.

use sqlx::PgExecutor;
use uuid::Uuid;

use super::user::User;
use super::user_id::UserId;
use crate::database::Connection;
use crate::keys::Keys;

/// A login that waits for its second factor.
#[derive(Debug, Clone)]
pub struct HalfLogin {
    pub id: Uuid,
    /// As read with the first factor, with the epoch.
    pub user: User,
    pub remembered: bool,
    /// The path after the login. Empty if it cannot be decrypted any more.
    pub next: String,
}

/// Begins one; returns its ID for the state of the session. `next` is stored encrypted: it can be
/// the link of an email, which a stolen dump must not contain.
pub async fn begin(
    db: impl PgExecutor<'_>,
    keys: &Keys,
    user: &User,
    remembered: bool,
    next: &str,
) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        "insert into half_logins (id, user_id, user_epoch, remembered, next)
         values ($1, $2, $3, $4, $5) returning id",
        // Not v7: nobody may guess it from the time.
        Uuid::new_v4(),
        user.id as _,
        user.session_epoch,
        remembered,
        keys.encrypt_text(user.id.as_bytes(), next.as_bytes()),
    )
    .fetch_one(db)
    .await
}

/// Finds one that is still valid.
pub async fn find(
    db: impl PgExecutor<'_>,
    keys: &Keys,
    id: Uuid,
) -> sqlx::Result<Option<HalfLogin>> {
    let row = sqlx::query!(
        r#"select u.id as "user_id: UserId", u.email, u.session_epoch, h.remembered, h.next
           from half_logins h join users u on u.id = h.user_id
           where h.id = $1 and h.expires_at > now()
             and u.session_epoch = h.user_epoch and u.locked_at is null"#,
        id,
    );
    Ok(row.fetch_optional(db).await?.map(|row| HalfLogin {
        id,
        next: decrypted(keys, row.user_id, &row.next).unwrap_or_default(),
        user: User { id: row.user_id, email: row.email, session_epoch: row.session_epoch },
        remembered: row.remembered,
    }))
}

fn decrypted(keys: &Keys, user_id: UserId, stored: &str) -> Option<String> {
    String::from_utf8(keys.decrypt_text(user_id.as_bytes(), stored)?).ok()
}

/// Uses one up; `false` if it was used before, or has expired.
pub async fn take(tx: &mut Connection, id: Uuid) -> sqlx::Result<bool> {
    let taken = sqlx::query!("delete from half_logins where id = $1 and expires_at > now()", id);
    Ok(taken.execute(tx).await?.rows_affected() == 1)
}

/// Deletes up to `batch` expired rows; returns how many it deleted.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from half_logins where id in (
             select id from half_logins where expires_at <= now()
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
