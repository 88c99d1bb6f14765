//! A million sessions, half of them expired: the page, pruning under load, growth of the table.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Executor};

use crate::database::{Database, Expired};
use crate::docs;
use crate::machine::OurProcesses;
use crate::page::Cookies;
use crate::report::{Goal, Report, Row, number};
use crate::rounds::{Runner, Series};
use crate::server::{Server, output};
use crate::setup::{self, sample, say};
use crate::wrk::{self, Cookie, Target};

const MANY: u32 = 1_000_000;
const FEW: u32 = 1_000;
const MANY_NAME: &str = "`GET /app`, 1,000,000 sessions";
const FEW_NAME: &str = "`GET /app`, 1,000 sessions";
const QUIET_NAME: &str = "`GET /app` before pruning";
const PRUNING_NAME: &str = "`GET /app` during pruning";
/// Few enough that the page leaves time to the pruning.
const CLIENTS: u32 = 8;
/// Rounds of expiry, pruning and new sessions, and the sessions in each.
const ROUNDS: u32 = 10;
const EXPIRING: u32 = 50_000;

pub(crate) async fn run(write_docs: bool) -> anyhow::Result<Report> {
    fs::create_dir_all(output())?;
    say("seeding 1,000 sessions, and 1,000,000");
    let few = seeded("_few", FEW, Expired::None).await?;
    let many = seeded("", MANY, Expired::Half).await?;
    let mut report = Report::new("million", setup::postgres(&many).await?);
    let bytes_per_session = size(&many).await? as f64 / f64::from(MANY);
    let of_few = Server::app(&few, "warn")?;
    let of_many = Server::app(&many, "warn")?;
    let mut runner = Runner {
        ours: OurProcesses {
            servers: vec![of_few.pid(), of_many.pid()],
            postmaster: many.postmaster().await?,
            database: many.name().to_owned(),
        },
        rounds: 5,
        seconds: 3,
        wait: Duration::from_secs(10),
        wait_budget: Duration::from_mins(1),
    };
    // Only odd numbers are valid: see `Expired::Half`.
    let valid = || sample(1, 10, MANY as usize / 10);
    let cookies = Cookies::new(of_many.port)?;
    cookies.check(valid().step_by(9_999))?;
    let page_of_many = target(MANY_NAME, &of_many, &cookies, valid())?;
    let page_of_few = target(FEW_NAME, &of_few, &Cookies::new(of_few.port)?, 1..=FEW)?;
    for page in [&page_of_many, &page_of_few] {
        wrk::run(page, 32, 2)?;
    }
    say("the page");
    let mut series = runner.interleave(&[&page_of_many, &page_of_few], 32)?;
    let quiet = Target { name: QUIET_NAME, ..page_of_many.clone() };
    runner.seconds = 2;
    series.extend(runner.interleave(&[&quiet], CLIENTS)?);
    say("pruning 500,000 rows under load");
    let pruned = prune_under_load(&many, &mut runner, page_of_many).await?;
    series.push(pruned.series);
    cookies.check(valid().step_by(9_999))?;
    let sizes = growth(&many).await?;
    let p99 = |at: usize| series[at].median(|round| round.p99_ms);
    let (first, last) = (sizes[0] as f64, sizes[sizes.len() - 1] as f64);
    let mb = |bytes: f64| format!("{} MB", number(bytes / 1e6));
    let ms = |value: f64| format!("{value:.2} ms");
    report.rows = vec![
        Row::rates("the page with 1,000,000 sessions against 1,000", &series[1], &series[0], 0.95),
        Row::ratio(
            "p99 of the page while 500,000 sessions are pruned, against before",
            ms(p99(2)),
            ms(p99(3)),
            p99(3) / p99(2),
            Goal::AtMost(2.0),
        ),
        Row::ratio(
            "size of the table after ten rounds against one",
            mb(first),
            mb(last),
            last / first,
            Goal::AtMost(1.05),
        ),
    ];
    report.remarks = vec![
        format!("A session takes {bytes_per_session:.0} bytes, indexes included."),
        format!("Pruning deleted {} rows in {:.0} s under load.", pruned.rows, pruned.seconds),
        format!("PostgreSQL's plan for one batch of pruning:\n\n```text\n{}\n```", pruned.plan),
    ];
    report.series = series;
    report.publish()?;
    if write_docs {
        docs::write(&report, "bench --million")?;
    }
    Ok(report)
}

async fn seeded(suffix: &str, sessions: u32, expired: Expired) -> anyhow::Result<Database> {
    let database = Database::create(suffix).await?;
    database.seed_users().await?;
    database.seed_sessions(1, sessions, expired).await?;
    database.vacuum().await?;
    Ok(database)
}

fn target(
    name: &'static str,
    server: &Server,
    cookies: &Cookies,
    sessions: impl Iterator<Item = u32>,
) -> anyhow::Result<Target> {
    let cookies = Some(Cookie { name: cookies.name(), values: cookies.write(sessions)? });
    Ok(Target { name, port: server.port, path: "/app", cookies, pid: server.pid() })
}

struct Pruned {
    rows: String,
    seconds: f64,
    plan: String,
    series: Series,
}

/// `vestibule prune`, with rounds of load on the page until it has ended.
async fn prune_under_load(
    database: &Database,
    runner: &mut Runner,
    page: Target,
) -> anyhow::Result<Pruned> {
    let page = Target { name: PRUNING_NAME, ..page };
    (runner.rounds, runner.wait_budget) = (1, Duration::ZERO);
    let mut series: Option<Series> = None;
    let began = Instant::now();
    let mut pruning = database.app(&["prune"]);
    let mut pruning = pruning.stdout(std::process::Stdio::piped()).spawn()?;
    runner.ours.servers.push(pruning.id());
    let plan = plan(database).await?;
    let mut seconds = None;
    // A round that ends after the pruning is left out, unless it is the only one.
    while seconds.is_none() {
        let rounds = runner.interleave(&[&page], CLIENTS)?.remove(0);
        seconds = pruning.try_wait()?.map(|_| began.elapsed().as_secs_f64());
        match &mut series {
            None => series = Some(rounds),
            Some(series) if seconds.is_none() => series.rounds.extend(rounds.rounds),
            Some(_) => {}
        }
    }
    let output = pruning.wait_with_output()?;
    ensure!(output.status.success(), "vestibule prune failed");
    let rows = String::from_utf8_lossy(&output.stdout);
    let rows = rows.split(' ').next().unwrap_or_default().to_owned();
    let left = "select count(*) from sessions where last_seen_at + idle_timeout <= now()";
    ensure!(database.number(left).await? == 0, "expired sessions are left");
    let series = series.context("no round")?;
    Ok(Pruned { rows, seconds: seconds.unwrap_or_default(), plan, series })
}

/// The plan of the statement that is pruning now, as PostgreSQL has it.
async fn plan(database: &Database) -> anyhow::Result<String> {
    let running = "select query from pg_stat_activity
                   where datname = current_database() and query like 'delete from sessions%'";
    let began = Instant::now();
    let statement: String = loop {
        if let Some(found) = sqlx::query_scalar(running).fetch_optional(&database.pool).await? {
            break found;
        }
        ensure!(began.elapsed() < Duration::from_secs(10), "no statement prunes sessions");
    };
    let connection = &database.pool;
    connection.execute(AssertSqlSafe(format!("prepare pruning as {statement}"))).await?;
    let lines: Vec<String> =
        sqlx::query_scalar("explain execute pruning (1000)").fetch_all(connection).await?;
    Ok(lines.join("\n"))
}

async fn size(database: &Database) -> anyhow::Result<i64> {
    database.number("select pg_total_relation_size('sessions')").await
}

/// The size of the table after each round. Rounds are 15 minutes apart in practice, so autovacuum
/// has run between them; here we run it.
async fn growth(database: &Database) -> anyhow::Result<Vec<i64>> {
    let mut next = MANY + 1;
    let mut refill = async |count: u32| {
        database.seed_sessions(next, next + count - 1, Expired::None).await?;
        next += count;
        anyhow::Ok(())
    };
    database.vacuum().await?;
    refill(MANY / 2).await?;
    let mut sizes = Vec::new();
    for round in 1..=ROUNDS {
        say(&format!("expiry, pruning, new sessions: round {round} of {ROUNDS}"));
        sqlx::query(
            "update sessions set last_seen_at = now() - interval '2 hours'
             where id in (select id from sessions order by id limit $1)",
        )
        .bind(i64::from(EXPIRING))
        .execute(&database.pool)
        .await?;
        let pruned = database.app(&["prune"]).stdout(std::process::Stdio::null()).status()?;
        ensure!(pruned.success(), "vestibule prune failed");
        database.vacuum().await?;
        refill(EXPIRING).await?;
        sizes.push(size(database).await?);
    }
    Ok(sizes)
}
