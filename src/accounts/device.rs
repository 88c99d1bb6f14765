//! The `devices` table: browsers that an account has logged in on before.
//!
//! When an attacker keeps guessing, new browsers have to wait. The owner's browser is recognised by
//! a random cookie and does not wait with them (OWASP, "device cookies"). The cookie grants nothing
//! else: the password is still required, and the device has a counter of its own.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::email::Email;
use crate::database::Connection;

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
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// Whether the account of this address has logged in on this device within a year.
pub async fn is_known(
    db: impl PgExecutor<'_>,
    token_hash: &[u8; 32],
    email: &Email,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from devices d join users u on u.id = d.user_id
               where d.token_hash = $1 and u.email_canonical = $2
                 and d.last_used_at > now() - interval '1 year') as "known!""#,
        token_hash,
        email.canonical(),
    )
    .fetch_one(db)
    .await
}

/// Makes this browser a known device for another year, under a new value: an old one that was
/// copied or planted is then invalid. Other accounts that knew the old value know the new one.
/// Beyond `MOST` devices of the account, those not used for longest are forgotten.
pub async fn remember(
    tx: &mut Connection,
    old: Option<&[u8; 32]>,
    new: &[u8; 32],
    user_id: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!("select id from users where id = $1 for no key update", user_id)
        .fetch_one(&mut *tx)
        .await?;
    if let Some(old) = old {
        // In one order: two people who log in at once in the same browser would deadlock.
        sqlx::query!(
            "with held as materialized (
                 select user_id from devices where token_hash = $1 order by user_id for update)
             update devices d set token_hash = $2
             from held where d.token_hash = $1 and d.user_id = held.user_id",
            old,
            new,
        )
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query!(
        "insert into devices (token_hash, user_id) values ($1, $2)
         on conflict (token_hash, user_id) do update set last_used_at = now()",
        new,
        user_id,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "delete from devices where user_id = $1 and token_hash <> $2 and token_hash not in (
             select token_hash from devices where user_id = $1 and token_hash <> $2
             order by last_used_at desc limit $3)",
        user_id,
        new,
        MOST - 1,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Forgets the devices of an account.
pub async fn forget(tx: &mut Connection, user_id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from devices where user_id = $1", user_id).execute(tx).await.map(drop)
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
