//! Starting and stopping: nobody is logged out by it, and nothing is cut off.

use secrecy::ExposeSecret;
use tokio::net::TcpStream;

use crate::support::database::database;
use crate::support::people::{ADA, Person};
use crate::support::process::Process;
use crate::support::race::until;
use crate::support::site::Site;

#[tokio::test]
async fn a_restart_keeps_everybody_logged_in() {
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
async fn the_first_line_says_where_the_site_is_and_it_is_there() {
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
async fn a_signal_lets_the_request_in_flight_finish() {
    let db = database().await;
    let process = Process::serve(&db);
    let mut browser = process.browser();
    browser.visit("/register").await;
    let Person { email, password } = ADA;
    // Nobody can write a registration while this transaction is open.
    let mut elsewhere = db.pool.begin().await.expect("the database");
    sqlx::query("lock table registrations in exclusive mode")
        .execute(&mut *elsewhere)
        .await
        .expect("a lock");
    browser.follow_redirects = false;
    let registration = tokio::spawn(async move {
        browser.submit("Register", &[("E-mail", email), ("Password", password)]).await;
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
