//! The `tokens` table: links and codes that are sent by email.
//!
//! A token is 256 random bits with one purpose; the database stores its SHA-256. The statement that
//! accepts the token of a user also deletes it, so of fifty concurrent clicks one succeeds. The
//! token of a registration stays: verification marks the registration, and its links then show
//! "already confirmed". The code beside a verification link is in `token/code.rs`.

mod code;
mod email_change;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;
pub use code::{has_code, new_code, typed_code};
pub use email_change::{
    PendingChange, addresses, discard_later_not_me, discard_other_changes, pending_change,
};

/// The purpose of a token, which is invalid for every other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Verifies the email address of a registration.
    Verify,
    /// Allows choosing a new password.
    Reset,
    /// Makes the email address that it was sent to the one of the account.
    ChangeEmail,
    /// In every notice: ends every session and makes the password invalid. If the account has
    /// another email address by now, restores the one that the notice was sent to.
    NotMe,
}

impl Purpose {
    /// Purposes whose tokens grant access to an account. A credential change deletes those of its
    /// user (`credentials::end_access`). A not-me token takes access away and stays valid: a thief
    /// must not get rid of it by a change.
    pub const GRANTS: [Self; 2] = [Self::Reset, Self::ChangeEmail];

    fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
            Self::NotMe => "not_me",
        }
    }

    /// NIST SP 800-63B-4 §4.2.1.2 allows at most 24 hours for a code by email. A not-me link grants
    /// nothing and is valid longer, because the owner may not read email every day.
    pub fn lifetime(self) -> Duration {
        Duration::from_secs(match self {
            Self::Verify | Self::ChangeEmail => 24 * 3_600,
            Self::Reset => 30 * 60,
            Self::NotMe => 7 * 86_400,
        })
    }
}

/// A token as text, and how long it is valid. No `Debug`, so that no log contains it.
pub struct Token {
    secret: String,
    /// The email with the link is not sent after this time either.
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
    /// As text, for a cookie.
    pub fn text(&self) -> String {
        BASE64.encode(self.0)
    }

    /// Reads what `text` writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// The value that the database stores for a token.
pub fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
}

/// The owner of a token.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    User(UserId),
    Registration(Uuid),
    /// A decoy, for an email address without an account or beyond its mail budget: the row makes
    /// every request cost the same statements. The token is never sent, and `take` never finds it.
    Nobody,
}

/// The data of a token to issue.
pub struct NewToken<'a> {
    pub purpose: Purpose,
    pub owner: Owner,
    /// Where it is sent.
    pub email: &'a str,
    /// The MAC of the code (`Keys::code_macs`), if the email contains one.
    pub code_mac: Option<[u8; 32]>,
}

/// Issues a token. Earlier ones stay valid, because emails can arrive in any order. The token of a
/// registration gets the present expiry of the registration.
pub async fn issue(db: impl PgExecutor<'_>, new: NewToken<'_>) -> sqlx::Result<Token> {
    let secret = BASE64.encode(rand::random::<[u8; 32]>());
    let (user_id, registration_id) = match new.owner {
        Owner::User(id) => (Some(id), None),
        Owner::Registration(id) => (None, Some(id)),
        Owner::Nobody => (None, None),
    };
    let seconds = sqlx::query_scalar!(
        r#"insert into tokens (token_hash, purpose, user_id, registration_id, email,
                code_mac, expires_at)
           values ($1, $2, $3, $4, $5, $6,
                coalesce((select expires_at from registrations where id = $4),
                         now() + make_interval(secs => $7)))
           returning extract(epoch from expires_at - now())::float8 as "seconds!""#,
        hash(&secret) as _,
        new.purpose.name(),
        user_id as _,
        registration_id,
        new.email,
        new.code_mac.as_ref().map(<[u8; 32]>::as_slice),
        new.purpose.lifetime().as_secs_f64(),
    );
    let lifetime = Duration::from_secs_f64(seconds.fetch_one(db).await?.max(0.0));
    Ok(Token { secret, lifetime })
}

/// Finds the registration for which a verification link was sent.
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

/// A valid token of a user.
pub struct Holder {
    pub user_id: UserId,
    /// The current email address of the account.
    pub email: Email,
    /// Where the token was sent. For a change of email the new address; for a not-me token possibly
    /// an earlier one.
    pub sent_to: Email,
    pub issued_at: OffsetDateTime,
}

impl Holder {
    /// Whether the account has another email address than the one that the token was sent to.
    pub fn was_sent_elsewhere(&self) -> bool {
        self.email.canonical() != self.sent_to.canonical()
    }
}

/// Finds the user of a token without deleting it: for the page with the button. `None` if the token
/// is unknown, used, expired, or for another purpose, or if the user is locked. A reset token must
/// have been sent to the current email address of the account.
pub async fn holder(
    db: impl PgExecutor<'_>,
    purpose: Purpose,
    token_hash: &TokenHash,
) -> sqlx::Result<Option<Holder>> {
    let row = sqlx::query_as!(
        Row,
        r#"select u.id as "id: UserId", u.email, t.email as sent_to, t.created_at as issued_at
           from tokens t join users u on u.id = t.user_id
           where t.token_hash = $1 and t.purpose = $2 and t.expires_at > now()
             and (u.email_canonical = lower(t.email) or t.purpose <> 'reset')
             and u.locked_at is null"#,
        token_hash as _,
        purpose.name(),
    );
    row.fetch_optional(db).await?.map(Holder::try_from).transpose()
}

/// Deletes a token that `holder` finds, and returns its user. One of any number of concurrent calls
/// succeeds.
///
/// Locks the user before the token, like every transaction that changes a credential. So two links
/// of one account that are used concurrently cannot deadlock.
pub async fn take(
    tx: &mut Connection,
    purpose: Purpose,
    token_hash: &TokenHash,
) -> sqlx::Result<Option<Holder>> {
    let row = sqlx::query_as!(
        Row,
        r#"with owner as materialized (
               select u.id, u.email
               from tokens t join users u on u.id = t.user_id
               where t.token_hash = $1 and t.purpose = $2 and t.expires_at > now()
                 and (u.email_canonical = lower(t.email) or t.purpose <> 'reset')
                 and u.locked_at is null
               for no key update of u)
           delete from tokens t using owner o where t.token_hash = $1
           returning o.id as "id: UserId", o.email, t.email as sent_to, t.created_at as issued_at"#,
        token_hash as _,
        purpose.name(),
    );
    row.fetch_optional(tx).await?.map(Holder::try_from).transpose()
}

struct Row {
    id: UserId,
    email: String,
    sent_to: String,
    issued_at: OffsetDateTime,
}

impl TryFrom<Row> for Holder {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let email = |text: &str| Email::parse(text).map_err(|e| sqlx::Error::Decode(e.into()));
        let (email, sent_to) = (email(&row.email)?, email(&row.sent_to)?);
        Ok(Self { user_id: row.id, email, sent_to, issued_at: row.issued_at })
    }
}

/// Deletes the tokens of a user for these purposes, after a credential change.
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

/// Deletes up to `batch` expired tokens; returns how many it deleted.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from tokens where token_hash in (
             select token_hash from tokens where expires_at <= now() limit $1
             for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
