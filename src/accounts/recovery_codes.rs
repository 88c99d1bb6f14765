//! The `recovery_codes` table: ten codes for a user who has lost the second factor.
//!
//! A code works once. A new set replaces the old one, so a list that was lost can be made invalid.

use std::time::Duration;

use super::audit::Kind;
use super::typed_code;
use super::user_id::UserId;
use crate::database::Connection;
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;

/// How many codes a set has.
pub const CODES: usize = 10;
/// Fewer than this many, and the pages advise a new set.
pub const FEW: i64 = 4;

/// 125 bits.
const SYMBOLS: usize = 25;
/// Written in groups of this many symbols.
const GROUP: usize = 5;

/// Makes a new set, and deletes the old one. The caller shows the codes once; only their hashes
/// are stored.
pub async fn replace(tx: &mut Connection, user_id: UserId) -> sqlx::Result<Vec<String>> {
    forget(&mut *tx, user_id).await?;
    let codes: Vec<String> = (0..CODES).map(|_| generate()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(code)).collect();
    sqlx::query!(
        "insert into recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])",
        user_id as _,
        &hashes,
    )
    .execute(tx)
    .await?;
    Ok(codes)
}

/// Uses a code up, and returns how many are left. `None` if the user has no such code.
pub async fn take(tx: &mut Connection, user_id: UserId, typed: &str) -> sqlx::Result<Option<i64>> {
    let taken = sqlx::query!(
        "delete from recovery_codes where user_id = $1 and code_hash = $2",
        user_id as _,
        hash(typed),
    );
    match taken.execute(&mut *tx).await?.rows_affected() {
        0 => Ok(None),
        _ => left(tx, user_id).await.map(Some),
    }
}

/// Whether the user has this code, unused.
pub async fn has(db: impl PgExecutor<'_>, user_id: UserId, code: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from recovery_codes where user_id = $1 and code_hash = $2) as "exists!""#,
        user_id as _,
        hash(code),
    )
    .fetch_one(db)
    .await
}

/// How many codes the user has left.
pub async fn left(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "left!" from recovery_codes where user_id = $1"#,
        user_id as _,
    )
    .fetch_one(db)
    .await
}

/// Deletes the codes of a user.
pub async fn forget(tx: &mut Connection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user_id as _)
        .execute(tx)
        .await
        .map(drop)
}

/// Deletes the codes of a user that are younger than `age`.
pub async fn forget_recent(
    tx: &mut Connection,
    user_id: UserId,
    age: Duration,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from recovery_codes
         where user_id = $1 and created_at > now() - make_interval(secs => $2)",
        user_id as _,
        age.as_secs_f64(),
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Whether a code of a user was used less than `age` ago. The audit events tell, because a used
/// code is deleted.
pub async fn were_used(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    age: Duration,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from audit_events
               where user_id = $1 and kind = $2
                   and created_at > now() - make_interval(secs => $3)) as "exists!""#,
        user_id as _,
        Kind::RecoveryCodeUsed.name(),
        age.as_secs_f64(),
    )
    .fetch_one(db)
    .await
}

fn generate() -> String {
    let symbols: Vec<char> = typed_code::generate(SYMBOLS).chars().collect();
    let groups: Vec<String> = symbols.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// The stored hash of a code.
fn hash(typed: &str) -> Vec<u8> {
    Sha256::digest(typed_code::as_meant(typed, SYMBOLS)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_125_bits_and_is_read_as_it_was_meant() {
        let code = generate();
        assert_eq!(code.len(), 29, "{code}");
        assert_ne!(generate(), code);
        assert_eq!(hash(&code.to_lowercase().replace('-', " ")), hash(&code));
        assert_ne!(hash(&format!("{code}X")), hash(&code));
    }
}
