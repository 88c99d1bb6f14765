//! The app against its baselines: the pages, logins, memory and the start.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::ensure;

use crate::argon;
use crate::database::{Database, Expired, USERS};
use crate::docs;
use crate::goals::{self, Measured};
use crate::logins;
use crate::machine::{self, OurProcesses};
use crate::page::{self, Cookies};
use crate::pgbench;
use crate::plot;
use crate::report::Report;
use crate::rounds::{Runner, Series, median};
use crate::server::{Server, output};
use crate::setup::{self, sample, say};
use crate::wrk::{self, Cookie, Target};

/// The pages, as the tables name them.
pub(crate) const APP: &str = "`GET /app`";
pub(crate) const APP_LOGGING: &str = "`GET /app` at `RUST_LOG=info`";
pub(crate) const BASELINE_ROW: &str = "baseline: one round trip";
pub(crate) const BASELINE_ROW_PAGE: &str = "baseline: one round trip, same HTML";
pub(crate) const BASELINE_PAGE: &str = "baseline: no database, same HTML";
pub(crate) const APP_LOGIN: &str = "`GET /login`";
pub(crate) const BASELINE_LOGIN: &str = "baseline: login page, token, cookie";

struct Form {
    name: &'static str,
    connections: &'static [u32],
    /// Of the dashboard, and of the baseline that it is compared with.
    rounds: usize,
    /// Of the other baselines.
    other_rounds: usize,
    seconds: u64,
    starts: usize,
    /// Seconds of each round of logins, and of Argon2 alone.
    login_seconds: u64,
    wait: Duration,
    wait_budget: Duration,
}

const SHORT: Form = Form {
    name: "short",
    connections: &[1, 32, 128],
    rounds: 2,
    other_rounds: 1,
    seconds: 1,
    starts: 3,
    login_seconds: 2,
    wait: Duration::from_secs(2),
    wait_budget: Duration::from_secs(5),
};
const LONG: Form = Form {
    name: "long",
    connections: &[1, 2, 4, 8, 16, 32, 64, 128, 256],
    rounds: 5,
    other_rounds: 3,
    seconds: 3,
    starts: 20,
    login_seconds: 8,
    wait: Duration::from_secs(30),
    wait_budget: Duration::from_mins(15),
};
/// Connections that load the page while the logins of `LOGIN_CLIENTS` keep all cores busy.
const PAGE_CLIENTS: u32 = 8;
const LOGIN_CLIENTS: u32 = 64;
/// Enough to keep every core hashing, few enough that nobody waits long.
const RATE_CLIENTS: u32 = 16;

pub(crate) async fn run(long: bool, write_docs: bool) -> anyhow::Result<Report> {
    let form = if long { LONG } else { SHORT };
    fs::create_dir_all(output())?;
    say("creating and seeding a database");
    let database = Database::create("").await?;
    let mut report = Report::new(form.name, setup::postgres(&database).await?);
    database.seed_users().await?;
    database.seed_sessions(1, USERS, Expired::None).await?;
    database.vacuum().await?;
    let (first_response_ms, idle_mb) = starts(&database, form.starts)?;
    let mut runner = Runner {
        ours: OurProcesses {
            servers: Vec::new(),
            postmaster: database.postmaster().await?,
            database: database.name().to_owned(),
        },
        rounds: form.rounds,
        seconds: form.seconds,
        wait: form.wait,
        wait_budget: form.wait_budget,
    };
    let before = rows(&database).await?;
    report.series = pages(&database, &form, &mut runner)?;
    let rows_added = rows(&database).await? - before;
    let logins = logins(&database, &form, &mut runner)?;
    say("pgbench");
    let pgbench = pgbench::rows_per_second(&database, 32, form.seconds)?;
    let measured = Measured { first_response_ms, idle_mb, rows_added, logins, pgbench };
    goals::add(&mut report, &measured);
    report.publish()?;
    let svg = plot::draw(&report.series, &[APP, BASELINE_ROW, BASELINE_ROW_PAGE, BASELINE_PAGE]);
    let drawing = output().join(format!("{}.svg", form.name));
    fs::write(&drawing, &svg)?;
    println!("bin/bench: the plot is {}", drawing.display());
    if write_docs {
        docs::write(&report, "bench")?;
        fs::write(docs::PLOT, svg)?;
    }
    Ok(report)
}

/// The median time until the first response, and the memory after it.
fn starts(database: &Database, count: usize) -> anyhow::Result<(f64, Option<f64>)> {
    say("starting the app a few times");
    let (mut times, mut memory) = (Vec::new(), None);
    for _ in 0..count {
        let server = Server::app(database, "warn")?;
        times.push(server.first_response.as_secs_f64() * 1e3);
        memory = machine::memory_mb(server.pid(), "VmRSS");
    }
    Ok((median(times), memory))
}

/// The rows of the tables to which a GET request could add one.
async fn rows(database: &Database) -> anyhow::Result<i64> {
    let count = "select (select count(*) from sessions) + (select count(*) from throttles)
                      + (select count(*) from audit_events) + (select count(*) from devices)";
    database.number(count).await
}

fn pages(database: &Database, form: &Form, runner: &mut Runner) -> anyhow::Result<Vec<Series>> {
    let app = Server::app(database, "warn")?;
    let logging = Server::app(database, "info")?;
    let (cookies, of_logging) = (Cookies::new(app.port)?, Cookies::new(logging.port)?);
    let check = || cookies.check(sample(1, 4_999, 20));
    check()?;
    let baselines = Server::baselines(database, &page::capture(app.port, &cookies)?)?;
    runner.ours.servers = vec![app.pid(), logging.pid(), baselines.pid()];
    let values = cookies.write(1..=USERS)?;
    let cookie = |name| Some(Cookie { name, values: values.clone() });
    let target = |name, server: &Server, path, cookies| Target {
        name,
        port: server.port,
        path,
        cookies,
        pid: server.pid(),
    };
    let page = target(APP, &app, "/app", cookie(cookies.name()));
    let logging_page = target(APP_LOGGING, &logging, "/app", cookie(of_logging.name()));
    // The baselines get the same requests, so that reading them costs the same.
    let one = target(BASELINE_ROW, &baselines, "/one", cookie(cookies.name()));
    let same = target(BASELINE_ROW_PAGE, &baselines, "/page", cookie(cookies.name()));
    let none = target(BASELINE_PAGE, &baselines, "/none", cookie(cookies.name()));
    let login = target(APP_LOGIN, &app, "/login", None);
    let login_baseline = target(BASELINE_LOGIN, &baselines, "/login", None);
    for target in [&page, &logging_page, &one] {
        wrk::run(target, 32, 1)?;
    }
    let mut all = Vec::new();
    for connections in form.connections {
        say(&format!("pages, {connections} connections"));
        let others = match (form.name, connections) {
            (_, 32) => vec![&same, &none, &logging_page],
            ("short", _) => vec![],
            _ => vec![&same, &none],
        };
        all.extend(runner.interleave(&[&page, &one], *connections)?);
        runner.rounds = form.other_rounds;
        all.extend(runner.interleave(&others, *connections)?);
        runner.rounds = form.rounds;
    }
    say("the login page");
    all.extend(runner.interleave(&[&login, &login_baseline], 32)?);
    check()?;
    // A redirect is shorter than the page.
    let shortest = http_length(app.port, &cookies)?;
    for series in all.iter().filter(|series| {
        [APP, APP_LOGGING, BASELINE_ROW_PAGE, BASELINE_PAGE].contains(&series.name)
    }) {
        let short = series.rounds.iter().any(|round| round.bytes_per_response < shortest);
        ensure!(!short, "{} did not always send the page", series.name);
    }
    Ok(all)
}

/// The length of the dashboard without its headers.
fn http_length(port: u16, cookies: &Cookies) -> anyhow::Result<f64> {
    // The email address in the page is a few bytes longer or shorter.
    Ok(crate::http::get(port, "/app", Some(&cookies.of(1)))?.body.len() as f64)
}

/// Figures of logins, each the median of its rounds.
pub(crate) struct LoginFigures {
    pub(crate) per_second: f64,
    pub(crate) argon_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// p99 of `GET /app` while `LOGIN_CLIENTS` log in, and the most memory of the app.
    pub(crate) page_p99_ms: f64,
    pub(crate) peak_mb: Option<f64>,
}

fn logins(database: &Database, form: &Form, runner: &mut Runner) -> anyhow::Result<LoginFigures> {
    say("logins, and Argon2 alone");
    let app = Server::app(database, "warn")?;
    let cookies = Cookies::new(app.port)?;
    runner.ours.servers = vec![app.pid()];
    let (mut rates, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..form.rounds {
        runner.wait_for_quiet();
        alone.push(argon::hashes_per_second(form.login_seconds));
        runner.wait_for_quiet();
        rates.push(logins::run(app.port, RATE_CLIENTS, form.login_seconds)?);
    }
    say("the page while 64 log in");
    let page = Target {
        name: APP,
        port: app.port,
        path: "/app",
        cookies: Some(Cookie { name: cookies.name(), values: cookies.write(1..=USERS)? }),
        pid: app.pid(),
    };
    let mut p99 = Vec::new();
    for _ in 0..form.rounds.div_ceil(2) {
        runner.wait_for_quiet();
        let loaded = thread::scope(|scope| {
            let busy = scope.spawn(|| logins::run(app.port, LOGIN_CLIENTS, form.login_seconds + 1));
            // Until every client has a login in the queue.
            thread::sleep(Duration::from_millis(500));
            let loaded = wrk::run(&page, PAGE_CLIENTS, form.login_seconds);
            busy.join().expect("no client panics").and(loaded)
        });
        p99.push(loaded?.p99_ms());
    }
    cookies.check(sample(USERS / 2, 4_999, 10))?;
    Ok(LoginFigures {
        per_second: median(rates.iter().map(|round| round.per_second).collect()),
        argon_per_second: median(alone),
        p50_ms: median(rates.iter().map(|round| round.p50_ms).collect()),
        p99_ms: median(rates.iter().map(|round| round.p99_ms).collect()),
        page_p99_ms: median(p99),
        peak_mb: machine::memory_mb(app.pid(), "VmHWM"),
    })
}
