//! Log flood: the attacker sends long or many values where the app logs client input.
//!
//! Why it matters: a full disk stops the database, and a line of 100 KiB hides its neighbours.
//! Stops in: `src/telemetry.rs` (the request's span), `src/web/host.rs` (`RejectedHosts`),
//! `src/web/cookies.rs`, `src/accounts/client.rs`.
//! Sources: ASVS 5.0 16.4.1; OWASP Logging Cheat Sheet; CWE-779.

use crate::support::database::database;
use crate::support::labels::*;
use crate::support::process::Process;
use crate::support::raw;

/// The longest line, in bytes: time, span and message.
const LONGEST: usize = 500;

#[tokio::test]
async fn no_input_of_a_client_makes_a_long_log_line() {
    let db = database().await;
    // The level of production, and debug for our own crate.
    let process = Process::logging(&db, &[("RUST_LOG", "info,app=debug")]);
    let (_, port) = process.address();
    let long = "x".repeat(6_000);
    let own = format!("Host: localhost:{port}");
    for request in [
        format!("{long} / HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET /login?next={long} HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {long}\r\n\r\n"),
        format!("GET http://{long}/ HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{own}\r\nUser-Agent: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{own}\r\nCookie: {long}=1\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{own}\r\nCookie: __Host-session={long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{own}\r\nX-Request-Id: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{own}\r\nX-Forwarded-For: {long}\r\n\r\n"),
        format!("POST /login HTTP/1.1\r\n{own}\r\nOrigin: {long}\r\nContent-Length: 0\r\n\r\n"),
        format!(
            "POST /login HTTP/1.1\r\n{own}\r\nContent-Type: {long}\r\nContent-Length: 0\r\n\r\n"
        ),
        format!("POST /login HTTP/1.1\r\n{own}\r\nReferer: {long}\r\nContent-Length: 0\r\n\r\n"),
    ] {
        raw::send(("127.0.0.1", port), request).await;
    }
    let mut browser = process.browser();
    browser.user_agent = long.clone();
    browser.visit("/login").await;
    let email = format!("{long}@example.com");
    browser.submit(LOG_IN, &[(EMAIL, &email), (PASSWORD, &long)]).await;
    let log = process.log();
    assert!(log.lines().filter(|line| line.contains("answered")).count() > 10, "{log}");
    assert!(log.lines().any(|line| line.contains("DEBUG") && line.contains(" app::")), "{log}");
    for line in log.lines() {
        assert!(line.len() <= LONGEST, "{} bytes: {line}", line.len());
    }
}

#[tokio::test]
async fn a_cookie_repeated_thousands_of_times_is_logged_once() {
    let db = database().await;
    let process = Process::logging(&db, &[("RUST_LOG", "info")]);
    let (_, port) = process.address();
    let many = "__Host-visitor=;__Host-device=;".repeat(2_000);
    let get = format!("GET /login HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {many}\r\n\r\n");
    assert_eq!(raw::send(("127.0.0.1", port), get).await.status, 200);
    let malformed = raw::send(("127.0.0.1", port), "GET / HTTP/1.1\r\nno header\r\n\r\n").await;
    assert_eq!(malformed.status, 400);
    let log = process.log();
    assert_eq!(log.lines().filter(|line| line.contains("sent twice")).count(), 2, "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn a_rejected_host_is_logged_once_with_the_expected_one() {
    let db = database().await;
    let process = Process::logging(&db, &[("RUST_LOG", "warn")]);
    let (_, port) = process.address();
    let get = async |host: &str| {
        let get = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(raw::send(("127.0.0.1", port), get).await.status, 303, "{host}");
    };
    for _ in 0..20 {
        get("evil.example").await;
    }
    for number in 0..50 {
        get(&format!("evil-{number}.example")).await;
    }
    let log = process.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("another Host")).collect();
    let first = lines.first().expect("a line that says why");
    assert!(first.contains("host=evil.example"), "{first}");
    assert!(first.contains(&format!("expected=\"localhost:{port}\"")), "{first}");
    assert_eq!(lines.iter().filter(|line| line.contains("=evil.example")).count(), 1, "{log}");
    assert_eq!(lines.len(), 10, "however many names are tried: {log}");
}
