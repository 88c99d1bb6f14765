//! A connection that its owner keeps for statements that follow each other closely.
//!
//! A connection of the pool is pinged whenever it returns there, which costs a round trip. This one
//! never returns. It is checked like those of the pool: pinged when it was idle for over a second,
//! and replaced when another connection was lost after it was opened.

use std::time::Instant;

use super::{Connection, Database, IDLE};

/// A connection outside of the pool.
pub struct Dedicated {
    /// A pool for this one connection. It opens it with the time limits of every pool.
    one: Database,
    connection: Option<Connection>,
    opened: Instant,
    used: Instant,
}

impl Dedicated {
    pub(super) fn new(one: Database) -> Self {
        Self { one, connection: None, opened: Instant::now(), used: Instant::now() }
    }

    /// The connection, ready for a statement. Opens one if there is none, or replaces a lost one.
    ///
    /// # Errors
    /// As those of `Database::acquire`.
    pub async fn ready(&mut self) -> sqlx::Result<&mut Connection> {
        let mut kept = self.connection.take();
        if let Some(connection) = &mut kept
            && !self.works(connection).await
        {
            // Frees its place in `one` at once; a ping would wait for the server.
            connection.close();
            kept = None;
        }
        let connection = match kept {
            Some(connection) => connection,
            None => self.open().await?,
        };
        self.used = Instant::now();
        Ok(self.connection.insert(connection))
    }

    async fn works(&self, connection: &mut Connection) -> bool {
        let replaced = self.one.failures.since(self.opened.elapsed());
        let idle = self.used.elapsed() > IDLE;
        !replaced && (!idle || connection.ping().await.is_ok())
    }

    async fn open(&mut self) -> sqlx::Result<Connection> {
        self.opened = Instant::now();
        self.one.acquire().await
    }
}
