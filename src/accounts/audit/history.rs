//! The audit events of one user, for the page that shows them.

use ipnet::IpNet;
use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::Kind;
use crate::accounts::user_id::UserId;

/// An event as its user sees it.
pub struct Event {
    pub id: i64,
    /// `None`: an event of a feature, or of another version of the app.
    pub kind: Option<Kind>,
    /// The stored name of the kind.
    pub name: String,
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
    let rows = sqlx::query_as!(
        Row,
        r#"select id, kind, address as "address: IpNet", user_agent, created_at
           from audit_events where user_id = $1 and id < $2 order by id desc limit $3"#,
        user_id as _,
        before.unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(db)
    .await?;
    let event = |row: Row| Event {
        id: row.id,
        kind: Kind::named(&row.kind),
        name: row.kind,
        address: row.address,
        user_agent: row.user_agent,
        created_at: row.created_at,
    };
    Ok(rows.into_iter().map(event).collect())
}

struct Row {
    id: i64,
    kind: String,
    address: Option<IpNet>,
    user_agent: String,
    created_at: OffsetDateTime,
}
