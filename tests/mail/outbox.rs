//! The outbox: no email without a commit, none twice, and no text kept for longer than needed.

use std::collections::BTreeSet;
use std::time::Duration;

use app::background;
use app::mail::outbox::DeliveryOutcome::{Expired, Rejected, Sent};
use app::mail::{self, Mail, outbox};
use tokio::time::timeout;

use super::{Row, carry, notice, the_row, write};
use crate::support::clock;
use crate::support::database::database;
use crate::support::mail_server::MailServer;
use crate::support::people::ADA;

const YEAR: std::time::Duration = std::time::Duration::from_hours(8760);

#[tokio::test]
async fn a_mail_leaves_as_soon_as_it_is_committed() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let delivery = carry(&db.pool, &server);
    write(&db.pool, notice()).await;
    server.mail().await;
    // The delivery is idle now, and polls only every ten seconds.
    write(&db.pool, notice()).await;
    timeout(Duration::from_secs(5), server.mail()).await.expect("the commit rings");
    delivery.stop().await;
}

#[tokio::test]
async fn a_rolled_back_transaction_sends_nothing() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let delivery = carry(&db.pool, &server);
    let mut tx = db.pool.begin().await.unwrap();
    mail::send(&mut tx, "nobody@example.com", notice()).await.unwrap();
    tx.rollback().await.unwrap();
    write(&db.pool, notice()).await;
    assert_eq!(server.mail().await.to, [ADA.email]);
    delivery.stop().await;
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn the_text_is_erased_once_the_mail_is_sent() {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, notice()).await;
    assert!(the_row(&db.pool).await.body.unwrap().contains("https://id.example.com/not-me/abc"));
    let delivery = carry(&db.pool, &server);
    server.mail().await;
    delivery.stop().await;
    let sent = Row { outcome: Some("sent".to_owned()), problem: None, body: None, attempts: 1 };
    assert_eq!(the_row(&db.pool).await, sent);
    assert_eq!(outbox::rejected_at(&db.pool, ADA.email).await.unwrap(), None);
}

/// A link or a code may be in the text, and in the subject too. No column keeps either, not even
/// for a decoy.
#[tokio::test]
async fn no_column_keeps_the_code_of_a_finished_mail() {
    let (code, link) = ("7KQM-2XWD", "https://id.example.com/email/verify/abc");
    let subject = format!("{code} is your Vestibule code");
    let mail =
        || Mail { subject: subject.clone(), text: format!("{link}\n\n    {code}\n"), ..notice() };
    for outcome in [Some(Sent), Some(Rejected), Some(Expired), None] {
        let db = database().await;
        let held = async || {
            let row: String = sqlx::query_scalar("select row_to_json(outbox)::text from outbox")
                .fetch_one(&db.pool)
                .await
                .unwrap();
            [code, link].map(|secret| row.contains(secret))
        };
        if let Some(outcome) = outcome {
            write(&db.pool, mail()).await;
            assert_eq!(held().await, [true, true], "until it is sent");
            let claimed = outbox::claim(&db.pool).await.unwrap().expect("a mail");
            assert!(outbox::finish(&db.pool, &claimed, outcome, None).await.unwrap());
        } else {
            let mut tx = db.pool.begin().await.unwrap();
            mail::send_or_discard(&mut tx, None, mail()).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(held().await, [false, false], "{outcome:?}");
    }
}

#[tokio::test]
async fn two_deliveries_share_an_outbox_and_send_each_mail_once() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let couriers = [carry(&db.pool, &server), carry(&db.pool, &server)];
    let mut tx = db.pool.begin().await.unwrap();
    for _ in 0..200 {
        mail::send(&mut tx, ADA.email, notice()).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut ids = BTreeSet::new();
    for _ in 0..200 {
        assert!(ids.insert(server.mail().await.id()), "a mail came twice");
    }
    for delivery in &couriers {
        delivery.stop().await;
    }
    assert!(server.received().is_empty(), "a mail came twice");
    // Connections are reused: at most four of each delivery were open.
    let connections = server.heard().iter().filter(|command| *command == "CONNECT").count();
    assert!(connections <= 8, "{connections} connections for 200 mails");
}

#[tokio::test]
async fn a_claim_that_runs_out_makes_the_mail_due_again() {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, notice()).await;
    let lost = outbox::claim(&db.pool).await.unwrap().expect("a mail");
    assert!(outbox::claim(&db.pool).await.unwrap().is_none(), "it is somebody's");
    // The instance that claimed it has crashed, or is very slow.
    clock::later(&db, "6 minutes").await;
    let delivery = carry(&db.pool, &server);
    server.mail().await;
    delivery.stop().await;
    let late = outbox::postpone(&db.pool, &lost, "no answer in time").await.unwrap();
    assert!(!late, "the report of a lost claim is ignored");
    assert_eq!(the_row(&db.pool).await.outcome.as_deref(), Some("sent"));
}

#[tokio::test]
async fn a_mail_not_sent_within_a_day_expires() {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, notice()).await;
    clock::later(&db, "25 hours").await;
    let delivery = carry(&db.pool, &server);
    write(&db.pool, notice()).await;
    server.mail().await;
    delivery.stop().await;
    let states: Vec<(String, bool)> =
        sqlx::query_as("select outcome, body is null from outbox order by created_at")
            .fetch_all(&db.pool)
            .await
            .unwrap();
    assert_eq!(states, [("expired".to_owned(), true), ("sent".to_owned(), true)]);
}

#[tokio::test]
async fn outbox_rows_are_pruned_after_30_days() {
    let db = database().await;
    write(&db.pool, notice()).await;
    clock::later(&db, "29 days").await;
    assert_eq!(background::prune(&db.pool, YEAR).await.unwrap(), 0);
    clock::later(&db, "2 days").await;
    assert_eq!(background::prune(&db.pool, YEAR).await.unwrap(), 1);
}
