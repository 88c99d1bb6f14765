//! The sessions of one user: the list of them, the end of one, and the lock under which a form
//! acts.

use ipnet::IpNet;
use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Session;
use crate::accounts::user::{self, User};
use crate::database::Connection;

/// A valid session, without anything that grants access.
pub struct ListedSession {
    /// For the URL that ends it. Reveals nothing about the session ID.
    pub public_id: Uuid,
    /// Whether it is the session of this request.
    pub is_this: bool,
    pub address: Option<IpNet>,
    pub user_agent: String,
    pub created_at: OffsetDateTime,
    /// May be a minute old, because activity is not recorded more often.
    pub last_seen_at: OffsetDateTime,
    pub remembered: bool,
    /// When the idle timeout ends it, if it is not used again.
    pub idle_ends_at: OffsetDateTime,
    /// When the absolute timeout ends it.
    pub ends_at: OffsetDateTime,
}

/// The valid sessions of a user: the one with the ID `this` first, then the latest used.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: &User,
    this: Uuid,
) -> sqlx::Result<Vec<ListedSession>> {
    sqlx::query_as!(
        ListedSession,
        r#"select public_id, id = $3 as "is_this!", address as "address: IpNet", user_agent,
                created_at, last_seen_at, remembered,
                last_seen_at + idle_timeout as "idle_ends_at!", ends_at
           from sessions
           where user_id = $1 and user_epoch = $2
             and ends_at > now() and last_seen_at + idle_timeout > now()
           order by id = $3 desc, last_seen_at desc, id desc"#,
        user.id as _,
        user.session_epoch,
        this,
    )
    .fetch_all(db)
    .await
}

/// Locks the row of the user of a session until the end of the transaction; `false` if the session
/// has ended or has another ID by now, or if the credentials have changed since both were read. A
/// form can take ten seconds to arrive: without this, a thief whose session was ended meanwhile
/// could still end the owner's, a copy of a rotated ID would get the next one, and a request from
/// before a change of email would act on the old address.
pub async fn hold(tx: &mut Connection, this: &Session, user: &User) -> sqlx::Result<bool> {
    if !user::hold_unchanged(&mut *tx, user).await? {
        return Ok(false);
    }
    // The first statement may have waited for the transaction that ended the session. The CSRF
    // binding is a new one whenever the ID is.
    let alive = sqlx::query_scalar!(
        "select id from sessions
         where id = $1 and user_id = $2 and user_epoch = $3 and csrf_binding = $4",
        this.id,
        user.id as _,
        user.session_epoch,
        this.csrf_binding,
    );
    Ok(alive.fetch_optional(tx).await?.is_some())
}

/// Ends another session of this user; `false` if there is none with this public ID.
pub async fn end_listed(
    tx: &mut Connection,
    user: &User,
    public_id: Uuid,
    this: Uuid,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "delete from sessions where public_id = $1 and user_id = $2 and id <> $3",
        public_id,
        user.id as _,
        this,
    );
    Ok(ended.execute(tx).await?.rows_affected() == 1)
}
