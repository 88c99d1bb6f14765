//! The row of a session, as the lesson shows it.
//!
//! Of the hash it reads four bytes: enough to recognise the row in `psql`, and of no use to anybody
//! who wants to find the ID. The CSRF binding and the state stay in the database.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

/// What a person may see of their own session.
pub struct Row {
    /// The first four bytes of `id_hash`, in hexadecimal.
    pub hash_prefix: String,
    pub created_at: OffsetDateTime,
    pub last_seen_at: OffsetDateTime,
    /// When the idle timeout ends the session if it is not used again, and the seconds until then.
    pub idle_ends_at: OffsetDateTime,
    pub idle_left: i64,
    pub idle_timeout: i64,
    /// The same for the absolute timeout.
    pub ends_at: OffsetDateTime,
    pub absolute_left: i64,
    pub remembered: bool,
    /// `None`: an anonymous session.
    pub user_epoch: Option<i32>,
    pub account_epoch: Option<i32>,
    pub authenticated_at: Option<OffsetDateTime>,
    pub second_factor_at: Option<OffsetDateTime>,
    /// Whether the session follows an earlier ID: its own before a rotation, or that of the session
    /// that the login replaced.
    pub follows_another_id: bool,
    /// The names of the values that the app keeps in this session.
    pub state: Vec<String>,
}

/// `None` if the session has ended meanwhile.
pub async fn of(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select encode(substring(s.id_hash for 4), 'hex') as "hash_prefix!",
                s.created_at, s.last_seen_at,
                s.last_seen_at + s.idle_timeout as "idle_ends_at!",
                extract(epoch from s.last_seen_at + s.idle_timeout - now())::bigint as "idle_left!",
                extract(epoch from s.idle_timeout)::bigint as "idle_timeout!",
                s.ends_at, extract(epoch from s.ends_at - now())::bigint as "absolute_left!",
                s.remembered, s.user_epoch, u.session_epoch as "account_epoch?",
                s.authenticated_at, s.second_factor_at,
                s.previous_id_hash is not null as "follows_another_id!",
                array(select jsonb_object_keys(s.state)) as "state!"
           from sessions s left join users u on u.id = s.user_id where s.id = $1"#,
        id,
    )
    .fetch_optional(db)
    .await
}
