//! Races, old tabs and ended sessions are not errors of the app, so none is logged as one.

use crate::support::browser::Browser;
use crate::support::database::{Database, database};
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::process::Process;
use crate::support::race::until;

/// A browser in which Ada has signed up.
async fn ada_at(process: &Process, db: &Database) -> Browser {
    let mut ada = process.browser();
    ADA.sign_up_in(&mut ada).await;
    ada.submit(CONFIRM, &[(CODE, &newest(db, ADA.email).await.code())]).await;
    ada.must_be_at("/app", 200);
    ada
}

#[tokio::test]
async fn races_and_old_tabs_log_no_error() {
    let db = database().await;
    let process = Process::logging(&db, &[("RUST_LOG", "info")]);
    let mut ada = ada_at(&process, &db).await;

    // The session ends while a page takes its flash: after it was loaded, before it is saved.
    db.run(r#"update sessions set state = '{"flash": {"kind": "good", "text": "Hello."}}'"#).await;
    let mut elsewhere = db.pool.begin().await.expect("the database");
    sqlx::query("delete from sessions").execute(&mut *elsewhere).await.expect("to end it");
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    tokio::join!(ada.visit("/app"), async {
        until("the request waits", async || db.number(waits).await == 1).await;
        elsewhere.commit().await.expect("to commit");
    });
    ada.must_be_at("/login", 200);
    ada.must_see("Your session has ended. Log in to continue.");

    // A second tab from before the login, a form without its cookies, a logout after the end.
    let mut second = ada.clone();
    ADA.logs_in(&mut ada).await;
    second.clone_cookies_from(&ada);
    second.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    second.must_be_at("/app", 200);
    let mut restored = process.browser();
    restored.visit("/login").await;
    restored.cookies = Default::default();
    restored.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    assert_eq!(restored.status, 403);

    // "This wasn't me" in a browser that is logged in.
    ada.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    ada.submit(CHANGE_PASSWORD, &fields).await;
    ada.visit(&newest(&db, ADA.email).await.link("/not-me/")).await;
    ada.press(NOT_ME).await;
    ada.must_see(EVERY_DEVICE_LOGGED_OUT);
    second.press(LOG_OUT).await;
    second.must_be_at("/login", 200);

    let log = process.log();
    assert!(log.contains("user_repudiated_change"), "the log was read: {log}");
    let loud = ["ERROR", "malicious_csrf"];
    let lines: Vec<&str> =
        log.lines().filter(|line| loud.iter().any(|word| line.contains(word))).collect();
    assert_eq!(lines, [""; 0]);
}

/// A page that could not load its session. An operator must not look for a fault of the app.
#[tokio::test]
async fn an_unavailable_database_is_logged_as_busy_and_not_as_a_failed_request() {
    let db = database().await;
    let process = Process::logging(&db, &[("RUST_LOG", "warn")]);
    let mut ada = ada_at(&process, &db).await;
    let mut elsewhere = db.pool.begin().await.expect("the database");
    sqlx::query("lock table sessions").execute(&mut *elsewhere).await.expect("to lock it");
    ada.visit("/app").await;
    elsewhere.rollback().await.expect("to roll back");
    ada.must_be_at("/app", 503);
    let log = process.log();
    assert_eq!(log.matches("too busy to answer a request").count(), 1, "{log}");
    assert!(!log.contains("a request failed"), "{log}");
}
