//! The `second_factors` table: the second factors of an account, whatever kind they are.
//!
//! Each kind has a table of its own with what verifies it. Nothing here names a kind, so deleting
//! one changes nothing here. Recovery codes are no factor of their own: they replace one that was
//! lost.

use std::time::Duration;

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::recovery_codes;
use super::user_id::UserId;
use crate::database::Connection;

/// A second factor of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub kind: String,
    pub created_at: OffsetDateTime,
}

/// The result of checking a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeVerdict {
    /// The code is used up. `codes_left`: it was a recovery code, and so many are left.
    Right {
        codes_left: Option<i64>,
    },
    /// The code was right, but it has been used.
    AlreadyUsed,
    Wrong,
}

/// The second factors of a user, the oldest first.
pub async fn of(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<Vec<SecondFactor>> {
    sqlx::query_as!(
        SecondFactor,
        "select kind, created_at from second_factors where user_id = $1 order by created_at, id",
        user_id as _,
    )
    .fetch_all(db)
    .await
}

/// Whether a login to the account needs a second factor.
pub async fn is_on(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from second_factors where user_id = $1) as "is_on!""#,
        user_id as _,
    )
    .fetch_one(db)
    .await
}

/// Adds a factor of this kind, and returns its ID. The caller adds the row of the kind's own table.
pub async fn add(tx: &mut Connection, user_id: UserId, kind: &str) -> sqlx::Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into second_factors (id, user_id, kind) values ($1, $2, $3)",
        id,
        user_id as _,
        kind,
    )
    .execute(tx)
    .await?;
    Ok(id)
}

/// Removes one factor of this kind, or all of them; returns how many it removed.
pub async fn remove(
    tx: &mut Connection,
    user_id: UserId,
    kind: &str,
    id: Option<Uuid>,
) -> sqlx::Result<u64> {
    let removed = sqlx::query!(
        "delete from second_factors
         where user_id = $1 and kind = $2 and ($3::uuid is null or id = $3)",
        user_id as _,
        kind,
        id,
    );
    Ok(removed.execute(tx).await?.rows_affected())
}

/// Removes every second factor of an account and its recovery codes; `false` if it had none.
pub async fn remove_all(tx: &mut Connection, user_id: UserId) -> sqlx::Result<bool> {
    recovery_codes::forget(&mut *tx, user_id).await?;
    let removed = sqlx::query!("delete from second_factors where user_id = $1", user_id as _);
    Ok(removed.execute(tx).await?.rows_affected() > 0)
}

/// Removes the second factors that are younger than `age`, after "this wasn't me": with one of a
/// thief, the thief could log in, and the owner could not. Also deletes the recovery codes of that
/// time, or all of them if one was used in it, because a thief may have the list.
pub async fn remove_recent(
    tx: &mut Connection,
    user_id: UserId,
    age: Duration,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from second_factors
         where user_id = $1 and created_at > now() - make_interval(secs => $2)",
        user_id as _,
        age.as_secs_f64(),
    )
    .execute(&mut *tx)
    .await?;
    if is_on(&mut *tx, user_id).await? && !recovery_codes::were_used(&mut *tx, user_id, age).await?
    {
        return recovery_codes::forget_recent(tx, user_id, age).await;
    }
    recovery_codes::forget(tx, user_id).await
}
