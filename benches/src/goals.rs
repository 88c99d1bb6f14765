//! The goals of the standard run, and what makes a run invalid.

use crate::machine;
use crate::report::{Goal, Report, Row, number};
use crate::standard::{APP, APP_LOGIN, BASELINE_LOGIN, BASELINE_ROW, LoginFigures};

/// The least part of pgbench's rate that the baseline with one round trip must reach; a good run
/// reaches 0.35. The baseline also parses HTTP, and sqlx pings each connection that it puts back,
/// so it can never reach the rate of pgbench, which does neither.
const OF_PGBENCH: f64 = 0.25;

pub(crate) struct Measured {
    pub(crate) first_response_ms: f64,
    pub(crate) idle_mb: Option<f64>,
    pub(crate) rows_added: i64,
    pub(crate) logins: LoginFigures,
    pub(crate) pgbench: Option<f64>,
}

pub(crate) fn add(report: &mut Report, measured: &Measured) {
    let find = |name: &str, connections: u32| {
        let found = report.series.iter();
        let mut found = found.filter(|one| one.name == name && one.connections == connections);
        found.next().expect("both forms measure this")
    };
    let against = |what, name, baseline, connections, goal| {
        Row::rates(what, find(baseline, connections), find(name, connections), goal)
    };
    let p50 = |name| find(name, 1).median(|round| round.p50_ms);
    let ms = |value: f64| format!("{value:.2} ms");
    let logins = &measured.logins;
    let mut rows = vec![
        against("`GET /app`, 32 connections, against one round trip", APP, BASELINE_ROW, 32, 2.0),
        against("`GET /app`, 128 connections, against one round trip", APP, BASELINE_ROW, 128, 3.5),
        Row::ratio(
            "`GET /app`, 1 connection, p50, against one round trip",
            ms(p50(BASELINE_ROW)),
            ms(p50(APP)),
            p50(APP) / p50(BASELINE_ROW),
            Goal::AtMost(1.1),
        ),
        against(
            "`GET /login` against the same page, token and cookie",
            APP_LOGIN,
            BASELINE_LOGIN,
            32,
            0.9,
        ),
        Row::value(
            "rows added by all these pages",
            measured.rows_added as f64,
            "",
            Goal::AtMost(0.0),
        ),
        Row::ratio(
            "`POST /login` against Argon2 alone",
            format!("{}/s", number(logins.argon_per_second)),
            format!("{}/s", number(logins.per_second)),
            logins.per_second / logins.argon_per_second,
            Goal::AtLeast(0.9),
        ),
        Row::value(
            "p99 of `GET /app` while 64 log in",
            logins.page_p99_ms,
            " ms",
            Goal::AtMost(25.0),
        ),
    ];
    if let Some(peak) = logins.peak_mb {
        let most = 20.0 + 20.0 * machine::cores() as f64;
        rows.push(Row::value("peak memory meanwhile", peak, " MB", Goal::AtMost(most)));
    }
    if let Some(cpu) = find(APP, 32).least(|round| round.server_us) {
        let goal = Goal::AtMost(40.0);
        rows.push(Row::value(
            "processor time of the app for `GET /app`, 32 connections",
            cpu,
            " µs",
            goal,
        ));
    }
    rows.push(Row::value(
        "start to first response (median)",
        measured.first_response_ms,
        " ms",
        Goal::AtMost(60.0),
    ));
    let mut remarks = vec![format!(
        "A login, 16 at once: p50 {:.0} ms, p99 {:.0} ms.{}",
        logins.p50_ms,
        logins.p99_ms,
        measured.idle_mb.map_or(String::new(), |mb| format!(" The idle app uses {mb:.1} MB.")),
    )];
    let mut invalid = Vec::new();
    if let Some(pgbench) = measured.pgbench {
        let part = find(BASELINE_ROW, 32).per_second() / pgbench;
        remarks.push(format!(
            "pgbench reads {} single rows per second with 32 connections; the baseline with one round \
             trip reaches {part:.2} of that.",
            number(pgbench)
        ));
        if part < OF_PGBENCH {
            invalid.push(format!("the baseline reached only {part:.2} of pgbench's rate"));
        }
    } else {
        remarks
            .push("pgbench is not installed, so the baseline was not compared with it.".to_owned());
    }
    if measured.rows_added != 0 {
        invalid.push(format!("{} rows were added by GET requests", measured.rows_added));
    }
    report.rows = rows;
    report.remarks = remarks;
    report.invalid = invalid;
}
