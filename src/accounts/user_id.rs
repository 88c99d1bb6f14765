//! The ID of a user: `users.id`, and `user_id` in every other table.
//!
//! It has its own type, so that the ID of a session or a registration cannot be passed instead. It
//! is not secret: the log names users by it.

use std::fmt;

use serde::Deserialize;
use uuid::Uuid;

/// The ID of a user. In a statement, bind it with `as _` and select it with `as "id: UserId"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
pub struct UserId(Uuid);

impl UserId {
    /// A new ID: UUIDv7, which PostgreSQL inserts at the end of the index.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
