//! Connections to the mail server: shared by the emails of a batch, ended with QUIT, and not used
//! again after the server has closed them.

use app::mail;

use super::{carry, notice, write};
use crate::support::database::{Database, database};
use crate::support::mail_server::{MailServer, Reaction};
use crate::support::people::ADA;

/// More emails than are sent concurrently, so that connections are used again.
const BATCH: i64 = 12;

async fn write_batch(db: &Database) {
    let mut tx = db.pool.begin().await.unwrap();
    for _ in 0..BATCH {
        mail::send(&mut tx, ADA.email, notice()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Checks that every email of the batch arrives at its first attempt and is finished in the outbox.
async fn arrive_at_the_first_try(server: &mut MailServer, db: &Database) {
    for _ in 0..BATCH {
        server.mail().await;
    }
    // The outcomes of the last emails may not be written to the outbox yet.
    while db.number("select count(*) from outbox where finished_at is null").await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(db.number("select count(*) from outbox where attempts > 1").await, 0);
}

#[tokio::test]
async fn the_last_mail_of_a_batch_is_followed_by_quit() {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, notice()).await;
    let delivery = carry(&db.pool, &server);
    server.mail().await;
    server.wait_for_command("QUIT").await;
    write_batch(&db).await;
    arrive_at_the_first_try(&mut server, &db).await;
    delivery.stop().await;
    let heard = server.heard();
    let connections = heard.iter().filter(|command| *command == "CONNECT").count();
    assert!((1..BATCH as usize).contains(&connections), "{connections} connections: {heard:?}");
}

/// lettre/lettre#743: the `221` was taken for the reply to the next command.
#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_not_used_again() {
    for goodbye in ["250 ok\r\n221 idle for too long", "250 ok\r\n421 shutting down", "250 ok"] {
        let db = database().await;
        let mut server = MailServer::that(move |command| match command {
            "." => Reaction::SayLast(goodbye),
            _ => Reaction::Usual,
        })
        .await;
        write_batch(&db).await;
        let delivery = carry(&db.pool, &server);
        arrive_at_the_first_try(&mut server, &db).await;
        delivery.stop().await;
    }
}
