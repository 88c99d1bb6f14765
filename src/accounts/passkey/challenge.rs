//! The `passkey_challenges` table: what an authenticator was asked to sign.
//!
//! A challenge belongs to one visitor, is valid for five minutes, and is used once. The response of
//! another visitor, a late one and a repeated one are rejected.

use serde_json::Value;
use sqlx::PgExecutor;

/// What the answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengePurpose {
    Login,
    Sudo,
    Add,
}

impl ChallengePurpose {
    fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Sudo => "sudo",
            Self::Add => "add",
        }
    }
}

/// Keeps a challenge for a visitor. An earlier one of the same visitor is invalid from now on.
pub async fn keep(
    db: impl PgExecutor<'_>,
    visitor_hash: &[u8],
    purpose: ChallengePurpose,
    state: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into passkey_challenges (visitor_hash, purpose, state) values ($1, $2, $3)
         on conflict (visitor_hash) do update
         set purpose = excluded.purpose, state = excluded.state, expires_at = excluded.expires_at",
        visitor_hash,
        purpose.name(),
        state,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Takes the challenge of a visitor. `None` if there is none, or if it has expired or was taken.
pub async fn take(
    db: impl PgExecutor<'_>,
    visitor_hash: &[u8],
    purpose: ChallengePurpose,
) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar!(
        "delete from passkey_challenges
         where visitor_hash = $1 and purpose = $2 and expires_at > now() returning state",
        visitor_hash,
        purpose.name(),
    )
    .fetch_optional(db)
    .await
}

/// Deletes up to `batch` expired challenges; returns how many it deleted.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from passkey_challenges where visitor_hash in (
             select visitor_hash from passkey_challenges where expires_at <= now()
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
