//! sqlx 0.9: the pool pings PostgreSQL before a connection is used and when it returns, so one
//! statement costs three round trips. If PostgreSQL does not answer the last ping, the connection
//! stays taken. `src/database/connection.rs::RETURN_LIMIT` ends that wait,
//! `src/database.rs::sharing` pings only idle connections, and `src/web/session_loads.rs` has a
//! connection outside of the pool.

use std::time::Duration;

use sqlx::Error;
use sqlx::postgres::PgPoolOptions;

use crate::support::database::database;
use crate::support::proxy::Proxy;

#[tokio::test]
async fn a_connection_that_was_dropped_waits_for_a_silent_postgresql() {
    assert!(PgPoolOptions::new().get_test_before_acquire(), "a ping before each use");
    let db = database().await;
    let proxy = Proxy::to(&db).await;
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let pool = pool.acquire_timeout(Duration::from_millis(500)).connect_lazy(&proxy.url);
    let pool = pool.expect("a URL");
    drop(pool.acquire().await.expect("a connection"));
    let connection = pool.acquire().await.expect("the same connection");
    proxy.stop_forwarding();
    tokio::task::yield_now().await;
    drop(connection);
    assert!(matches!(pool.acquire().await, Err(Error::PoolTimedOut)), "it was free without a ping");
}
