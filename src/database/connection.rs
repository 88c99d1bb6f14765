//! Connections that limit the time of every statement in the client.
//!
//! PostgreSQL's `statement_timeout` ends a slow statement. It does not help when the server is
//! silent: its process is stopped, or a proxy no longer forwards packets. sqlx then waits for ever
//! and keeps the place in the pool (transact-rs/sqlx#4349). Dropping sqlx's connection does not
//! help: before it frees the place, it pings the server without a time limit.
//!
//! So no code outside of this folder uses a connection or a transaction of sqlx.
//! `tests/house_rules.rs` checks that.

use std::io::{Error as IoError, ErrorKind};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, iter};
use futures_util::{TryFutureExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection as _, Describe, Either, Execute, Executor, Postgres, SqlStr};
use tokio::time::timeout;

use super::{Database, Failures, PING_LIMIT, is_lost, within};

/// A second more than `statement_timeout`, so it only ends a statement if PostgreSQL is silent.
const LIMIT: Duration = Duration::from_secs(6);
/// How long a rollback, and the ping before a connection returns to the pool, may take. The ping
/// also waits for a statement whose request was dropped.
const RETURN_LIMIT: Duration = Duration::from_secs(1);

type Step = Either<PgQueryResult, PgRow>;

/// A connection from the pool. It returns there when it is dropped.
#[derive(Debug)]
pub struct Connection {
    /// `None`: closed, because the server was silent or closed the connection.
    pooled: Option<PoolConnection<Postgres>>,
    failures: Failures,
    in_transaction: bool,
}

impl Connection {
    pub(super) fn new(pooled: PoolConnection<Postgres>, failures: Failures) -> Self {
        Self { pooled: Some(pooled), failures, in_transaction: false }
    }

    fn live(&mut self) -> sqlx::Result<&mut PgConnection> {
        let closed = || IoError::new(ErrorKind::NotConnected, "the connection was closed");
        Ok(self.pooled.as_deref_mut().ok_or_else(closed)?)
    }

    /// Closes the connection and frees its place. Sends nothing, because the server may be silent.
    pub fn close(&mut self) {
        drop(self.pooled.take().map(PoolConnection::detach));
    }

    /// Checks that the server responds.
    pub(super) async fn ping(&mut self) -> sqlx::Result<()> {
        let answer = within(PING_LIMIT, self.live()?.ping()).await;
        self.done(answer)
    }

    /// Closes the connection if it was lost. Returns `outcome`.
    fn done<T>(&mut self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        if outcome.as_ref().is_err_and(is_lost) {
            self.failures.record();
            self.close();
        }
        outcome
    }

    async fn many<'q>(
        &mut self,
        query: impl Execute<'q, Postgres> + 'q,
    ) -> sqlx::Result<Vec<Step>> {
        let steps = self.live()?.fetch_many(query).try_collect();
        let steps = within(LIMIT, steps).await;
        self.done(steps)
    }

    async fn optional<'q>(
        &mut self,
        query: impl Execute<'q, Postgres> + 'q,
    ) -> sqlx::Result<Option<PgRow>> {
        let row = within(LIMIT, self.live()?.fetch_optional(query)).await;
        self.done(row)
    }

    async fn prepared(&mut self, sql: SqlStr, types: &[PgTypeInfo]) -> sqlx::Result<PgStatement> {
        let statement = within(LIMIT, self.live()?.prepare_with(sql, types)).await;
        self.done(statement)
    }

    async fn described(&mut self, sql: SqlStr) -> sqlx::Result<Describe<Postgres>> {
        let described = within(LIMIT, self.live()?.describe(sql)).await;
        self.done(described)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(mut pooled) = self.pooled.take() else { return };
        let in_transaction = self.in_transaction;
        tokio::spawn(async move {
            if in_transaction && within(RETURN_LIMIT, pooled.execute("rollback")).await.is_err() {
                return drop(pooled.detach());
            }
            // At the limit this future is dropped, which closes the connection and frees the place.
            let _ = timeout(RETURN_LIMIT, pooled.return_to_pool()).await;
        });
    }
}

/// A transaction. It is rolled back when it is dropped.
#[derive(Debug)]
pub struct Transaction(Connection);

impl Transaction {
    pub(super) async fn begin(mut connection: Connection) -> sqlx::Result<Self> {
        // Before the statement, because this future may be dropped while it runs.
        connection.in_transaction = true;
        connection.execute("begin").await?;
        Ok(Self(connection))
    }

    /// # Errors
    /// When the database fails.
    pub async fn commit(self) -> sqlx::Result<()> {
        self.end("commit").await
    }

    /// # Errors
    /// When the database fails.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.end("rollback").await
    }

    async fn end(mut self, how: &'static str) -> sqlx::Result<()> {
        self.0.execute(how).await?;
        self.0.in_transaction = false;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

/// Implements `Executor`: the four methods of sqlx that its other methods call.
macro_rules! executor {
    ($from:ty, $this:ident => $connection:expr) => {
        impl<'c> Executor<'c> for $from {
            type Database = Postgres;

            fn fetch_many<'e, 'q: 'e, E>($this, query: E) -> BoxStream<'e, sqlx::Result<Step>>
            where
                'c: 'e,
                E: 'q + Execute<'q, Postgres>,
            {
                let steps = async move { $connection.many(query).await };
                Box::pin(steps.map_ok(|steps| iter(steps.into_iter().map(Ok))).try_flatten_stream())
            }

            fn fetch_optional<'e, 'q: 'e, E>(
                $this,
                query: E,
            ) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
            where
                'c: 'e,
                E: 'q + Execute<'q, Postgres>,
            {
                Box::pin(async move { $connection.optional(query).await })
            }

            fn prepare_with<'e>(
                $this,
                sql: SqlStr,
                types: &'e [PgTypeInfo],
            ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
            where
                'c: 'e,
            {
                Box::pin(async move { $connection.prepared(sql, types).await })
            }

            fn describe<'e>($this, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
            where
                'c: 'e,
            {
                Box::pin(async move { $connection.described(sql).await })
            }
        }
    };
}

executor!(&'c mut Connection, self => self);
executor!(&'c Database, self => self.acquire().await?);
