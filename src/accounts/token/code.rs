//! The code beside a verification link: for people whose mail scanner removes links, or who read
//! email on another device.

use sqlx::PgExecutor;
use uuid::Uuid;

use crate::accounts::typed_code;

const SYMBOLS: usize = 8;

/// A new code of 40 random bits, written `ABCD-EFGH` in the email.
pub fn new_code() -> String {
    typed_code::generate(SYMBOLS)
}

/// The typed code as it was meant.
pub fn typed_code(typed: &str) -> String {
    typed_code::as_meant(typed, SYMBOLS)
}

/// Whether an email of this registration contains this code. The caller must have counted the
/// attempt (`limits::Action::EmailVerify`).
///
/// `code_macs`: the MAC of the code under each key that may have made it.
pub async fn has_code(
    db: impl PgExecutor<'_>,
    registration_id: Uuid,
    code_macs: &[[u8; 32]],
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from tokens
               where registration_id = $1 and code_mac = any($2) and expires_at > now())
               as "found!""#,
        registration_id,
        code_macs as _,
    )
    .fetch_one(db)
    .await
}
