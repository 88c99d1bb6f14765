//! The database at a start: the app waits for it, reports why it cannot be reached, and migrates.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Output, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::migrate::Migrate;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::support::database::{Database, database};
use crate::support::process::{Process, command};
use crate::support::proxy::Proxy;
use crate::support::race::until;

fn binary(db: &Database, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::from(command(db, arguments));
    command.envs(settings.iter().copied()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn fails(url: &str, wait: &str, expected: &str) {
    let db = database().await;
    let settings = [("DATABASE_URL", url), ("DATABASE_WAIT", wait)];
    let Output { status, stderr, .. } =
        binary(&db, &["serve"], &settings).output().await.expect("the binary");
    let said = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("cannot reach PostgreSQL at 127.0.0.1:"), "{said}");
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("timed out"), "{said}");
}

#[tokio::test]
async fn a_start_waits_for_its_database() {
    let db = database().await;
    let proxy = Proxy::closing_first(2, &db).await;
    let url = proxy.url.clone();
    let process = tokio::task::spawn_blocking(move || {
        Process::serve_with(&db, &[("DATABASE_URL", &url), ("DATABASE_WAIT", "1h")])
    });
    let process = process.await.expect("a start");
    assert!(process.first_line.starts_with("listening on "), "{}", process.first_line);
    assert!(proxy.accepted() > 2);
}

#[tokio::test]
async fn a_start_without_its_database_says_why() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    fails(&format!("postgres://app@{closed}/app"), "1s", "Connection refused").await;
}

#[tokio::test]
async fn a_wrong_database_password_fails_at_once() {
    let db = database().await;
    let mut url = url::Url::parse(&db.url).unwrap();
    url.set_password(Some("wrong")).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    fails(url.as_str(), "1h", "password authentication failed").await;
    url = url::Url::parse(&db.url).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_path("nowhere");
    fails(url.as_str(), "1h", r#"database "nowhere" does not exist"#).await;
}

#[tokio::test]
async fn instances_that_migrate_at_once_wait_for_each_other() {
    let db = database().await;
    db.run("drop schema public cascade; create schema public").await;
    let mut first = sqlx::PgPool::connect(&db.url).await.unwrap().acquire().await.unwrap();
    first.lock().await.expect("the lock of migrations");
    let migrating: Vec<_> = (0..3)
        .map(|_| {
            let mut migrate = binary(&db, &["migrate"], &[]);
            tokio::spawn(async move { migrate.output().await.expect("the binary") })
        })
        .collect();
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event = 'advisory'";
    until("all wait", async || db.number(waiting).await == 3).await;
    // Longer than the `lock_timeout` of a request, which is 3 seconds.
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    first.unlock().await.expect("to unlock");
    for instance in futures_util::future::join_all(migrating).await {
        let Output { status, stderr, .. } = instance.expect("its end");
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    }
    assert_eq!(db.number("select count(*) from users").await, 0);
}

/// PostgreSQL drops no database while a connection is in its handshake. If dropping one blocked a
/// test's thread, the client half of a handshake on that thread would wait for itself.
#[tokio::test]
async fn a_test_that_drops_its_databases_does_not_hold_up_a_handshake() {
    let dbs = join_all((0..24).map(async |_| database().await)).await;
    let url = url::Url::parse(&dbs[0].url).unwrap();
    let server = (url.host_str().unwrap(), url.port().unwrap_or(5432));
    let mut connection = TcpStream::connect(server).expect("PostgreSQL");
    let startup = format!("\0\u{3}\0\0user\0{}\0database\0{}\0\0", url.username(), dbs[0].name);
    let length = u32::try_from(startup.len() + 4).unwrap();
    connection.write_all(&length.to_be_bytes()).expect("to begin");
    connection.write_all(startup.as_bytes()).expect("to begin");
    let mut request = [0; 256];
    let read = connection.read(&mut request).expect("a request to authenticate");
    assert_eq!((read > 0, request[0]), (true, b'R'), "{request:?}");
    drop(dbs);
    connection.set_nonblocking(true).unwrap();
    let cut = connection.read(&mut request);
    let waits = cut.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    assert!(waits, "PostgreSQL gave up the handshake: {cut:?}");
}
