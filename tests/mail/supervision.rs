//! A panic ends only one attempt, a silent connection is replaced, and late emails are logged.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use app::mail::delivery::Delivery;
use app::mail::outbox::{Waiting, waiting};
use app::mail::smtp::CommandTimeouts;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{carry, mailer_at, notice, write};
use crate::support::clock;
use crate::support::database::{database, lazy_pool};
use crate::support::mail_server::MailServer;
use crate::support::process::command;
use crate::support::proxy::Proxy;
use crate::support::race::until;

#[tokio::test]
async fn a_delivery_that_panics_does_not_hold_up_other_mails() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let (calls, address) = (AtomicUsize::new(0), SocketAddr::from(([127, 0, 0, 1], server.port)));
    let mailer = mailer_at("smtp://mail.example.com", CommandTimeouts::RFC_5321, &[]);
    let mailer = mailer.resolving_by(move |_, _| {
        // More panics than there are places for attempts.
        assert!(calls.fetch_add(1, Ordering::Relaxed) >= 6, "as the test wants");
        Ok(vec![address])
    });
    for _ in 0..8 {
        write(&db.pool, notice()).await;
    }
    let delivery = Delivery::start(db.pool.clone(), mailer);
    for _ in 0..2 {
        server.mail().await;
    }
    // The others are tried again, as after any failure.
    let told = "select count(*) from outbox where problem like 'the app panicked%'";
    until("six reports", async || db.number(told).await == 6).await;
    clock::later(&db, "1 minute").await;
    write(&db.pool, notice()).await;
    for _ in 0..7 {
        server.mail().await;
    }
    delivery.stop().await;
    assert_eq!(db.number(told).await, 6);
    assert_eq!(db.number("select count(*) from outbox where outcome = 'sent'").await, 9);
}

#[tokio::test]
async fn mail_goes_on_after_a_proxy_before_the_database_went_silent() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let proxy = Proxy::to(&db).await;
    let _courier = carry(&lazy_pool(&proxy.url, 3).expect("its address"), &server);
    write(&db.pool, notice()).await;
    server.mail().await;
    // At QUIT, the outcome of this email is in the outbox.
    server.wait_for_command("QUIT").await;
    proxy.stop_forwarding();
    // The notification of this one is lost.
    write(&db.pool, notice()).await;
    server.mail().await;
    server.wait_for_command("QUIT").await;
    let start = Instant::now();
    write(&db.pool, notice()).await;
    server.mail().await;
    assert!(start.elapsed() < Duration::from_secs(5), "found by the clock, not by a notification");
}

#[tokio::test]
async fn the_age_of_the_oldest_waiting_mail_is_known() {
    let db = database().await;
    assert_eq!(waiting(&db.pool).await.unwrap(), None);
    write(&db.pool, notice()).await;
    clock::later(&db, "10 minutes").await;
    write(&db.pool, notice()).await;
    let Some(Waiting { mails, oldest }) = waiting(&db.pool).await.unwrap() else { panic!("none") };
    let ten_minutes = Duration::from_mins(10)..Duration::from_mins(11);
    assert!(mails == 2 && ten_minutes.contains(&oldest), "{mails}, {oldest:?}");
    db.run("update outbox set finished_at = now(), outcome = 'sent', subject = null, body = null")
        .await;
    assert_eq!(waiting(&db.pool).await.unwrap(), None);
}

#[tokio::test]
async fn the_log_says_that_mail_is_late() {
    let db = database().await;
    write(&db.pool, notice()).await;
    clock::later(&db, "10 minutes").await;
    let mut command = tokio::process::Command::from(command(&db, &["serve"]));
    command.env("RUST_LOG", "warn").env("LOG_FORMAT", "json").kill_on_drop(true);
    // No mail server listens on this port.
    command.env("SMTP_URL", "smtp://127.0.0.1:9").stderr(Stdio::piped());
    let mut app = command.spawn().expect("the binary");
    let mut lines = BufReader::new(app.stderr.take().expect("its stderr")).lines();
    let late = async {
        loop {
            let line = lines.next_line().await.expect("text").expect("the app goes on");
            if line.contains("mail is late") {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(Duration::from_secs(20), late).await.expect("a line");
    assert!(line.contains(r#""mails":1"#) && line.contains(r#""oldest":60"#), "{line}");
}
