//! The `totp` table: the secret that an account shares with an authenticator app (RFC 6238).
//!
//! A code is valid in its time step of 30 seconds and in the next one, because typing takes time.
//! It is accepted once: an attacker who has seen it cannot use it as well. PostgreSQL's clock
//! decides, so all instances agree.

mod reseal;

use sqlx::PgExecutor;
use totp_rs::{Builder, Secret, Totp};

use super::second_factor::{self, CodeVerdict};
use super::user_id::UserId;
use crate::database::Connection;
use crate::keys::Keys;
pub use reseal::{CountedKey, count_by_key, reseal};

/// The kind in `second_factors`.
pub const KIND: &str = "totp";
/// Seconds of a time step.
const STEP: i64 = 30;

/// A secret that is being set up. No `Debug`, so that no log contains it.
pub struct NewSecret(Secret);

impl NewSecret {
    /// 160 random bits, as RFC 4226, section 4, recommends.
    pub fn generate() -> Self {
        Self(Secret::generate())
    }

    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Secret::from(bytes))
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// The secret in groups of four symbols, for people who type it.
    pub fn groups(&self) -> String {
        let symbols: Vec<char> = self.0.to_base32().chars().collect();
        let groups: Vec<String> = symbols.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }

    /// The `otpauth:` URL that an authenticator app reads from the QR code. The format allows no
    /// colon in a name, so that of the app loses its own. `None` if `email` contains one.
    pub fn url(&self, app_name: &str, email: &str) -> Option<String> {
        let described = Builder::new()
            .with_secret(self.0.clone())
            .with_issuer(Some(app_name.replace(':', "")))
            .with_account_name(email);
        described.build().ok()?.to_url().ok()
    }
}

/// Whether this is a code of a secret that is being set up, now.
pub async fn is_code_of(
    db: impl PgExecutor<'_>,
    secret: &NewSecret,
    code: &str,
) -> sqlx::Result<bool> {
    let now = sqlx::query_scalar!(r#"select floor(extract(epoch from now()))::bigint as "now!""#);
    Ok(step_of(&secret.0, code, now.fetch_one(db).await?).is_some())
}

/// Makes `secret` the one of the account if `code` is a code of it; `false` if it is not. The code
/// is used up, and an earlier secret is gone.
pub async fn set(
    tx: &mut Connection,
    keys: &Keys,
    user_id: UserId,
    secret: &NewSecret,
    code: &str,
) -> sqlx::Result<bool> {
    let now = sqlx::query_scalar!(r#"select floor(extract(epoch from now()))::bigint as "now!""#);
    let Some(step) = step_of(&secret.0, code, now.fetch_one(&mut *tx).await?) else {
        return Ok(false);
    };
    remove(&mut *tx, user_id).await?;
    sqlx::query!(
        "insert into totp (id, user_id, encrypted_secret, key_name, used_until)
         values ($1, $2, $3, $4, to_timestamp($5::bigint))",
        second_factor::add(&mut *tx, user_id, KIND).await?,
        user_id as _,
        keys.encrypt(user_id.as_bytes(), secret.as_bytes()),
        keys.newest_name(),
        (step + 1) * STEP,
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// Checks a code, and uses it up. Of concurrent calls with one code, one gets `Right`: the UPDATE
/// of each waits for the one before, and then finds the step used. The caller has counted the
/// attempt.
pub async fn check(
    tx: &mut Connection,
    keys: &Keys,
    user_id: UserId,
    code: &str,
) -> sqlx::Result<CodeVerdict> {
    let row = sqlx::query!(
        r#"select encrypted_secret, floor(extract(epoch from now()))::bigint as "now!"
           from totp where user_id = $1"#,
        user_id as _,
    );
    let Some(row) = row.fetch_optional(&mut *tx).await? else { return Ok(CodeVerdict::Wrong) };
    let Some(secret) = secret(keys, user_id, &row.encrypted_secret) else {
        tracing::error!(user = %user_id, "a TOTP secret cannot be decrypted with SECRET_KEYS");
        return Ok(CodeVerdict::Wrong);
    };
    let Some(step) = step_of(&secret, code, row.now) else { return Ok(CodeVerdict::Wrong) };
    let used = sqlx::query!(
        "update totp set used_until = to_timestamp($2::bigint + $3::bigint)
         where user_id = $1 and used_until <= to_timestamp($2::bigint)",
        user_id as _,
        step * STEP,
        STEP,
    );
    match used.execute(tx).await?.rows_affected() {
        1 => Ok(CodeVerdict::Right { codes_left: None }),
        _ => Ok(CodeVerdict::AlreadyUsed),
    }
}

/// Removes the app of an account.
pub async fn remove(tx: &mut Connection, user_id: UserId) -> sqlx::Result<()> {
    second_factor::remove(tx, user_id, KIND, None).await.map(drop)
}

fn secret(keys: &Keys, user_id: UserId, encrypted: &[u8]) -> Option<Secret> {
    keys.decrypt(user_id.as_bytes(), encrypted).map(Secret::from)
}

/// The time step whose code this is: the one at `now`, in seconds since 1970, or the one before.
fn step_of(secret: &Secret, code: &str, now: i64) -> Option<i64> {
    let totp: Totp = Builder::new().with_secret(secret.clone()).with_skew(0).build_noncompliant();
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = [now, now - STEP].into_iter().find_map(|time| totp.check(&digits, time as u64))?;
    Some(step as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, for SHA-1: of its eight digits, the last six.
    #[test]
    fn the_test_vectors_of_rfc_6238_are_accepted_in_their_step_and_the_next() {
        let secret = Secret::from(b"12345678901234567890".to_vec());
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = time / STEP;
            let start = step * STEP;
            for accepted in [start, start + 29, start + 30, start + 59] {
                assert_eq!(step_of(&secret, code, accepted), Some(step), "{code} at {accepted}");
            }
            for rejected in [start - 1, start + 60] {
                assert_eq!(step_of(&secret, code, rejected), None, "{code} at {rejected}");
            }
        }
        assert_eq!(step_of(&secret, " 287 082 ", 59), Some(1));
        for wrong in ["", "28708", "2870820", "28708x", "\u{0662}87082"] {
            assert_eq!(step_of(&secret, wrong, 59), None, "{wrong:?}");
        }
    }
}
