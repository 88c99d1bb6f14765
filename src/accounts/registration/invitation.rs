//! Invitations: registrations that an operator has begun, until the person accepts or they expire.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Connection;
use crate::email::Email;

/// The invitations of one email address that are valid.
pub struct Invitation {
    pub email: String,
    /// When the operator last invited the address.
    pub invited_at: OffsetDateTime,
    /// When no link of them is valid any more.
    pub expires_at: OffsetDateTime,
}

/// Whether this registration is an invitation that was not accepted yet. `None` runs the same
/// statement.
pub async fn is_pending(db: impl PgExecutor<'_>, id: Option<Uuid>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from registrations
               where id = $1 and password_hash is null and confirmed_at is null) as "exists!""#,
        id,
    )
    .fetch_one(db)
    .await
}

/// Every email address with an invitation that is valid and that nobody has accepted. The one whose
/// invitation expires first comes first.
pub async fn list(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Invitation>> {
    sqlx::query_as!(
        Invitation,
        r#"select max(email) as "email!", max(created_at) as "invited_at!",
                max(expires_at) as "expires_at!"
           from registrations
           where password_hash is null and confirmed_at is null and expires_at > now()
           group by email_canonical order by max(expires_at), email_canonical"#,
    )
    .fetch_all(db)
    .await
}

/// Deletes the invitations of an email address, and with them their links; `false` if there is
/// none. A visitor's own sign-up stays. If the person accepts at the same moment, the statement
/// waits for that transaction, reads the row again, and skips it.
pub async fn withdraw(tx: &mut Connection, email: &Email) -> sqlx::Result<bool> {
    let withdrawn = sqlx::query!(
        "delete from registrations
         where email_canonical = $1 and password_hash is null and confirmed_at is null
             and expires_at > now()",
        email.canonical(),
    );
    Ok(withdrawn.execute(tx).await?.rows_affected() > 0)
}
