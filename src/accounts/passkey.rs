//! The `passkeys` table: public keys with which users log in (W3C Web Authentication).
//!
//! The authenticator verifies the user with a PIN, a fingerprint or a face before it signs, so a
//! passkey is two factors by itself. What is stored here is public; a stolen dump logs nobody in.
//! `passkeys/ceremony.rs` verifies what the authenticator signs.

pub mod challenge;
mod model;

use serde_json::Value;
use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::second_factor;
use super::user::User;
use super::user_id::UserId;
use crate::database::Connection;
pub use model::model_of;

/// The kind in `second_factors`.
pub const KIND: &str = "passkey";
/// The most passkeys that an account can have.
pub const MOST: usize = 20;
/// The longest name, in characters.
pub const NAME_MAX: usize = 60;

/// A passkey as its owner sees it.
pub struct ListedPasskey {
    pub id: Uuid,
    pub credential_id: Vec<u8>,
    pub user_handle: Uuid,
    pub name: String,
    pub backed_up: bool,
    pub created_at: OffsetDateTime,
    pub last_used_at: Option<OffsetDateTime>,
}

/// A passkey to add.
pub struct NewPasskey<'a> {
    pub user_id: UserId,
    pub credential_id: &'a [u8],
    /// As webauthn-rs writes it.
    pub credential: &'a Value,
    pub user_handle: Uuid,
    pub name: &'a str,
    pub backed_up: bool,
}

/// A passkey that answered a challenge, and its user.
pub struct KnownPasskey {
    pub id: Uuid,
    pub credential: Value,
    pub user_handle: Uuid,
    pub user: User,
    /// `false`: the account is locked, or its password must be reset after "this wasn't me".
    pub may_log_in: bool,
}

/// The passkeys of a user, the oldest first.
pub async fn list(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<Vec<ListedPasskey>> {
    sqlx::query_as!(
        ListedPasskey,
        "select p.id, credential_id, user_handle, name, backed_up, created_at, last_used_at
         from passkeys p join second_factors f on f.id = p.id
         where p.user_id = $1 order by created_at, p.id",
        user_id as _,
    )
    .fetch_all(db)
    .await
}

/// Finds a passkey by the ID that its authenticator sends.
pub async fn find(
    db: impl PgExecutor<'_>,
    credential_id: &[u8],
) -> sqlx::Result<Option<KnownPasskey>> {
    let row = sqlx::query!(
        r#"select p.id, p.credential, p.user_handle, u.id as "user_id: UserId", u.email,
                u.session_epoch,
                u.locked_at is null and u.reset_required_at is null as "may_log_in!"
           from passkeys p join users u on u.id = p.user_id where p.credential_id = $1"#,
        credential_id,
    );
    Ok(row.fetch_optional(db).await?.map(|row| KnownPasskey {
        id: row.id,
        credential: row.credential,
        user_handle: row.user_handle,
        user: User { id: row.user_id, email: row.email, session_epoch: row.session_epoch },
        may_log_in: row.may_log_in,
    }))
}

/// Adds a passkey; `false` if an account has this credential already: then roll back.
pub async fn add(tx: &mut Connection, new: NewPasskey<'_>) -> sqlx::Result<bool> {
    let added = sqlx::query!(
        "insert into passkeys (id, user_id, credential_id, credential, user_handle, name, backed_up)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (credential_id) do nothing",
        second_factor::add(&mut *tx, new.user_id, KIND).await?,
        new.user_id as _,
        new.credential_id,
        new.credential,
        new.user_handle,
        new.name,
        new.backed_up,
    );
    Ok(added.execute(tx).await?.rows_affected() == 1)
}

/// Records a use: the credential with its new sign count, if that is still the one that was read.
/// `false` if it was removed, or used at the same moment: of two copies of an authenticator that
/// sign concurrently, one is rejected.
pub async fn used(
    tx: &mut Connection,
    id: Uuid,
    before: &Value,
    after: &Value,
    backed_up: bool,
) -> sqlx::Result<bool> {
    let used = sqlx::query!(
        "update passkeys set credential = $3, backed_up = $4, last_used_at = now()
         where id = $1 and credential = $2",
        id,
        before,
        after,
        backed_up,
    );
    Ok(used.execute(tx).await?.rows_affected() == 1)
}

/// Renames a passkey of this user; `false` if there is none with this ID.
pub async fn rename(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    id: Uuid,
    name: &str,
) -> sqlx::Result<bool> {
    let renamed = sqlx::query!(
        "update passkeys set name = $3 where id = $1 and user_id = $2",
        id,
        user_id as _,
        name,
    );
    Ok(renamed.execute(db).await?.rows_affected() == 1)
}

/// Removes a passkey of this user; `false` if there is none with this ID.
pub async fn remove(tx: &mut Connection, user_id: UserId, id: Uuid) -> sqlx::Result<bool> {
    Ok(second_factor::remove(tx, user_id, KIND, Some(id)).await? == 1)
}
