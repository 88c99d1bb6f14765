//! Encrypts the stored secrets with the newest key, so that an older one can be removed from
//! `SECRET_KEYS` (`vestibule key reseal`).

use sqlx::PgExecutor;

use super::secret;
use crate::accounts::user_id::UserId;
use crate::database::Database;
use crate::keys::Keys;

/// How many secrets are read at once.
const BATCH: i64 = 1_000;

/// A key, and how many secrets it encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedKey {
    pub name: String,
    pub secrets: i64,
}

/// How many secrets each key encrypts.
pub async fn count_by_key(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<CountedKey>> {
    sqlx::query_as!(
        CountedKey,
        r#"select key_name as name, count(*) as "secrets!" from totp
           group by key_name order by key_name"#,
    )
    .fetch_all(db)
    .await
}

/// Encrypts every secret of an older key with the newest one. Returns how many it did, and how many
/// no key can decrypt. Can be repeated, and run while the site is running: a secret that is
/// replaced meanwhile stays as it is.
pub async fn reseal(db: &Database, keys: &Keys) -> sqlx::Result<(u64, u64)> {
    let (mut done, mut unreadable, mut after) = (0, 0, None);
    loop {
        let rows = sqlx::query!(
            r#"select user_id as "user_id: UserId", encrypted_secret from totp
               where key_name <> $1 and ($2::uuid is null or user_id > $2)
               order by user_id limit $3"#,
            keys.newest_name(),
            after as Option<UserId>,
            BATCH,
        );
        let rows = rows.fetch_all(db).await?;
        let Some(last) = rows.last() else { return Ok((done, unreadable)) };
        after = Some(last.user_id);
        for row in rows {
            let Some(secret) = secret(keys, row.user_id, &row.encrypted_secret) else {
                tracing::error!(user = %row.user_id, "no key of SECRET_KEYS decrypts this secret");
                unreadable += 1;
                continue;
            };
            let resealed = sqlx::query!(
                "update totp set encrypted_secret = $3, key_name = $4
                 where user_id = $1 and encrypted_secret = $2",
                row.user_id as _,
                row.encrypted_secret,
                keys.encrypt(row.user_id.as_bytes(), secret.as_ref()),
                keys.newest_name(),
            );
            done += resealed.execute(db).await?.rows_affected();
        }
    }
}
