//! `LISTEN`, on a separate connection.

use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::{Database, within};

/// The time limit of its statements. No request waits for them, so a busy server has more time.
const LIMIT: Duration = Duration::from_secs(3);

/// Receives the notifications of a channel. Its connection is not in the pool, because it is kept
/// as long as the app runs.
pub struct Listener(PgListener);

impl Listener {
    /// # Errors
    /// When the database cannot be reached.
    pub async fn start(db: &Database, channel: &str) -> sqlx::Result<Self> {
        let one = PgPoolOptions::new().max_connections(1).acquire_timeout(2 * LIMIT);
        let one = one.connect_lazy_with((*db.pool.connect_options()).clone());
        let mut listener = PgListener::connect_with(&one).await?;
        within(LIMIT, listener.listen(channel)).await?;
        Ok(Self(listener))
    }

    /// Waits for a notification, `longest` at most. Without one, checks that the server responds.
    ///
    /// # Errors
    /// When the connection was lost: start a new listener.
    pub async fn wait(&mut self, longest: Duration) -> sqlx::Result<()> {
        match timeout(longest, self.0.try_recv()).await {
            Ok(heard) => heard.map(drop),
            Err(_) => within(LIMIT, self.0.execute("select")).await.map(drop),
        }
    }
}
