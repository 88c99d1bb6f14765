//! Starting and stopping: sessions survive a restart, and requests in flight are finished.

mod http_2;

use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::browser::Browser;
use crate::support::cluster::Cluster;
use crate::support::database::{Database, database};
use crate::support::labels::*;
use crate::support::mail_server::{MailServer, Reaction};
use crate::support::people::{ADA, Person};
use crate::support::process::Process;
use crate::support::race::until;
use crate::support::site::Site;

#[tokio::test]
async fn a_restart_keeps_sessions_valid() {
    let site = Site::start().await;
    let before = ADA.at(&site).await;
    let keys = site.app.config.secret_keys.expose_secret().to_owned();
    let site = Site::on(site.stop().await, &[("SECRET_KEYS", &keys)]).await;
    let mut browser = site.browser();
    browser.clone_cookies_from(&before);
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
    assert_eq!(browser.raw_set_cookies(), [""; 0]);
}

#[tokio::test]
async fn the_first_line_prints_the_url_once_the_server_responds() {
    let db = database().await;
    let process = Process::serve(&db);
    let (_, port) = process.address();
    assert_eq!(process.first_line, format!("listening on http://localhost:{port}\n"));
    let mut browser = process.browser();
    browser.visit("/").await;
    browser.must_be_at("/", 200);
    process.signal("TERM");
    let (status, rest) = process.ends();
    assert!(status.success(), "{status}");
    assert_eq!(rest, "", "logs go to stderr");
}

#[tokio::test]
async fn sigterm_lets_a_request_in_flight_finish() {
    let db = database().await;
    let process = Process::serve(&db);
    let mut browser = process.browser();
    browser.visit("/register").await;
    let Person { email, password } = ADA;
    // No registration can be inserted while this transaction is open.
    let mut elsewhere = db.pool.begin().await.expect("the database");
    sqlx::query("lock table registrations in exclusive mode")
        .execute(&mut *elsewhere)
        .await
        .expect("a lock");
    browser.follow_redirects = false;
    let registration = tokio::spawn(async move {
        browser.submit(CREATE_ACCOUNT, &[(EMAIL, email), (PASSWORD, password)]).await;
        browser
    });
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    until("the registration waits", async || db.number(waits).await == 1).await;

    process.signal("TERM");
    until("nobody new is let in", async || TcpStream::connect(process.address()).await.is_err())
        .await;
    elsewhere.rollback().await.expect("the database");
    let browser = registration.await.expect("an answer");
    browser.must_be_at("/register", 303);
    let (status, _) = process.ends();
    assert!(status.success(), "{status}");
    assert_eq!(db.number("select count(*) from outbox").await, 1);
}

/// The limit when nothing is in flight. `IN_TIME` is always kept: `docker stop` kills after 10 s.
const IDLE_LIMIT: Duration = Duration::from_secs(5);
const IN_TIME: Duration = Duration::from_secs(10);

/// The time from SIGTERM to the exit, which must be a success.
async fn time_to_stop(process: Process, meanwhile: &str) -> Duration {
    let began = Instant::now();
    process.signal("TERM");
    let (status, _) = tokio::task::spawn_blocking(|| process.ends()).await.expect("its end");
    let took = began.elapsed();
    println!("SIGTERM, {meanwhile}: {took:?}");
    assert!(status.success(), "{status}, {meanwhile}");
    took
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_exit() {
    let process = Process::serve(&database().await);
    let browser = process.browser();
    stops_beside_an_idle_connection(process, browser).await;
}

async fn stops_beside_an_idle_connection(process: Process, mut browser: Browser) {
    browser.visit("/login").await;
    browser.must_be_at("/login", 200);
    let version = browser.hops[0].version;
    // `browser` keeps its connection open until here.
    let took = time_to_stop(process, &format!("an idle connection of {version:?}")).await;
    drop(browser);
    assert!(took < IDLE_LIMIT, "{took:?} with an idle connection of {version:?}");
}

#[tokio::test]
async fn a_mail_in_delivery_does_not_delay_the_exit() {
    let (db, mut server, url) = database_and_hanging_mail_server().await;
    let process = Process::serve_with(&db, &[("SMTP_URL", &url)]);
    let mut browser = process.browser();
    ADA.sign_up_in(&mut browser).await;
    server.wait_for_command(".").await;
    let took = time_to_stop(process, "a mail on its way and an idle connection").await;
    assert!(took < IDLE_LIMIT, "{took:?}");
}

#[tokio::test]
async fn a_stuck_request_and_a_stuck_mail_are_aborted_within_10_seconds() {
    let (db, mut server, url) = database_and_hanging_mail_server().await;
    let process = Process::serve_with(&db, &[("SMTP_URL", &url)]);
    let mut browser = process.browser();
    ADA.sign_up_in(&mut browser).await;
    server.wait_for_command(".").await;
    let mut client = TcpStream::connect(process.address()).await.expect("a server");
    let host = process.url.trim_start_matches("http://");
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.expect("to write");
    // 100 Continue: the server waits for the body, which this client never sends.
    let mut said = [0; 12];
    client.read_exact(&mut said).await.expect("an answer");
    assert_eq!(&said, b"HTTP/1.1 100");
    // Stopped one after the other, the two would take 12 s.
    let took = time_to_stop(process, "a request and a mail that never end").await;
    assert!(took < IN_TIME, "{took:?}");
}

#[tokio::test]
async fn the_first_request_after_a_restart_of_postgresql_succeeds() {
    let cluster = Cluster::start();
    let site = Site::on(cluster.database().await, &[]).await;
    let mut ada = ADA.at(&site).await;
    site.open_all_connections().await;
    cluster.stop();
    cluster.start_again();
    ada.visit("/app").await;
    ada.must_be_at("/app", 200);
}

async fn database_and_hanging_mail_server() -> (Database, MailServer, String) {
    let server = MailServer::that(|command| match command {
        "." => Reaction::Hang,
        _ => Reaction::Usual,
    })
    .await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    (database().await, server, url)
}
