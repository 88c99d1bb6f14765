//! The app stops while it sends an email.

use std::time::{Duration, Instant};

use super::{carry, notice, the_row, write};
use crate::support::database::database;
use crate::support::mail_server::{MailServer, Reaction};
use crate::support::process::Process;

/// `docker stop` kills the process after 10 seconds.
const IN_TIME: Duration = Duration::from_secs(10);

async fn server(at: &'static str, reaction: Reaction) -> MailServer {
    MailServer::that(move |command| match command.starts_with(at) {
        true => reaction,
        false => Reaction::Usual,
    })
    .await
}

#[tokio::test]
async fn a_mail_before_data_is_due_again_after_a_stop() {
    let (db, mut server) = (database().await, server("RCPT", Reaction::Hang).await);
    write(&db.pool, notice()).await;
    let delivery = carry(&db.pool, &server);
    server.wait_for_command("RCPT").await;
    let began = Instant::now();
    delivery.stop().await;
    println!("stopped in {:?} with a server that hangs at RCPT", began.elapsed());
    let due = "select count(*) from outbox where due_at <= now() and finished_at is null";
    assert_eq!(db.number(due).await, 1, "due at once, for another instance or after the restart");
}

#[tokio::test]
async fn a_stop_waits_for_a_mail_after_data() {
    let (db, mut server) = (database().await, server(".", Reaction::Hold).await);
    write(&db.pool, notice()).await;
    let delivery = carry(&db.pool, &server);
    server.wait_for_command(".").await;
    let release = async {
        tokio::task::yield_now().await;
        server.release();
    };
    tokio::join!(delivery.stop(), release);
    assert_eq!(the_row(&db.pool).await.outcome.as_deref(), Some("sent"));
}

#[tokio::test]
async fn the_app_stops_in_time_while_a_mail_server_hangs() {
    for at in ["CONNECT", "."] {
        let (db, mut server) = (database().await, server(at, Reaction::Hang).await);
        let url = format!("smtp://127.0.0.1:{}", server.port);
        let process = Process::serve_with(&db, &[("SMTP_URL", &url)]);
        write(&db.pool, notice()).await;
        server.wait_for_command(at).await;
        let began = Instant::now();
        process.signal("TERM");
        let (status, _) = tokio::task::spawn_blocking(|| process.ends()).await.unwrap();
        let took = began.elapsed();
        println!("SIGTERM, with a server that hangs at {at}: {took:?}");
        assert!(status.success() && took < IN_TIME, "{status}, {took:?}");
    }
}
