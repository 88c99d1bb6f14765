//! Somebody's mailbox: what the app has written to them, read out of the outbox.

use sqlx::query_as;

use super::database::Database;

/// A mail as its reader sees it.
#[derive(sqlx::FromRow)]
pub struct Letter {
    pub kind: String,
    pub subject: String,
    pub text: String,
}

/// Everything written to an address, oldest first.
pub async fn mailbox(db: &Database, address: &str) -> Vec<Letter> {
    query_as("select kind, subject, coalesce(body, '') as text from outbox where recipient = $1 order by id")
        .bind(address)
        .fetch_all(&db.pool)
        .await
        .expect("the outbox")
}

/// The newest mail to an address.
pub async fn newest(db: &Database, address: &str) -> Letter {
    mailbox(db, address).await.pop().unwrap_or_else(|| panic!("no mail to {address}"))
}

impl Letter {
    /// The path of the link that holds `part`.
    pub fn link(&self, part: &str) -> String {
        let line = self.text.lines().find(|line| line.starts_with("http") && line.contains(part));
        let line = line.unwrap_or_else(|| panic!("no link with {part} in:\n{}", self.text));
        let path = line.splitn(4, '/').nth(3).expect("a path");
        format!("/{path}")
    }

    /// The code, as it stands there.
    pub fn code(&self) -> String {
        let code = self.text.lines().find_map(|line| line.strip_prefix("    "));
        code.unwrap_or_else(|| panic!("no code in:\n{}", self.text)).to_owned()
    }
}
