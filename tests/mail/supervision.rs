//! A panic ends one attempt and nothing else.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use vestibule::mail::courier::Courier;
use vestibule::mail::smtp::Timeouts;

use super::{mailer_at, notice, write};
use crate::support::clock;
use crate::support::database::database;
use crate::support::mail_server::MailServer;

#[tokio::test]
async fn a_delivery_that_panics_does_not_hold_up_other_mails() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let (calls, address) = (AtomicUsize::new(0), SocketAddr::from(([127, 0, 0, 1], server.port)));
    let mailer = mailer_at("smtp://mail.example.com", Timeouts::RFC_5321, &[]);
    let mailer = mailer.resolving_by(move |_, _| {
        // More often than there are places for deliveries.
        assert!(calls.fetch_add(1, Ordering::Relaxed) >= 6, "as the test wants");
        Ok(vec![address])
    });
    for _ in 0..8 {
        write(&db.pool, notice()).await;
    }
    let courier = Courier::start(db.pool.clone(), mailer);
    for _ in 0..2 {
        server.mail().await;
    }
    // The others are tried again, as after any failure.
    clock::later(&db, "1 minute").await;
    write(&db.pool, notice()).await;
    for _ in 0..7 {
        server.mail().await;
    }
    courier.stop().await;
    let told = "select count(*) from outbox where problem like 'the app panicked%'";
    assert_eq!(db.number(told).await, 6);
    assert_eq!(db.number("select count(*) from outbox where outcome = 'sent'").await, 9);
}
