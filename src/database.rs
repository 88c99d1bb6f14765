//! The database: the pool, the migrations of this build, and which failures mean that PostgreSQL is
//! unavailable.
//!
//! A connection that was idle for over a second is pinged before it is used. On a busy site that is
//! rare, so loading sessions stays one round trip. When one connection is lost, all that were
//! opened before are replaced, so a restart of PostgreSQL fails one statement and not one per
//! connection.

mod connection;
mod dedicated;
mod listener;

use std::io::{Error as IoError, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, Executor, PgConnection, PgExecutor, PgPool};
use tokio::time::{sleep, timeout};

pub use connection::{Connection, Transaction};
pub use dedicated::Dedicated;
pub use listener::Listener;

use crate::config::Config;

pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a request waits for a connection of the pool. If none is available, the response is a
/// 503 within two seconds.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_800);
/// A connection that was idle for longer than `IDLE` is pinged, for at most `PING_LIMIT`.
const IDLE: Duration = Duration::from_secs(1);
const PING_LIMIT: Duration = Duration::from_secs(1);
/// The pause between attempts to connect while the app starts.
const RETRY: Duration = Duration::from_millis(500);

/// The connection pool. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    failures: Failures,
}

/// When a connection was last lost.
#[derive(Debug, Clone, Default)]
struct Failures(Arc<Mutex<Option<Instant>>>);

impl Failures {
    fn record(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn since(&self, age: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() <= age)
    }
}

impl Database {
    /// A pool that opens its first connection when it is used.
    pub fn new(options: PgConnectOptions, connections: u32, acquire_timeout: Duration) -> Self {
        Self::sharing(Failures::default(), options, connections, acquire_timeout)
    }

    fn sharing(
        failures: Failures,
        options: PgConnectOptions,
        connections: u32,
        acquire_timeout: Duration,
    ) -> Self {
        let known = failures.clone();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(move |connection, state| {
                let known = known.clone();
                Box::pin(async move {
                    let replaced = known.since(state.age);
                    if !replaced && state.idle_for > IDLE {
                        let answer = within(PING_LIMIT, connection.ping()).await;
                        answer.inspect_err(|_| known.record())?;
                    }
                    Ok(!replaced)
                })
            })
            .connect_lazy_with(options);
        Self { pool, failures }
    }

    /// # Errors
    /// `PoolTimedOut` after `acquire_timeout`, or why PostgreSQL rejected the connection.
    pub async fn acquire(&self) -> sqlx::Result<Connection> {
        let pooled = self.pool.acquire().await;
        let pooled = pooled.inspect_err(|error| {
            if is_lost(error) {
                self.failures.record();
            }
        })?;
        Ok(Connection::new(pooled, self.failures.clone()))
    }

    /// # Errors
    /// As those of `acquire`.
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        Transaction::begin(self.acquire().await?).await
    }

    /// A connection outside of the pool, with these settings of PostgreSQL. It is opened when it is
    /// used.
    pub fn dedicated(&self, settings: &[(&str, &str)]) -> Dedicated {
        let options = (*self.pool.connect_options()).clone().options(settings.iter().copied());
        let acquire_timeout = self.pool.options().get_acquire_timeout();
        Dedicated::new(Self::sharing(self.failures.clone(), options, 1, acquire_timeout))
    }

    /// How many connections of the pool are open.
    pub fn size(&self) -> u32 {
        self.pool.size()
    }

    /// How many open connections are not in use.
    pub fn idle(&self) -> usize {
        self.pool.num_idle()
    }

    /// Closes the pool. Every later use fails.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A connection outside of the pool, with these settings of PostgreSQL. Its statements have no
    /// time limit in the client.
    async fn connection_with(&self, settings: &[(&str, &str)]) -> sqlx::Result<PgConnection> {
        let options = (*self.pool.connect_options()).clone();
        options.options(settings.iter().copied()).connect().await
    }
}

/// Connects. Waits up to `wait` while PostgreSQL is not running yet or still starting.
///
/// # Errors
/// The last error. One that waiting does not solve, such as a wrong password, is returned at once.
pub async fn connect(config: &Config, wait: Duration) -> sqlx::Result<Database> {
    let options = options(config);
    let began = Instant::now();
    // Not through the pool, which reports "connection refused" as `PoolTimedOut`.
    while let Err(error) = first_connection(&options).await {
        if !is_unavailable(&error) || began.elapsed() >= wait {
            return Err(error);
        }
        tracing::warn!(%error, "waiting for PostgreSQL");
        sleep(RETRY).await;
    }
    Ok(Database::new(options, config.pool_connections(), ACQUIRE_TIMEOUT))
}

/// The options of a connection: the name of the app, and time limits in PostgreSQL.
pub fn options(config: &Config) -> PgConnectOptions {
    config.database.clone().application_name("vestibule").options([
        ("statement_timeout", "5s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ])
}

async fn first_connection(options: &PgConnectOptions) -> sqlx::Result<()> {
    within(ACQUIRE_TIMEOUT, options.connect()).await?.close().await
}

/// Limits the time of `work`. sqlx would wait for ever for a silent server.
async fn within<T>(
    limit: Duration,
    work: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    let silent = || IoError::new(ErrorKind::TimedOut, "PostgreSQL did not answer in time");
    timeout(limit, work).await.unwrap_or_else(|_| Err(silent().into()))
}

/// Whether this error means that the connection was lost, or could not be opened.
pub fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // 57P01–57P03: shutting down, crashed, starting up. 25P03: idle in a transaction.
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P0") || code == "25P03")
        }
        _ => false,
    }
}

/// Whether PostgreSQL is unreachable, out of connections or too busy. Other errors are about the
/// statement.
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // 53300: too many connections. 55P03 and 57014: our `lock_timeout` and `statement_timeout`.
        // 40P01 and 40001: a deadlock, and a serialization failure; both were rolled back and
        // succeed when they are tried again.
        sqlx::Error::Database(error)
            if error.code().is_some_and(|code| {
                matches!(&*code, "53300" | "55P03" | "57014" | "40P01" | "40001")
            }) =>
        {
            true
        }
        error => is_lost(error),
    }
}

/// Applies the missing migrations. If several instances start together, one does so and the others
/// wait.
///
/// # Errors
/// When a migration fails, or was edited after it ran; the error then says what to do.
pub async fn migrate(db: &Database) -> anyhow::Result<()> {
    // Creating an index on a large table takes longer than a request may, and so does waiting for
    // the instance that creates it.
    let no_limits = [("statement_timeout", "0"), ("lock_timeout", "0")];
    let mut connection = db.connection_with(&no_limits).await?;
    connection.lock().await?;
    // While a migration waits for the lock of a table, all later statements on that table wait.
    connection.execute("set lock_timeout = '3s'").await?;
    let result = MIGRATIONS.run(&mut connection).await;
    connection.close().await?;
    match result {
        Err(MigrateError::VersionMismatch(version)) => anyhow::bail!(
            "migration {version} was edited after it ran here. In development `bin/postgres reset` \
             begins again with an empty database; elsewhere write a new migration instead"
        ),
        other => Ok(other?),
    }
}

/// Whether every migration of this build has been applied. The database may have others: those of
/// a later version.
///
/// # Errors
/// When the database fails.
pub async fn is_current(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    // Not checked at compile time, because sqlx itself creates this table.
    let applied: Result<Vec<i64>, _> =
        sqlx::query_scalar("select version from _sqlx_migrations where success")
            .fetch_all(db)
            .await;
    match applied {
        Ok(applied) => Ok(MIGRATIONS.iter().all(|needed| applied.contains(&needed.version))),
        // 42P01: the table does not exist, so the database was never migrated.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the app's role is a superuser, with more privileges than it needs (ASVS 13.2.2).
///
/// # Errors
/// When the database fails.
pub async fn is_superuser(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select rolsuper as "superuser!" from pg_roles where rolname = current_user"#
    )
    .fetch_one(db)
    .await
}
