//! The tokens of a change of email: the one that was sent to the new address, and the not-me token
//! that was sent to the old one and restores it.

use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::Holder;
use crate::accounts::user_id::UserId;
use crate::database::Connection;

/// A request to change the email address, whose link has not been used.
pub struct PendingChange {
    pub email: String,
    pub expires_at: OffsetDateTime,
}

/// The newest request of a user to change the email address, unless it has expired.
pub async fn pending_change(
    db: impl PgExecutor<'_>,
    user_id: UserId,
) -> sqlx::Result<Option<PendingChange>> {
    sqlx::query_as!(
        PendingChange,
        "select email, expires_at from tokens
         where user_id = $1 and purpose = 'change_email' and expires_at > now()
         order by created_at desc limit 1",
        user_id as _,
    )
    .fetch_optional(db)
    .await
}

/// Deletes the not-me tokens that were sent to another email address later than this one was, or
/// than an earlier one to the same address. After an attacker has changed the email address twice,
/// the address in between could otherwise be restored with the notice that the attacker received
/// there.
pub async fn discard_later_not_me(tx: &mut Connection, used: &Holder) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from tokens
         where user_id = $1 and purpose = 'not_me' and lower(email) <> $2
           and created_at >= least($3, (
               select min(created_at) from tokens
               where user_id = $1 and purpose = 'not_me' and lower(email) = $2))",
        used.user_id as _,
        used.sent_to.canonical(),
        used.issued_at,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// The email address of an account, and its earlier ones that can still restore it and have no
/// account of their own.
pub async fn addresses(tx: &mut Connection, user_id: UserId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select email as "email!" from users where id = $1
           union all
           select min(t.email) from tokens t join users u on u.id = t.user_id
           where t.user_id = $1 and t.purpose = 'not_me' and t.expires_at > now()
               and lower(t.email) <> u.email_canonical
               and not exists (select from users o where o.email_canonical = lower(t.email))
           group by lower(t.email)"#,
        user_id as _,
    )
    .fetch_all(tx)
    .await
}

/// Deletes the requests of a user to change to any other address than this one, because people ask
/// again when they have mistyped it.
pub async fn discard_other_changes(
    tx: &mut Connection,
    user_id: UserId,
    email_canonical: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from tokens
         where user_id = $1 and purpose = 'change_email' and lower(email) <> $2",
        user_id as _,
        email_canonical,
    )
    .execute(tx)
    .await
    .map(drop)
}
