//! The `devices` table: browsers that an account has logged in on before.
//!
//! When an attacker keeps guessing, new browsers have to wait. The owner's browser is recognised by
//! a random cookie and does not wait with them (OWASP, "device cookies"). The cookie grants nothing
//! else: the password is still required, and the device has a counter of its own.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;

use super::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// How many devices an account knows at most.
pub const MOST: i64 = 20;

/// What the cookie holds: 256 random bits, without `Debug`.
#[derive(Clone)]
pub struct DeviceToken([u8; 32]);

impl DeviceToken {
    pub fn generate() -> Self {
        Self(rand::random())
    }

    /// `None` for anything that `text` cannot have written.
    pub fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Self)
    }

    pub fn text(&self) -> String {
        BASE64.encode(self.0)
    }

    /// What the database knows of it.
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

/// Which of these values the account of this email address knows, from a login within a year.
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

/// Makes a browser a known device for another year, under a new value. The values of this account
/// among those that it sent are replaced, so a copy of one is invalid from now on; those of other
/// accounts stay as they are. Beyond `MOST` devices, those not used for longest are forgotten.
///
/// Returns the hashes among `sent` that other accounts still know. `None` when the account's
/// credentials have changed since `epoch` was read: a thief's login on its way makes no device
/// known.
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

/// Forgets the devices of an account.
pub async fn forget(tx: &mut Connection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from devices where user_id = $1", user_id as _).execute(tx).await.map(drop)
}

/// Forgets up to `batch` devices that nobody has used for a year; returns how many there were.
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
