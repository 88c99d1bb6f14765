//! The `tokens` table: links and codes that go out by mail and come back once.
//!
//! 256 random bits, of which the database keeps the SHA-256; one purpose; bound to the address
//! they went to; taken by one statement, so of fifty clicks one wins. The code beside a link is
//! for people whose mail scanner eats links, or who read mail on another device.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use rand::seq::IndexedRandom;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::password::PasswordHash;

/// Wrong codes before a token takes no more.
const CODE_ATTEMPTS: i32 = 5;
/// Crockford's alphabet: no I, L, O or U to be misread.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 8;

/// What a token is for. One of one purpose opens nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The address is read by whoever registered it.
    Verify,
    /// A new password may be chosen.
    Reset,
    /// In every notice: whoever reads it may stop everything.
    NotMe,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::NotMe => "not_me",
        }
    }

    /// NIST SP 800-63B-4 §4.2.1.2: at most 24 hours for a code by mail.
    pub fn lifetime(self) -> Duration {
        Duration::from_secs(match self {
            Self::Verify => 24 * 3_600,
            Self::Reset => 30 * 60,
            Self::NotMe => 7 * 86_400,
        })
    }
}

/// The secret of a link. No `Debug`.
pub struct Token(String);

impl Token {
    fn generate() -> Self {
        Self(BASE64.encode(rand::random::<[u8; 32]>()))
    }

    /// For the link in the mail.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the database knows of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A code for people to type: 40 bits, `ABCD-EFGH` in the mail.
pub fn new_code() -> String {
    let mut random = rand::rng();
    let symbol = |_| char::from(*CODE_ALPHABET.choose(&mut random).expect("32 symbols"));
    (0..CODE_LENGTH).map(symbol).collect()
}

/// A code as it was meant: in capitals, without dashes and spaces, `O` for `0`.
pub fn typed_code(typed: &str) -> String {
    let symbols = typed.chars().filter(|c| c.is_ascii_alphanumeric()).take(CODE_LENGTH + 1);
    let meant = symbols.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    meant.collect()
}

/// What a token begins with.
pub struct NewToken<'a> {
    /// Names the attempt; see the migration.
    pub id: Uuid,
    pub user_id: Uuid,
    pub purpose: Purpose,
    pub email_canonical: &'a str,
    /// `Keys::code_mac` of the code, where there is one.
    pub code_mac: Option<[u8; 32]>,
    pub password_hash: Option<&'a PasswordHash>,
}

/// Makes a token. Earlier ones stay valid until they expire or one of them is taken: of two
/// mails in flight nobody knows which arrives.
pub async fn issue(db: impl PgExecutor<'_>, new: NewToken<'_>) -> sqlx::Result<Token> {
    let token = Token::generate();
    sqlx::query!(
        "insert into tokens (id, user_id, purpose, token_hash, code_mac, email_canonical,
                password_hash, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))",
        new.id,
        new.user_id,
        new.purpose.name(),
        &hash(token.as_str()),
        new.code_mac.as_ref().map(<[u8; 32]>::as_slice),
        new.email_canonical,
        new.password_hash.map(PasswordHash::as_str),
        new.purpose.lifetime().as_secs_f64(),
    )
    .execute(db)
    .await?;
    Ok(token)
}

/// What was proved by bringing a token back.
pub struct Taken {
    pub id: Uuid,
    pub user_id: Uuid,
    pub email: String,
    pub email_canonical: String,
    pub password_hash: Option<PasswordHash>,
}

/// Whether a token would be taken, without taking it: for the page with the button.
pub async fn is_good(
    db: impl PgExecutor<'_>,
    purpose: Purpose,
    token_hash: &[u8; 32],
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
             select from tokens t join users u on u.id = t.user_id
             where t.token_hash = $1 and t.purpose = $2 and t.expires_at > now()
               and u.email_canonical = t.email_canonical and u.locked_at is null) as "good!""#,
        token_hash,
        purpose.name(),
    )
    .fetch_one(db)
    .await
}

/// Takes a token: once, in time, for its purpose, and while the account still has the address
/// it was sent to. Of any number of parallel calls one gets it.
pub async fn take(
    db: impl PgExecutor<'_>,
    purpose: Purpose,
    token_hash: &[u8; 32],
) -> sqlx::Result<Option<Taken>> {
    let row = sqlx::query!(
        "delete from tokens t using users u
         where t.token_hash = $1 and t.purpose = $2 and t.expires_at > now()
           and u.id = t.user_id and u.email_canonical = t.email_canonical and u.locked_at is null
         returning t.id, t.user_id, u.email, u.email_canonical, t.password_hash",
        token_hash,
        purpose.name(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Taken {
        id: row.id,
        user_id: row.user_id,
        email: row.email,
        email_canonical: row.email_canonical,
        password_hash: row.password_hash.map(PasswordHash::stored),
    }))
}

/// Finds the token that a typed code belongs to. Every try is counted before it is compared, on
/// a connection of its own, so that a hundred at once are not a hundred tries for the price of
/// none. The hash is for `take`.
///
/// `code_macs`: the code under each key that may have made it.
pub async fn by_code(
    db: impl PgExecutor<'_>,
    email_canonical: &str,
    code_macs: &[[u8; 32]],
) -> sqlx::Result<Option<[u8; 32]>> {
    let code_macs: Vec<&[u8]> = code_macs.iter().map(<[u8; 32]>::as_slice).collect();
    let tried = sqlx::query!(
        r#"update tokens set attempts = attempts + 1
           where email_canonical = $1 and code_mac is not null and attempts < $3
             and expires_at > now()
           returning token_hash, code_mac = any($2) as "right!""#,
        email_canonical,
        &code_macs as _,
        CODE_ATTEMPTS,
    );
    let tried = tried.fetch_all(db).await?;
    let right = tried.into_iter().find(|row| row.right);
    Ok(right.and_then(|row| row.token_hash.try_into().ok()))
}

/// Makes the outstanding tokens of an account worthless: after a change of what they protect.
pub async fn discard(
    tx: &mut PgConnection,
    user_id: Uuid,
    purposes: &[Purpose],
) -> sqlx::Result<()> {
    let names: Vec<String> = purposes.iter().map(|purpose| purpose.name().to_owned()).collect();
    sqlx::query!("delete from tokens where user_id = $1 and purpose = any($2)", user_id, &names)
        .execute(tx)
        .await
        .map(drop)
}

/// Takes one away to send it anew, and returns the password it carried, if any.
pub async fn discard_one(
    tx: &mut PgConnection,
    id: Uuid,
    user_id: Uuid,
) -> sqlx::Result<Option<PasswordHash>> {
    let carried = sqlx::query_scalar!(
        "delete from tokens where id = $1 and user_id = $2 and purpose = 'verify'
         returning password_hash",
        id,
        user_id,
    );
    Ok(carried.fetch_optional(tx).await?.flatten().map(PasswordHash::stored))
}

/// Deletes up to `batch` expired tokens; returns how many there were.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from tokens where id in (
             select id from tokens where expires_at <= now() limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_meant() {
        assert_eq!(typed_code(" abcd-efgh "), "ABCDEFGH");
        assert_eq!(typed_code("o1Il 2345"), "01112345");
        let code = new_code();
        assert_eq!(typed_code(&format!("{}-{}", &code[..4], &code[4..])), code);
        assert_eq!(typed_code(&"9".repeat(5_000)).len(), CODE_LENGTH + 1);
    }
}
