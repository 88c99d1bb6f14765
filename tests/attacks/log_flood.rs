//! Flooding the log: the attacker puts long or many things where the app logs what a client wrote.
//!
//! Why it matters: a full disk stops the database, and a line of 100 KiB hides the ones beside it.
//! Stops in: `src/telemetry.rs` (the request's span), `src/web/address.rs` (`Strangers`),
//! `src/web/cookies.rs`, `src/accounts/client.rs`.
//! Sources: ASVS 5.0 16.4.1; OWASP Logging Cheat Sheet; CWE-779.

use crate::support::database::database;
use crate::support::process::Process;
use crate::support::raw;

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
