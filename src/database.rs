//! The database: the pool, the migrations of this build, and which failures mean that PostgreSQL is
//! unavailable.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgExecutor, PgPool};

use crate::config::Config;

pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// A request waits this long for a connection; with it, an answer is out within two seconds.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_800);

/// The pool. A ping before every use would cost a fifth of the speed; a connection that died
/// fails one request instead, with 503.
pub async fn connect(config: &Config) -> sqlx::Result<PgPool> {
    let options = config.database.clone().application_name("vestibule").options([
        ("statement_timeout", "5s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ]);
    PgPoolOptions::new()
        .max_connections(config.database_max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_with(options)
        .await
}

/// Whether PostgreSQL is away or out of connections, rather than unhappy with a statement.
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        // 57P01–57P03: shutting down, crashed, starting up. 53300: too many connections.
        // 55P03 and 57014: our own limits, to wait for a lock and for a statement.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("57P0") || matches!(&*code, "53300" | "55P03" | "57014")
        }),
        _ => false,
    }
}

/// Applies what is missing. sqlx holds an advisory lock meanwhile, so several instances that start
/// at once do it once.
///
/// # Errors
/// With a way out: a migration that was edited after it ran is never undone or dropped here.
pub async fn migrate(db: &PgPool) -> anyhow::Result<()> {
    let mut connection = db.acquire().await?;
    // An index on a large table takes longer than any request may.
    sqlx::query!("set statement_timeout = 0").execute(&mut *connection).await?;
    let result = MIGRATIONS.run(&mut *connection).await;
    // Not back to the pool, where the next user would have no timeout either.
    connection.close().await?;
    match result {
        Err(MigrateError::VersionMismatch(version)) => anyhow::bail!(
            "migration {version} was edited after it ran here. In development `bin/postgres reset` \
             begins again with an empty database; elsewhere write a new migration instead"
        ),
        other => Ok(other?),
    }
}

/// Whether the newest migration of this build has been applied.
pub async fn is_current(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    // Not checked at compile time: sqlx itself makes this table.
    let applied: Result<Option<i64>, _> =
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
            .fetch_one(db)
            .await;
    match applied {
        Ok(applied) => Ok(applied.unwrap_or_default() >= newest),
        // 42P01: no such table, a database that was never migrated.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the app's role could do anything at all in this cluster (ASVS 13.2.2).
pub async fn is_superuser(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select rolsuper as "superuser!" from pg_roles where rolname = current_user"#
    )
    .fetch_one(db)
    .await
}
