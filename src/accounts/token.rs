//! The `tokens` table: links and codes that are sent by email.
//!
//! A token is 256 random bits, of which the database keeps the SHA-256. It has one purpose. A token
//! of a user is taken by one statement, so of fifty concurrent clicks one succeeds. A token of a
//! registration is not taken: confirming marks the registration, and its links then say "already
//! confirmed". The code beside a verification link is for people whose mail scanner removes links,
//! or who read email on another device.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use rand::seq::IndexedRandom;
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// Crockford's alphabet: no I, L, O or U to be misread.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 8;

/// What a token is for. It is invalid for every other purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A registration may be confirmed.
    Verify,
    /// A new password may be chosen.
    Reset,
    /// In every notice: its reader may end every session and make the password invalid.
    NotMe,
}

impl Purpose {
    /// The purposes whose tokens grant something. Each credential change discards those of its user
    /// (`credentials::end_access`); verification tokens belong to a registration, so today these
    /// are reset tokens. A not-me token only takes access away.
    pub const GRANTS: [Self; 2] = [Self::Verify, Self::Reset];

    fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::NotMe => "not_me",
        }
    }

    /// NIST SP 800-63B-4 §4.2.1.2: at most 24 hours for a code by mail. A not-me link grants
    /// nothing, and the owner may not read mail every day.
    pub fn lifetime(self) -> Duration {
        Duration::from_secs(match self {
            Self::Verify => 24 * 3_600,
            Self::Reset => 30 * 60,
            Self::NotMe => 7 * 86_400,
        })
    }
}

/// The secret of a link, and how long it is valid. No `Debug`.
pub struct Token {
    secret: String,
    /// The link and the email that carries it expire together.
    pub lifetime: Duration,
}

impl Token {
    /// For the link in the email.
    pub fn as_str(&self) -> &str {
        &self.secret
    }
}

/// The SHA-256 of a token: `tokens.token_hash`.
#[derive(Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// For a cookie.
    pub fn text(&self) -> String {
        BASE64.encode(self.0)
    }

    /// `None` for anything that `text` cannot have written.
    pub fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// What the database knows of a token.
pub fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
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

/// What a token belongs to.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    User(UserId),
    Registration(Uuid),
    /// A decoy, for an address without an account: the row is written so that a request costs the
    /// same statements for everybody. The token is never sent, and `take` never finds it.
    Nobody,
}

/// What a token begins with.
pub struct NewToken<'a> {
    pub purpose: Purpose,
    pub owner: Owner,
    pub email_canonical: &'a str,
    /// `Keys::code_macs` of the code, where there is one.
    pub code_mac: Option<[u8; 32]>,
}

/// Makes a token. Earlier ones stay valid, because nobody knows which of two emails arrives first.
/// A token of a registration expires when the registration does, as of now.
pub async fn issue(db: impl PgExecutor<'_>, new: NewToken<'_>) -> sqlx::Result<Token> {
    let secret = BASE64.encode(rand::random::<[u8; 32]>());
    let (user_id, registration_id) = match new.owner {
        Owner::User(id) => (Some(id), None),
        Owner::Registration(id) => (None, Some(id)),
        Owner::Nobody => (None, None),
    };
    let seconds = sqlx::query_scalar!(
        r#"insert into tokens (token_hash, purpose, user_id, registration_id, email_canonical,
                code_mac, expires_at)
           values ($1, $2, $3, $4, $5, $6,
                coalesce((select expires_at from registrations where id = $4),
                         now() + make_interval(secs => $7)))
           returning extract(epoch from expires_at - now())::float8 as "seconds!""#,
        hash(&secret) as _,
        new.purpose.name(),
        user_id as _,
        registration_id,
        new.email_canonical,
        new.code_mac.as_ref().map(<[u8; 32]>::as_slice),
        new.purpose.lifetime().as_secs_f64(),
    );
    let lifetime = Duration::from_secs_f64(seconds.fetch_one(db).await?.max(0.0));
    Ok(Token { secret, lifetime })
}

/// The registration that a verification link was sent for.
pub async fn registration(
    db: impl PgExecutor<'_>,
    token_hash: &TokenHash,
) -> sqlx::Result<Option<Uuid>> {
    let found = sqlx::query_scalar!(
        "select registration_id from tokens where token_hash = $1 and expires_at > now()",
        token_hash as _,
    );
    Ok(found.fetch_optional(db).await?.flatten())
}

/// Whether one of the emails of a registration holds this code. The caller has counted the
/// attempt (`limits::Action::EmailVerify`).
///
/// `code_macs`: the code under each key that may have made it.
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

/// Whose token it is.
pub struct Holder {
    pub user_id: UserId,
    /// The address of the account as it is now.
    pub email: Email,
}

/// Whose token this is, without taking it: for the page with the button. `None` when it is
/// unknown, used, expired, or for another purpose.
pub async fn holder(
    db: impl PgExecutor<'_>,
    purpose: Purpose,
    token_hash: &TokenHash,
) -> sqlx::Result<Option<Holder>> {
    let row = sqlx::query!(
        r#"select u.id as "id: UserId", u.email
           from tokens t join users u on u.id = t.user_id
           where t.token_hash = $1 and t.purpose = $2 and t.expires_at > now()
             and (u.email_canonical = t.email_canonical or t.purpose = 'not_me')
             and u.locked_at is null"#,
        token_hash as _,
        purpose.name(),
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| Holder::new(row.id, &row.email)).transpose()
}

/// Takes a token: once, in time, and for its purpose. A token that grants something must have been
/// sent to the address that the account has now; a not-me token belongs to the user, because the
/// notice of a new address goes to the old one. Of any number of concurrent calls one gets it.
///
/// The user is locked before the token, as in every transaction that changes a credential, so two
/// links of one account that are used at the same time cannot deadlock.
pub async fn take(
    db: impl PgExecutor<'_>,
    purpose: Purpose,
    token_hash: &TokenHash,
) -> sqlx::Result<Option<Holder>> {
    let row = sqlx::query!(
        r#"with owner as materialized (
               select u.id, u.email
               from tokens t join users u on u.id = t.user_id
               where t.token_hash = $1 and t.purpose = $2 and t.expires_at > now()
                 and (u.email_canonical = t.email_canonical or t.purpose = 'not_me')
                 and u.locked_at is null
               for no key update of u)
           delete from tokens t using owner o where t.token_hash = $1
           returning o.id as "id: UserId", o.email"#,
        token_hash as _,
        purpose.name(),
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| Holder::new(row.id, &row.email)).transpose()
}

impl Holder {
    fn new(user_id: UserId, email: &str) -> sqlx::Result<Self> {
        let email = Email::parse(email).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Self { user_id, email })
    }
}

/// Deletes the outstanding tokens of an account, after a credential change.
pub async fn discard(
    tx: &mut Connection,
    user_id: UserId,
    purposes: &[Purpose],
) -> sqlx::Result<()> {
    let names: Vec<String> = purposes.iter().map(|purpose| purpose.name().to_owned()).collect();
    sqlx::query!(
        "delete from tokens where user_id = $1 and purpose = any($2)",
        user_id as _,
        &names
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes up to `batch` expired tokens; returns how many there were.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from tokens where token_hash in (
             select token_hash from tokens where expires_at <= now() limit $1
             for update skip locked)",
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
