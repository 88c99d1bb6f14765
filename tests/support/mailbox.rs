//! A person's mailbox: the mails that the app sent to them, read from the outbox.

use sqlx::query_as;

use super::database::Database;

/// A mail, as its recipient sees it.
#[derive(sqlx::FromRow)]
pub struct OutboxMail {
    pub kind: String,
    pub subject: String,
    pub text: String,
}

/// All mails to an email address, oldest first.
pub async fn mailbox(db: &Database, address: &str) -> Vec<OutboxMail> {
    query_as(
        "select kind, coalesce(subject, '') as subject, coalesce(body, '') as text
         from outbox where recipient = $1 order by id",
    )
    .bind(address)
    .fetch_all(&db.pool)
    .await
    .expect("the outbox")
}

/// The newest mail to an email address.
pub async fn newest(db: &Database, address: &str) -> OutboxMail {
    mailbox(db, address).await.pop().unwrap_or_else(|| panic!("no mail to {address}"))
}

impl OutboxMail {
    /// The path of the link that contains `part`.
    pub fn link(&self, part: &str) -> String {
        let line = self.text.lines().find(|line| line.starts_with("http") && line.contains(part));
        let line = line.unwrap_or_else(|| panic!("no link with {part} in:\n{}", self.text));
        let path = line.splitn(4, '/').nth(3).expect("a path");
        format!("/{path}")
    }

    /// The code, formatted as in the mail.
    pub fn code(&self) -> String {
        let code = self.text.lines().find_map(|line| line.strip_prefix("    "));
        code.unwrap_or_else(|| panic!("no code in:\n{}", self.text)).to_owned()
    }
}
