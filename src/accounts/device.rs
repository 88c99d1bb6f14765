//! The `devices` table: browsers that have logged in to an account before.
//!
//! While an attacker guesses a password, logins from unknown browsers are throttled. A known device
//! has counters of its own, so its owner can still log in (OWASP, "device cookies"). A random
//! cookie identifies it. The cookie grants nothing else: the password is still required.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// The most devices that an account can have.
pub const MOST: i64 = 20;

/// The value in the cookie: 256 random bits. No `Debug`, so that no log contains it.
#[derive(Clone)]
pub struct DeviceToken([u8; 32]);

impl DeviceToken {
    pub fn generate() -> Self {
        Self(rand::random())
    }

    /// Reads what `text` writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Self)
    }

    pub fn text(&self) -> String {
        BASE64.encode(self.0)
    }

    /// The value that the database stores.
    pub fn hash(&self) -> DeviceHash {
        DeviceHash(Sha256::digest(self.0).into())
    }
}

/// The SHA-256 of a `DeviceToken`: `devices.token_hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct DeviceHash([u8; 32]);

impl DeviceHash {
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The newest of the `sent` values that the account of this email address knows. Valid for a year.
pub async fn known(
    db: impl PgExecutor<'_>,
    sent: &[DeviceHash],
    email: &Email,
) -> sqlx::Result<Option<DeviceHash>> {
    sqlx::query_scalar!(
        r#"select d.token_hash as "token_hash: DeviceHash"
           from devices d join users u on u.id = d.user_id
           where d.token_hash = any($1) and u.email_canonical = $2
             and d.last_used_at > now() - interval '1 year'
           order by d.last_used_at desc limit 1"#,
        sent as _,
        email.canonical(),
    )
    .fetch_optional(db)
    .await
}

/// Whether none of these is a known device of the user. Also true if the account has no known
/// device, for example after an operator has logged it out: the next login may be a thief's.
pub async fn is_new(
    db: impl PgExecutor<'_>,
    sent: &[DeviceHash],
    user_id: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select not exists (
               select from devices
               where user_id = $2 and token_hash = any($1)
                   and last_used_at > now() - interval '1 year') as "is_new!""#,
        sent as _,
        user_id as _,
    )
    .fetch_one(db)
    .await
}

/// Makes a browser a known device of an account for a year, under a new value. The account's other
/// values in `sent` are deleted, so a copy of one becomes invalid; those of other accounts stay.
/// Beyond `MOST` devices, the least recently used are forgotten.
///
/// Returns the hashes in `sent` that other accounts still know. `None` if the account's credentials
/// have changed since `epoch` was read: a thief's concurrent login makes no device known.
pub async fn remember(
    tx: &mut Connection,
    sent: &[DeviceHash],
    new: DeviceHash,
    user_id: UserId,
    epoch: i32,
) -> sqlx::Result<Option<Vec<DeviceHash>>> {
    let unchanged = sqlx::query!(
        "select id from users where id = $1 and session_epoch = $2 for no key update",
        user_id as _,
        epoch,
    );
    if unchanged.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(None);
    }
    sqlx::query!(
        "delete from devices where user_id = $1 and token_hash = any($2)",
        user_id as _,
        sent as _,
    )
    .execute(&mut *tx)
    .await?;
    let others = sqlx::query_scalar!(
        r#"select token_hash as "token_hash: DeviceHash" from devices where token_hash = any($1)"#,
        sent as _,
    );
    let others = others.fetch_all(&mut *tx).await?;
    sqlx::query!(
        "insert into devices (token_hash, user_id) values ($1, $2)",
        new as _,
        user_id as _
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "delete from devices where user_id = $1 and token_hash <> $2 and token_hash not in (
             select token_hash from devices where user_id = $1 and token_hash <> $2
             order by last_used_at desc limit $3)",
        user_id as _,
        new as _,
        MOST - 1,
    )
    .execute(tx)
    .await?;
    Ok(Some(others))
}

/// The devices of an account.
pub async fn list(tx: &mut Connection, user_id: UserId) -> sqlx::Result<Vec<DeviceHash>> {
    let hashes = sqlx::query_scalar!(
        r#"select token_hash as "token_hash: DeviceHash" from devices where user_id = $1"#,
        user_id as _,
    );
    hashes.fetch_all(tx).await
}

/// Forgets the devices of an account.
pub async fn forget(tx: &mut Connection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from devices where user_id = $1", user_id as _).execute(tx).await.map(drop)
}

/// When each known device of a user last logged in, the latest first.
pub async fn last_used(
    db: impl PgExecutor<'_>,
    user_id: UserId,
) -> sqlx::Result<Vec<OffsetDateTime>> {
    sqlx::query_scalar!(
        "select last_used_at from devices where user_id = $1 order by last_used_at desc",
        user_id as _,
    )
    .fetch_all(db)
    .await
}

/// Deletes up to `batch` devices that were not used for a year; returns how many it deleted.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from devices where (token_hash, user_id) in (
             select token_hash, user_id from devices
             where last_used_at <= now() - interval '1 year'
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
