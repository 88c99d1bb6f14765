//! The metrics for Prometheus, and the alerts and the dashboard that read them.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::browser::Browser;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, Person};
use crate::support::process::Process;

const ALERTS: &str = include_str!("../../docs/metrics/alerts.yml");
const DASHBOARD: &str = include_str!("../../docs/metrics/dashboard.json");
const DOCUMENT: &str = include_str!("../../docs/metrics.md");
const ON_A_FREE_PORT: (&str, &str) = ("METRICS_LISTEN", "127.0.0.1:0");
const DEVELOPMENT: (&str, &str) = ("ENVIRONMENT", "development");

/// The text of `/metrics`, at the URL on the second line of stdout.
async fn metrics(process: &mut Process) -> String {
    let line = process.next_line();
    let url = line.trim().strip_prefix("metrics on ").expect("its URL").to_owned();
    let response = reqwest::get(url).await.expect("a response");
    assert_eq!(response.status(), 200);
    response.text().await.expect("text")
}

/// Like the pages of development: nobody else on the network is to read them.
#[test]
fn in_development_metrics_are_on_loopback_only() {
    let found = super::mistake(&[DEVELOPMENT, ("METRICS_LISTEN", "0.0.0.0:9464")]);
    assert!(found.starts_with("METRICS_LISTEN"), "{found}");
    assert_eq!(super::mistakes(&[DEVELOPMENT, ("METRICS_LISTEN", "127.0.0.1:9464")]), [""; 0]);
}

/// Metrics and lesson read the log by layers of their own. Each setting of both has to leave the
/// lines as they are: without them, an operator sees no attack.
#[tokio::test]
async fn the_log_has_its_lines_with_and_without_metrics() {
    for metrics in ["", ON_A_FREE_PORT.1] {
        for lesson in ["off", "on"] {
            let db = database().await;
            let settings = [(ON_A_FREE_PORT.0, metrics), ("LESSON", lesson), ("RUST_LOG", "info")];
            let process = Process::logging(&db, &settings);
            let mut browser = process.browser();
            ADA.logs_in(&mut browser).await;
            assert_eq!(browser.status, 422);
            let log = process.log();
            assert!(log.contains("authn_login_fail"), "{settings:?}: {log}");
            assert!(log.contains("answered"), "{settings:?}: {log}");
        }
    }
}

/// The metrics that an expression of Prometheus names.
fn named(expression: &str) -> BTreeSet<String> {
    // Label values stand in quotes, and label names have no underscore.
    let unquoted: String = expression.split('"').step_by(2).collect();
    let words = unquoted.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics = words.filter(|word| word.contains('_') && *word != "histogram_quantile");
    let plain = |word: &str| {
        let cut = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end));
        cut.unwrap_or(word).to_owned()
    };
    metrics.map(plain).collect()
}

async fn tries_to_log_in(browser: &mut Browser, person: Person) {
    browser.visit("/login").await;
    browser.submit(LOG_IN, &[(EMAIL, person.email), (PASSWORD, person.password)]).await;
}

#[tokio::test]
async fn a_scrape_counts_requests_logins_passwords_sessions_and_emails() {
    let db = database().await;
    let mut process = Process::serve_with(&db, &[ON_A_FREE_PORT]);
    let mut browser = process.browser();
    browser.visit("/register").await;
    browser.submit(CREATE_ACCOUNT, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.visit(&newest(&db, ADA.email).await.link("/email/verify/")).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
    browser.press(LOG_OUT).await;
    for number in 0..12 {
        let password = if number == 0 { ADA.password } else { "not the password" };
        let mut other = process.browser();
        tries_to_log_in(&mut other, Person { password, ..ADA }).await;
    }
    let text = metrics(&mut process).await;
    for line in [
        "http_request_duration_seconds_count{method=\"GET\",route=\"/app\",status=\"200\"}",
        "http_request_duration_seconds_bucket{method=\"POST\",route=\"/login\",status=\"422\",le=\"0.5\"}",
        "security_events_total{event=\"authn_login_success\"} 1",
        "security_events_total{event=\"authn_login_fail\"}",
        "rejected_attempts_total{action=\"login\",scope=\"pair\"}",
        "password_jobs{state=\"waiting\"} 0",
        "password_job_duration_seconds_count",
        "session_statement_loads_bucket{le=\"1\"}",
        "database_pool_connections{state=\"idle\"}",
        "outbox_waiting_emails 3",
        "outbox_oldest_email_age_seconds",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    // No label may name a person, and their number must not grow with the requests.
    for personal in [ADA.email, "127.0.0.1", "/email/verify/A", "not the password"] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }
}

#[tokio::test]
async fn without_the_setting_there_are_no_metrics() {
    let db = database().await;
    let process = Process::serve(&db);
    let mut browser = process.browser();
    browser.visit("/metrics").await;
    assert_eq!(browser.status, 404);
    process.signal("TERM");
    assert_eq!(process.ends().1, "", "no second line");
}

#[test]
fn alerts_dashboard_and_document_name_the_same_metrics() {
    let documented: BTreeSet<String> = DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('|').nth(1).expect("a cell").split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    let source = include_str!("../../src/metrics.rs");
    for metric in &documented {
        assert!(source.contains(&format!("\"{metric}\"")), "{metric} is in no code");
    }
    let after_expr = ALERTS.split("expr: ").skip(1);
    let alerts = after_expr.map(|rest| rest.split("annotations:").next().expect("an expression"));
    let alerts: Vec<&str> = alerts.map(|text| text.split("for:").next().expect("one")).collect();
    assert_eq!(alerts.len(), 6);
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let shown: Vec<&str> =
        targets.map(|target| target["expr"].as_str().expect("an expression")).collect();
    let used: BTreeSet<String> = alerts.into_iter().chain(shown).flat_map(named).collect();
    assert_eq!(used, documented);
}

/// Ignored where Prometheus is not installed: it is not needed to run or to test the app.
#[test]
fn promtool_accepts_the_alerts_where_it_is_installed() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics/alerts.yml");
    match Command::new("promtool").args(["check", "rules", rules]).output() {
        Ok(checked) => assert!(checked.status.success(), "{checked:?}"),
        Err(missing) => println!("not checked, no promtool: {missing}"),
    }
}
