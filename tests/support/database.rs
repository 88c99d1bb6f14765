//! A database for every test: `let db = database().await;`
//!
//! The first test of a run migrates a template, named by the hash of `migrations/`. Every test gets
//! a copy, which takes about 40 ms. `#[sqlx::test]` does the same, but limits a process to 20
//! connections: a race of 50 would be one of 5.
//!
//! A thread keeps one connection during the run. It drops databases after their tests, and holds
//! advisory locks on the run's number and its template. If another run can take such a lock, its
//! owner has ended, even by `kill -9`, and the databases of the owner are dropped.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use app::database::Database as Pool;
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use tokio::sync::{OnceCell, oneshot, watch};
use url::Url;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The two kinds of databases, with the classes of the advisory locks that protect them.
const TESTS: (&str, i32) = ("test", 0x7665_7301);
const TEMPLATES: (&str, i32) = ("template", 0x7665_7302);
/// The lock held while a template is made. No template has the key 0.
const TEMPLATE_LOCK: i32 = 0;
/// How many databases are dropped concurrently.
const CONCURRENT_DROPS: usize = 8;

pub struct Database {
    pub pool: Pool,
    pub url: String,
    pub name: String,
}

struct Run {
    cluster: Url,
    /// The prefix of all names of this run's databases.
    prefix: String,
    template: String,
    dropped: Sender<String>,
    /// How many databases wait to be dropped.
    waiting: watch::Sender<usize>,
}

/// The run, or why no test can have a database. The first test waits, the others fail at once.
static RUN: OnceCell<Result<Run, String>> = OnceCell::const_new();

pub async fn database() -> Database {
    database_with(10).await
}

/// With at most this many connections, for races.
pub async fn database_with(connections: u32) -> Database {
    make(connections).await.unwrap_or_else(|error| panic!("no database for this test: {error:#}"))
}

async fn make(connections: u32) -> Result<Database> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let begun = RUN.get_or_init(async || begin_run().await.map_err(|error| format!("{error:#}")));
    let run = begun.await.as_ref().map_err(|error| anyhow!(error.clone()))?;
    // Or hundreds of databases would be left at the end.
    let few = |waiting: &usize| *waiting <= CONCURRENT_DROPS;
    run.waiting.subscribe().wait_for(few).await.expect("a sender that lives for ever");
    let name = format!("{}{}", run.prefix, NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut cluster = connect(&run.cluster).await?;
    execute(&mut cluster, format!(r#"create database "{name}" template "{}""#, run.template))
        .await?;
    // A commit does not wait for the disk, which saves about 4 ms. A crash may lose these rows.
    execute(&mut cluster, format!(r#"alter database "{name}" set synchronous_commit = off"#))
        .await?;
    cluster.close().await?;
    let url = with_name(&run.cluster, &name);
    let pool = lazy_pool(url.as_str(), connections)?;
    Ok(Database { pool, url: url.into(), name })
}

impl Database {
    /// `db.number("select count(*) from sessions")`
    pub async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(&self.pool)
            .await
            .unwrap_or_else(|e| panic!("{query}: {e}"))
    }

    /// Runs SQL that bypasses the app. Returns the number of changed rows.
    pub async fn run(&self, statement: &'static str) -> u64 {
        let done = raw_sql(statement).execute(&self.pool).await;
        done.unwrap_or_else(|e| panic!("{statement}: {e}")).rows_affected()
    }
}

/// Of the app's own type, so that tests can call the app's functions in transactions.
pub fn lazy_pool(url: &str, connections: u32) -> Result<Pool, sqlx::Error> {
    Ok(Pool::new(url.parse()?, connections, Duration::from_secs(20)))
}

impl Drop for Database {
    /// Waits for nothing. PostgreSQL drops no database while any connection is in its handshake,
    /// and if this blocked the thread, a task that runs on it could not finish its own.
    fn drop(&mut self) {
        if let Some(Ok(run)) = RUN.get() {
            run.waiting.send_modify(|waiting| *waiting += 1);
            // Fails only while the process ends; then the next run drops it.
            let _ = run.dropped.send(std::mem::take(&mut self.name));
        }
    }
}

/// Starts a thread that outlives every test. It is needed because a connection belongs to its
/// runtime, and each test has a runtime of its own.
async fn begin_run() -> Result<Run> {
    let cluster = Url::parse(&database_url()?).context("DATABASE_URL is no address")?;
    let own = cluster.path().trim_start_matches('/').to_owned();
    let (ready, begun) = oneshot::channel();
    std::thread::Builder::new().name("databases".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (dropped, drops) = channel();
        let prepared = runtime.block_on(prepare(cluster.clone(), &own, dropped));
        let (run, mut connection) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let kept = (run.prefix.clone(), run.template.clone());
        let waiting = run.waiting.clone();
        let _ = ready.send(Ok(run));
        for family in [TESTS, TEMPLATES] {
            let cleared = drop_unused(&mut connection, &cluster, &own, family, &kept);
            if let Err(error) = runtime.block_on(cleared) {
                eprintln!("databases of earlier runs stay: {error}");
            }
        }
        while let Ok(first) = drops.recv() {
            let names: Vec<String> =
                [first].into_iter().chain(drops.try_iter().take(CONCURRENT_DROPS)).collect();
            runtime.block_on(remove_all(&cluster, &names));
            waiting.send_modify(|waiting| *waiting -= names.len());
        }
    })?;
    begun.await.context("the thread that keeps the databases is gone")?
}

async fn prepare(cluster: Url, own: &str, dropped: Sender<String>) -> Result<(Run, PgConnection)> {
    let mut connection = connect(&cluster)
        .await
        .context("the cluster of DATABASE_URL does not answer (bin/setup starts one)")?;
    let number = key(uuid::Uuid::new_v4().as_bytes());
    lock(&mut connection, "pg_advisory_lock", TESTS.1, number).await?;

    // Read at run time: `migrate!` would not notice a new file until something else changes.
    let migrator = Migrator::new(Path::new(ROOT).join("migrations")).await?;
    let mut hash = Sha256::new();
    migrator.iter().for_each(|migration| hash.update(&migration.checksum));
    let hash = key(&hash.finalize());
    let template = format!("{own}_{}_{hash}", TEMPLATES.0);

    // One process makes the template while the others wait here. It is renamed when it is complete,
    // so a killed process leaves no broken template.
    lock(&mut connection, "pg_advisory_lock", TEMPLATES.1, TEMPLATE_LOCK).await?;
    lock(&mut connection, "pg_advisory_lock_shared", TEMPLATES.1, hash).await?;
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(&template)
            .fetch_one(&mut connection)
            .await?;
    if !exists {
        let unfinished = format!("{own}_unfinished");
        remove(&mut connection, &unfinished).await;
        execute(&mut connection, format!(r#"create database "{unfinished}""#))
            .await
            .context("the role of DATABASE_URL must be allowed to create databases (createdb)")?;
        let mut inside = connect(&with_name(&cluster, &unfinished)).await?;
        migrator.run(&mut inside).await?;
        inside.close().await?;
        let finish = format!(r#"alter database "{unfinished}" rename to "{template}""#);
        execute(&mut connection, finish).await?;
    }
    lock(&mut connection, "pg_advisory_unlock", TEMPLATES.1, TEMPLATE_LOCK).await?;
    let prefix = format!("{own}_{}_{number}_", TESTS.0);
    let waiting = watch::Sender::new(0);
    Ok((Run { cluster, prefix, template, dropped, waiting }, connection))
}

/// Drops the databases whose lock is free: of dead runs, and templates of other migrations.
async fn drop_unused(
    connection: &mut PgConnection,
    cluster: &Url,
    own: &str,
    (family, class): (&str, i32),
    (prefix, template): &(String, String),
) -> Result<()> {
    let family = format!("{own}_{family}_");
    let names: Vec<String> =
        sqlx::query_scalar("select datname from pg_database where starts_with(datname, $1)")
            .bind(&family)
            .fetch_all(&mut *connection)
            .await?;
    let others = names.iter().filter(|name| !name.starts_with(prefix) && *name != template);
    let (mut keys, mut dead) = (BTreeSet::new(), Vec::new());
    for name in others {
        let key = name[family.len()..].split('_').next().and_then(|key| key.parse::<i32>().ok());
        let Some(key) = key else { continue };
        if keys.contains(&key) || lock(connection, "pg_try_advisory_lock", class, key).await? {
            keys.insert(key);
            dead.push(name.clone());
        }
    }
    for names in dead.chunks(CONCURRENT_DROPS) {
        remove_all(cluster, names).await;
    }
    for key in keys {
        lock(connection, "pg_advisory_unlock", class, key).await?;
    }
    Ok(())
}

/// A positive key for an advisory lock.
fn key(bytes: &[u8]) -> i32 {
    i32::from_ne_bytes(*bytes.first_chunk().expect("4 bytes")) & i32::MAX | 1
}

async fn lock(connection: &mut PgConnection, act: &str, class: i32, key: i32) -> Result<bool> {
    let statement = format!("select coalesce(nullif({act}($1, $2)::text, ''), 'true')::boolean");
    let query = sqlx::query_scalar(AssertSqlSafe(statement)).bind(class).bind(key);
    Ok(query.fetch_one(connection).await?)
}

/// Connects through a pool, because a pool retries while a race uses all slots of the server.
async fn connect(url: &Url) -> Result<PgConnection, sqlx::Error> {
    let one = PgPoolOptions::new().max_connections(1).connect(url.as_str()).await?;
    Ok(one.acquire().await?.detach())
}

/// Dropping a database waits for a checkpoint, so several are dropped at once.
async fn remove_all(cluster: &Url, names: &[String]) {
    let removals = names.iter().map(async |name| match connect(cluster).await {
        Ok(mut connection) => remove(&mut connection, name).await,
        Err(error) => eprintln!("the database {name} stays until the next run: {error}"),
    });
    futures_util::future::join_all(removals).await;
}

/// `force` ends the connections that a test's pool still holds.
async fn remove(connection: &mut PgConnection, name: &str) {
    if let Err(error) =
        execute(connection, format!(r#"drop database if exists "{name}" with (force)"#)).await
    {
        eprintln!("the database {name} stays until the next run: {error}");
    }
}

/// A database's name cannot be a parameter. These names consist of our own letters and numbers.
async fn execute(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    raw_sql(AssertSqlSafe(statement)).execute(connection).await.map(drop)
}

fn with_name(cluster: &Url, name: &str) -> Url {
    let mut url = cluster.clone();
    url.set_path(name);
    url
}

fn database_url() -> Result<String> {
    const KEY: &str = "DATABASE_URL";
    if let Ok(url) = std::env::var(KEY) {
        return Ok(url);
    }
    let file = Path::new(ROOT).join(".env");
    let settings = dotenvy::from_path_iter(&file)
        .map_err(|_| anyhow!("DATABASE_URL is not set, and bin/setup has written no .env yet"))?;
    let found = settings.filter_map(Result::ok).find(|(key, _)| key == KEY);
    found
        .map(|(_, url)| url)
        .with_context(|| format!("{} does not set DATABASE_URL", file.display()))
}
