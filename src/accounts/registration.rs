//! The `registrations` table: sign-ups, before and for a while after their email is verified.
//!
//! A user exists only once the email address is verified. So no other query handles unverified
//! users, and nobody can reserve an email address whose mailbox they cannot read. The first
//! verification creates the account. A registration keeps the hash of the chosen password until the
//! verification or until it expires: 24 hours after its email was last requested, at most a week
//! after it began; an invitation 24 hours after the operator's command. It grants nothing: a login
//! before the verification gets the response for an unknown email address.
//!
//! Pre-hijacking (an attacker registers the victim's email address first): registrations of one
//! email address do not replace each other, and a password is accepted only in the browser that
//! chose it. See `flows/email/verify`.
//!
//! An operator's invitation has no password. With `REGISTRATION=invited`, a row that still has one
//! is not found, so a registration that a visitor began before the setting was changed creates no
//! account.

pub mod invitation;

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::password::PasswordHash;
use super::token;
use super::user::{self, User};
use super::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// A registration that has not expired.
pub struct Registration {
    pub id: Uuid,
    pub email: Email,
    /// `None`: no password was chosen, or the email address is verified.
    pub password_hash: Option<PasswordHash>,
    /// The email address has an account, from this registration or another source.
    pub confirmed: bool,
}

/// The part of a registration that the registering browser keeps in a cookie.
pub struct Begun {
    pub id: Uuid,
    pub expires_at: OffsetDateTime,
    /// A week after it began: no email extends it beyond that.
    pub ends_at: OffsetDateTime,
}

/// Begins a registration. `password_hash` is `None` if an operator invites the person.
pub async fn begin(
    db: impl PgExecutor<'_>,
    email: &Email,
    password_hash: Option<&PasswordHash>,
) -> sqlx::Result<Begun> {
    sqlx::query_as!(
        Begun,
        r#"insert into registrations (id, email, email_canonical, password_hash, expires_at)
           values ($1, $2, $3, $4, now() + make_interval(secs => $5))
           returning id, expires_at, created_at + interval '7 days' as "ends_at!""#,
        Uuid::now_v7(),
        email.as_str(),
        email.canonical(),
        password_hash.map(PasswordHash::as_str),
        token::Purpose::Verify.lifetime().as_secs_f64(),
    )
    .fetch_one(db)
    .await
}

/// Finds a registration that has not expired. Unless registration is `open`, only one without a
/// password: an invitation, or one that is confirmed.
pub async fn find(
    db: impl PgExecutor<'_>,
    id: Uuid,
    open: bool,
) -> sqlx::Result<Option<Registration>> {
    let row = sqlx::query!(
        r#"select id, email, password_hash,
                (confirmed_at is not null or exists (
                    select from users u where u.email_canonical = r.email_canonical))
                    as "confirmed!"
           from registrations r
           where id = $1 and expires_at > now() and ($2 or password_hash is null)"#,
        id,
        open,
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let email = Email::parse(&row.email).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let password_hash = row.password_hash.map(PasswordHash::stored);
    Ok(Some(Registration { id: row.id, email, password_hash, confirmed: row.confirmed }))
}

/// The registration of an email address whose email is sent again: the visitor's `own`, otherwise
/// the newest if `any`. Unless registration is `open`, only one without a password. Until the
/// transaction ends, nobody can delete it; one that is being deleted is skipped, because waiting
/// for it would reveal that it exists.
pub async fn hold_for_mail(
    tx: &mut Connection,
    email: &Email,
    own: Option<Uuid>,
    any: bool,
    open: bool,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select id from registrations
         where email_canonical = $1 and (id = $2 or $3) and expires_at > now()
             and ($4 or password_hash is null)
         order by (id = $2) is true desc, created_at desc, id desc limit 1
         for key share skip locked",
        email.canonical(),
        own,
        any,
        open,
    )
    .fetch_optional(tx)
    .await
}

/// Extends a registration by 24 hours from now, because its email is sent again and the new link
/// could otherwise expire within minutes. It still ends a week after it began. An invitation is not
/// extended: anybody can have it sent again, and only the operator decides how long it is valid.
/// A row that a concurrent request has locked is skipped: waiting for it would reveal that it
/// exists. `None` runs the same statement and changes no row.
pub async fn extend(db: impl PgExecutor<'_>, id: Option<Uuid>) -> sqlx::Result<()> {
    sqlx::query!(
        "update registrations
         set expires_at = case
             when password_hash is null and confirmed_at is null then expires_at
             else least(now() + make_interval(secs => $2), created_at + interval '7 days') end
         where id = (select id from registrations where id = $1 for no key update skip locked)",
        id,
        token::Purpose::Verify.lifetime().as_secs_f64(),
    )
    .execute(db)
    .await
    .map(drop)
}

/// Returns the account that has this email address, locked or not. Send email to the stored
/// address, because the typed one may only look like it.
pub async fn taken_by(db: impl PgExecutor<'_>, email: &Email) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"select id as "id: UserId", email, session_epoch from users where email_canonical = $1"#,
        email.canonical(),
    )
    .fetch_optional(db)
    .await
}

/// What became of the confirmation of a registration.
pub enum Confirmed {
    Created(User),
    /// The email address already has an account: of concurrent verifications, the unique index of
    /// `users` accepts one.
    Taken,
    /// The registration was deleted since it was found, such as an invitation that the operator has
    /// withdrawn. The caller rolls back.
    Gone,
}

/// Creates the user.
///
/// The user is inserted first. The index then serializes verifications, which rules out deadlocks
/// between their updates of `registrations`.
pub async fn confirm(
    tx: &mut Connection,
    registration: &Registration,
    password_hash: &PasswordHash,
) -> sqlx::Result<Confirmed> {
    let Some(user) = user::create(&mut *tx, &registration.email, password_hash).await? else {
        return Ok(Confirmed::Taken);
    };
    let confirmed = confirm_pending(tx, &registration.email).await?;
    Ok(match confirmed.contains(&registration.id) {
        true => Confirmed::Created(user),
        false => Confirmed::Gone,
    })
}

/// Creates the user of an email address that an operator vouches for, and confirms its pending
/// registrations. `None` if there already is an account.
pub async fn create_user(
    tx: &mut Connection,
    email: &Email,
    password_hash: &PasswordHash,
) -> sqlx::Result<Option<User>> {
    let Some(user) = user::create(&mut *tx, email, password_hash).await? else {
        return Ok(None);
    };
    confirm_pending(tx, email).await?;
    Ok(Some(user))
}

/// Confirms the pending registrations of an email address that an account has now, and erases their
/// passwords. Returns their IDs.
pub async fn confirm_pending(tx: &mut Connection, email: &Email) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "update registrations set confirmed_at = now(), password_hash = null
         where email_canonical = $1 and confirmed_at is null returning id",
        email.canonical(),
    )
    .fetch_all(tx)
    .await
}

/// Deletes the registrations of an email address, and with them their tokens.
pub async fn forget(tx: &mut Connection, email_canonical: &str) -> sqlx::Result<()> {
    sqlx::query!("delete from registrations where email_canonical = $1", email_canonical)
        .execute(tx)
        .await
        .map(drop)
}

/// Deletes up to `batch` expired registrations; returns how many it deleted.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from registrations where id in (
             select id from registrations where expires_at <= now() limit $1
             for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
