//! The migrations of this build, and whether the database has them.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgExecutor, PgPool};

pub static MIGRATIONS: Migrator = sqlx::migrate!();

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
