//! The databases of a run: created empty, migrated by the app's own binary, seeded by SQL.
//!
//! The rows follow from their number, so that a cookie of any session can be made without reading
//! the database. `bin/bench` drops the databases when this process has ended, however it ended.

use std::process::Command;

use anyhow::{Context, ensure};
use app::accounts::password::{Hasher, Password};
use app::accounts::session_id::SessionId;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use url::Url;

use crate::{argon, server};

pub(crate) const USERS: u32 = 100_000;
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Database {
    pub(crate) url: Url,
    pub(crate) pool: PgPool,
}

/// Which of the seeded sessions have expired.
#[derive(Clone, Copy)]
pub(crate) enum Expired {
    None,
    /// Those with an even number.
    Half,
}

/// The email address of the user with this number. Numbers begin with 1.
pub(crate) fn email(user: u32) -> String {
    format!("user{user}@example.com")
}

/// The ID of the session with this number. `seed_sessions` stores the hash of the same text.
pub(crate) fn session_id(session: u32) -> SessionId {
    SessionId::parse(&format!("bench{session:059}")).expect("64 letters and digits")
}

pub(crate) fn user_of(session: u32) -> u32 {
    (session - 1) % USERS + 1
}

impl Database {
    /// Creates a database beside the one of `DATABASE_URL`. `bin/bench` passes its name, and drops
    /// all databases whose name begins with it.
    pub(crate) async fn create(suffix: &str) -> anyhow::Result<Self> {
        let name = std::env::var("BENCH_DATABASE").context("start this with bin/bench")? + suffix;
        let mut url: Url = std::env::var("DATABASE_URL").context("DATABASE_URL")?.parse()?;
        let server = connect(&url).await?;
        server.execute(AssertSqlSafe(format!("create database \"{name}\""))).await?;
        server.close().await;
        url.set_path(&name);
        let database = Self { pool: connect(&url).await?, url };
        let migrated = database.app(&["migrate"]).status()?;
        ensure!(migrated.success(), "vestibule migrate failed");
        Ok(database)
    }

    /// A command of the app's binary on this database.
    pub(crate) fn app(&self, arguments: &[&str]) -> Command {
        let mut command = server::app(self, "warn");
        command.args(arguments);
        command
    }

    pub(crate) async fn seed_users(&self) -> anyhow::Result<()> {
        let hasher = Hasher::new(argon::params(), 1)?;
        let hash = hasher.hash(&Password::typed(PASSWORD)).await?;
        sqlx::query(
            "insert into users (id, email, email_canonical, password_hash)
             select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, email, email, $2
             from generate_series(1, $1) n, lateral (select 'user' || n || '@example.com') e (email)",
        )
        .bind(i32::try_from(USERS)?)
        .bind(hash.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Sessions with the numbers from `first` to `last`. They were last used an hour from now, so
    /// that no request of the run has to move an idle timeout.
    pub(crate) async fn seed_sessions(
        &self,
        first: u32,
        last: u32,
        expired: Expired,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "insert into sessions (id, id_hash, user_id, user_epoch, csrf_binding, last_seen_at,
                    idle_timeout, ends_at, authenticated_at, address, user_agent)
             select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
                    sha256(convert_to('bench' || lpad(n::text, 59, '0'), 'UTF8')),
                    ('00000000-0000-7000-8000-' || lpad(to_hex((n - 1) % $3 + 1), 12, '0'))::uuid,
                    0, sha256(convert_to(n::text, 'UTF8')),
                    now() + case when $4 and n % 2 = 0 then interval '-2 hours'
                                 else interval '1 hour' end,
                    '1 hour', now() + interval '1 day', now(), '10.0.0.1',
                    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
             from generate_series($1, $2) n",
        )
        .bind(i32::try_from(first)?)
        .bind(i32::try_from(last)?)
        .bind(i32::try_from(USERS)?)
        .bind(matches!(expired, Expired::Half))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What autovacuum would do soon after: without it the first rounds run while it works.
    pub(crate) async fn vacuum(&self) -> anyhow::Result<()> {
        for table in ["users", "sessions"] {
            self.pool.execute(AssertSqlSafe(format!("vacuum (analyze) {table}"))).await?;
        }
        Ok(())
    }

    /// The result of a query with one value.
    pub(crate) async fn number(&self, query: &'static str) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(&self.pool).await?)
    }

    /// The first process of PostgreSQL, if it runs on this machine.
    pub(crate) async fn postmaster(&self) -> anyhow::Result<Option<u32>> {
        let backend: i32 =
            sqlx::query_scalar("select pg_backend_pid()").fetch_one(&self.pool).await?;
        Ok(crate::machine::parent_named(u32::try_from(backend)?, "postgres"))
    }

    pub(crate) fn name(&self) -> &str {
        self.url.path().trim_start_matches('/')
    }
}

async fn connect(url: &Url) -> anyhow::Result<PgPool> {
    let options: PgConnectOptions = url.as_str().parse()?;
    let options = options.options([("statement_timeout", "0")]);
    PgPoolOptions::new().max_connections(1).connect_with(options).await.context("DATABASE_URL")
}
