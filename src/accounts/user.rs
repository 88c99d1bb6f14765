//! The `users` table: creates and finds accounts. Credential changes are in `proof`,
//! what operators do in `operated`.
//!
//! To prevent account enumeration, the callers of `find` do the same work whether it finds an
//! account or not; a login verifies a password against a dummy hash (`Hasher::verify`).

pub mod operated;
pub mod overview;
pub mod proof;

use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::password::PasswordHash;
use super::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// An account, without its secrets.
#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub email: String,
    /// Incremented by every credential change; see `sessions.user_epoch`.
    pub session_epoch: i32,
}

/// What a login needs to know. One statement reads hash and epoch, so they match.
pub struct Credentials {
    pub user: User,
    pub password_hash: PasswordHash,
    /// After "This wasn't me": the password is invalid until it is reset.
    pub reset_required: bool,
}

/// Creates the account of a verified email address (`registration::confirm`). `None` if there
/// already is one: of two concurrent calls, PostgreSQL lets one insert.
pub async fn create(
    db: impl PgExecutor<'_>,
    email: &Email,
    password_hash: &PasswordHash,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"insert into users (id, email, email_canonical, password_hash)
         values ($1, $2, $3, $4)
         on conflict (email_canonical) do nothing
         returning id as "id: UserId", email, session_epoch"#,
        UserId::generate() as _,
        email.as_str(),
        email.canonical(),
        password_hash.as_str(),
    )
    .fetch_optional(db)
    .await
}

/// Finds the account of an email address. A locked account is not found.
pub async fn find(db: impl PgExecutor<'_>, email: &Email) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query!(
        r#"select id as "id: UserId", email, session_epoch, password_hash,
                reset_required_at is not null as "reset_required!"
           from users where email_canonical = $1 and locked_at is null"#,
        email.canonical(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Credentials {
        user: User { id: row.id, email: row.email, session_epoch: row.session_epoch },
        password_hash: PasswordHash::stored(row.password_hash),
        reset_required: row.reset_required,
    }))
}

/// Locks the row of a user until the end of the transaction; `false` if the credentials have
/// changed, or the account was locked, since `user` was read.
pub async fn hold_unchanged(tx: &mut Connection, user: &User) -> sqlx::Result<bool> {
    let unchanged = sqlx::query_scalar!(
        "select id from users where id = $1 and session_epoch = $2 and locked_at is null
         for no key update",
        user.id as _,
        user.session_epoch,
    );
    Ok(unchanged.fetch_optional(tx).await?.is_some())
}

/// The password hash of a logged-in user, for re-authentication. `None` if the user was deleted
/// meanwhile.
pub async fn password_hash(
    db: impl PgExecutor<'_>,
    id: UserId,
) -> sqlx::Result<Option<PasswordHash>> {
    let hash = sqlx::query_scalar!("select password_hash from users where id = $1", id as _);
    Ok(hash.fetch_optional(db).await?.map(PasswordHash::stored))
}

/// The two dates on the account page.
pub struct Dates {
    pub created_at: OffsetDateTime,
    pub password_changed_at: OffsetDateTime,
}

/// `None` if the user was deleted meanwhile.
pub async fn dates(db: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<Option<Dates>> {
    let row = sqlx::query_as!(
        Dates,
        "select created_at, password_changed_at from users where id = $1",
        id as _,
    );
    row.fetch_optional(db).await
}
