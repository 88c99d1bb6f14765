//! Reads the `outbox` table for the mailbox of development.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

/// A row of the outbox.
#[derive(Debug, Clone)]
pub struct StoredMail {
    pub id: Uuid,
    pub kind: String,
    pub recipient: String,
    /// Like the text, `None` when the email is finished, because both were erased.
    pub subject: Option<String>,
    pub text: Option<String>,
    pub created_at: OffsetDateTime,
    pub outcome: Option<String>,
    pub problem: Option<String>,
}

impl StoredMail {
    /// The subject, or the kind once the subject was erased.
    pub fn title(&self) -> &str {
        self.subject.as_deref().unwrap_or(&self.kind)
    }
}

/// The newest emails, without decoys.
pub async fn newest(db: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<StoredMail>> {
    sqlx::query_as!(
        StoredMail,
        "select id, kind, recipient, subject, body as text, created_at, outcome, problem
         from outbox where outcome is distinct from 'discarded'
         order by created_at desc, id desc limit $1",
        limit,
    )
    .fetch_all(db)
    .await
}

pub async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<StoredMail>> {
    sqlx::query_as!(
        StoredMail,
        "select id, kind, recipient, subject, body as text, created_at, outcome, problem
         from outbox where id = $1",
        id,
    )
    .fetch_optional(db)
    .await
}

/// Counts the emails of the last ten minutes, without decoys.
pub async fn recent(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from outbox
           where created_at > now() - interval '10 minutes'
               and outcome is distinct from 'discarded'"#,
    )
    .fetch_one(db)
    .await
}
