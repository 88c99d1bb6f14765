//! Slow mail servers: the timeouts of RFC 5321, and claims that are renewed meanwhile.

use std::time::Duration;

use app::mail::delivery::Delivery;
use app::mail::outbox::{Renewal, claim, postpone, renew};
use app::mail::smtp::CommandTimeouts;
use tokio::time::timeout;

use super::{carry, mailer, mailer_at, notice, the_row, write, write_to};
use crate::support::clock;
use crate::support::database::{Database, database};
use crate::support::mail_server::{MailServer, Reaction};
use crate::support::people::{ADA, GRACE};

/// A server that delays its reply to commands that begin with `at`, until `release`.
async fn holding(at: &'static str) -> MailServer {
    MailServer::that(move |command| match command.starts_with(at) {
        true => Reaction::Hold,
        false => Reaction::Usual,
    })
    .await
}

/// How many seconds the claim of the only email still lasts.
async fn left(db: &Database) -> i64 {
    db.number("select extract(epoch from due_at - now())::bigint from outbox limit 1").await
}

#[test]
fn no_timeout_is_shorter_than_rfc_5321_asks() {
    let CommandTimeouts { greeting, command, data, content, .. } = CommandTimeouts::RFC_5321;
    let minutes = [greeting, command, data, content].map(|time| time.as_secs() / 60);
    assert_eq!(minutes, [5, 5, 2, 3 + 10]);
}

/// The server replies 35 seconds after the end of data, with all times divided by 100. A client
/// with a timeout of 30 seconds would send another copy at every attempt.
#[tokio::test]
async fn a_server_that_answers_after_35_seconds_gets_one_copy() {
    let db = database().await;
    let mut server = MailServer::that(|command| match command {
        "." => Reaction::After(Duration::from_millis(350)),
        _ => Reaction::Usual,
    })
    .await;
    write(&db.pool, notice()).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let mailer = mailer_at(&url, CommandTimeouts::RFC_5321.divided_by(100), &[]);
    let delivery = Delivery::start(db.pool.clone(), mailer);
    server.wait_for_command("QUIT").await;
    delivery.stop().await;
    assert_eq!(server.received().len(), 1);
    let row = the_row(&db.pool).await;
    assert_eq!((row.outcome.as_deref(), row.attempts), (Some("sent"), 1), "{row:?}");
}

#[tokio::test]
async fn a_claim_is_renewed_while_the_attempt_runs() {
    let (db, mut server) = (database().await, holding(".").await);
    write(&db.pool, notice()).await;
    let often = Duration::from_millis(20);
    let delivery = Delivery::renewing_every(often, db.pool.clone(), mailer(&server));
    server.wait_for_command(".").await;
    for _ in 0..3 {
        clock::later(&db, "4 minutes").await;
        // Waits for the next renewal.
        let renewed = async {
            while left(&db).await < 240 {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), renewed).await.expect("a renewal");
    }
    assert!(claim(&db.pool).await.unwrap().is_none(), "another instance leaves it alone");
    server.release();
    server.wait_for_command("QUIT").await;
    delivery.stop().await;
    assert_eq!(server.received().len(), 1);
    let row = the_row(&db.pool).await;
    assert_eq!((row.outcome.as_deref(), row.attempts), (Some("sent"), 1), "{row:?}");
}

/// The app was suspended during an attempt, for longer than its claim lasts.
#[tokio::test]
async fn an_instance_that_lost_its_claim_sends_nothing() {
    let (db, mut server) = (database().await, holding("RCPT").await);
    write(&db.pool, notice()).await;
    let delivery = carry(&db.pool, &server);
    server.wait_for_command("RCPT").await;
    // In one transaction, because the delivery of this instance would claim the email again.
    let mut tx = db.pool.begin().await.expect("a transaction");
    let expire = "update outbox set due_at = now() - interval '1 second'";
    sqlx::query(expire).execute(&mut *tx).await.expect("the database");
    let other = claim(&mut *tx).await.unwrap().expect("the claim has run out");
    tx.commit().await.expect("the database");
    server.release();
    server.wait_for_command("QUIT").await;
    delivery.stop().await;
    assert!(server.received().is_empty(), "the other instance sends it");
    // Nor does it report on an email whose claim it has lost.
    assert_eq!(renew(&db.pool, &other).await.unwrap(), Renewal::Renewed);
    assert_eq!(the_row(&db.pool).await.problem, None);
}

/// The attempt does not wait for a server that hangs, so its place is free for the next email.
#[tokio::test]
async fn a_renewal_that_finds_the_claim_lost_ends_the_attempt() {
    let db = database().await;
    let mut server = MailServer::that(|command| match command.contains(ADA.email) {
        true => Reaction::Hang,
        false => Reaction::Usual,
    })
    .await;
    for _ in 0..4 {
        write(&db.pool, notice()).await;
    }
    let often = Duration::from_millis(20);
    let delivery = Delivery::renewing_every(often, db.pool.clone(), mailer(&server));
    for _ in 0..4 {
        server.wait_for_command("RCPT").await;
    }
    // All four places are in use. Other instances claim these emails.
    db.run("update outbox set attempts = attempts + 1").await;
    write_to(&db.pool, GRACE.email, notice()).await;
    assert_eq!(server.mail().await.to, [GRACE.email]);
    delivery.stop().await;
}

#[tokio::test]
async fn a_lost_claim_is_neither_renewed_nor_reported_about() {
    let db = database().await;
    write(&db.pool, notice()).await;
    let first = claim(&db.pool).await.unwrap().expect("a mail");
    assert_eq!(renew(&db.pool, &first).await.unwrap(), Renewal::Renewed);
    clock::later(&db, "4 minutes").await;
    assert!(claim(&db.pool).await.unwrap().is_none(), "it is still claimed");
    clock::later(&db, "2 minutes").await;
    let second = claim(&db.pool).await.unwrap().expect("the claim has run out");
    assert_eq!(renew(&db.pool, &first).await.unwrap(), Renewal::Lost);
    assert!(!postpone(&db.pool, &first, "no answer in time").await.unwrap());
    assert_eq!(renew(&db.pool, &second).await.unwrap(), Renewal::Renewed);
}
