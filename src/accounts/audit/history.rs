//! The audit events of one user, for the page that shows them.

use ipnet::IpNet;
use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::Kind;
use crate::accounts::user_id::UserId;

/// An event as its user sees it.
pub struct Event {
    pub id: i64,
    pub kind: Kind,
    pub address: Option<IpNet>,
    pub user_agent: String,
    pub created_at: OffsetDateTime,
}

/// Up to `limit` events of a user, newest first: the newest, or those older than the event
/// `before`. Paging by ID and not by offset, so that an event that happens meanwhile moves nothing.
pub async fn list(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Event>> {
    let rows = sqlx::query!(
        r#"select id, kind, address as "address: IpNet", user_agent, created_at
           from audit_events where user_id = $1 and id < $2 order by id desc limit $3"#,
        user_id as _,
        before.unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            // A kind of an older version of the app is left out.
            let kind = Kind::named(&row.kind)?;
            let (id, address, user_agent) = (row.id, row.address, row.user_agent);
            Some(Event { id, kind, address, user_agent, created_at: row.created_at })
        })
        .collect())
}
