//! The `users` table: make an account, find it, change its password.
//!
//! Looking somebody up tells nothing by itself: the callers verify a password for unknown
//! addresses too, at the same cost (`password::Hasher::verify`).

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::email::Email;
use super::password::PasswordHash;

/// An account, without its secrets.
#[derive(Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    /// Goes up with every change of a credential; see `sessions.user_epoch`.
    pub session_epoch: i32,
}

/// An account as a login needs it: read in one statement, so that the epoch is as old as the hash.
pub struct Credentials {
    pub user: User,
    pub password_hash: PasswordHash,
}

/// Makes an account. `None` when the address already has one: PostgreSQL decides, so of two
/// people who register the same address at the same moment one gets it.
pub async fn create(
    db: impl PgExecutor<'_>,
    email: &Email,
    password_hash: &PasswordHash,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        "insert into users (id, email, email_canonical, password_hash)
         values ($1, $2, $3, $4)
         on conflict (email_canonical) do nothing
         returning id, email, session_epoch",
        Uuid::now_v7(),
        email.as_str(),
        email.canonical(),
        password_hash.as_str(),
    )
    .fetch_optional(db)
    .await
}

/// Finds the account that an address logs in to. A locked account is not found.
pub async fn credentials(
    db: impl PgExecutor<'_>,
    email: &Email,
) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query!(
        "select id, email, session_epoch, password_hash from users
         where email_canonical = $1 and locked_at is null",
        email.canonical(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Credentials {
        user: User { id: row.id, email: row.email, session_epoch: row.session_epoch },
        password_hash: PasswordHash::stored(row.password_hash),
    }))
}

/// The password hash of somebody who is logged in, to prove it is still them.
pub async fn password_hash(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<PasswordHash> {
    let hash = sqlx::query_scalar!("select password_hash from users where id = $1", id);
    Ok(PasswordHash::stored(hash.fetch_one(db).await?))
}

/// The two moments that the account's page shows.
pub struct Dates {
    pub created_at: OffsetDateTime,
    pub password_changed_at: OffsetDateTime,
}

pub async fn dates(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Dates> {
    let row = sqlx::query_as!(
        Dates,
        "select created_at, password_changed_at from users where id = $1",
        id,
    );
    row.fetch_one(db).await
}

/// Sets a new password, and ends every session by the epoch. `None` when the password is no
/// longer `old`: of two changes at the same moment one wins. Returns the new epoch.
pub async fn change_password(
    tx: &mut PgConnection,
    id: Uuid,
    old: &PasswordHash,
    new: &PasswordHash,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "update users set password_hash = $3, password_changed_at = now(),
                session_epoch = session_epoch + 1
         where id = $1 and password_hash = $2 and locked_at is null
         returning session_epoch",
        id,
        old.as_str(),
        new.as_str(),
    )
    .fetch_optional(tx)
    .await
}

/// Stores the same password under today's Argon2 settings. Not a change of a credential, so the
/// epoch stays; a change of the password in between wins.
pub async fn rehash(
    db: impl PgExecutor<'_>,
    id: Uuid,
    old: &PasswordHash,
    new: &PasswordHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set password_hash = $3 where id = $1 and password_hash = $2",
        id,
        old.as_str(),
        new.as_str(),
    )
    .execute(db)
    .await
    .map(drop)
}
