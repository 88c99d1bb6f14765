//! Faults of mail servers: no email is lost, and the outbox keeps the reason.

use app::mail::delivery::Delivery;
use app::mail::outbox::rejected_at;
use app::mail::smtp::CommandTimeouts;

use super::{Row, carry, impatient, mailer_at, notice, the_row, write};
use crate::support::clock;
use crate::support::database::{Database, database};
use crate::support::mail_server::{MailServer, Reaction};
use crate::support::people::ADA;

/// Makes one attempt to send an email to this server. Returns the row of the outbox after it.
async fn met(mut server: MailServer, url: &str, until: &str, roots: &[&str]) -> (Database, Row) {
    let db = database().await;
    write(&db.pool, notice()).await;
    let url = format!("{url}:{}", server.port);
    let delivery = Delivery::start(db.pool.clone(), mailer_at(&url, impatient(), roots));
    server.wait_for_command(until).await;
    delivery.stop().await;
    let row = the_row(&db.pool).await;
    (db, row)
}

/// Checks that the email stays in the outbox, and that another server gets it later.
async fn is_delivered_later(db: &Database, row: &Row, problem: &str) {
    assert_eq!((&row.outcome, row.attempts), (&None, 1), "{row:?}");
    assert!(row.body.is_some());
    let found = row.problem.as_deref().unwrap_or_default();
    assert!(found.starts_with(problem), "{found}");
    assert_eq!(rejected_at(&db.pool, ADA.email).await.unwrap(), None);
    clock::later(db, "1 minute").await;
    let mut server = MailServer::start().await;
    let delivery = carry(&db.pool, &server);
    server.mail().await;
    delivery.stop().await;
    assert_eq!(the_row(&db.pool).await.outcome.as_deref(), Some("sent"));
}

async fn fault(at: &'static str, reaction: Reaction, problem: &str) {
    let server = MailServer::that(move |command| match command.starts_with(at) {
        true => reaction,
        false => Reaction::Usual,
    });
    let (db, row) = met(server.await, "smtp://127.0.0.1", at, &[]).await;
    is_delivered_later(&db, &row, problem).await;
}

#[tokio::test]
async fn a_server_that_is_busy_gets_the_mail_later() {
    fault("CONNECT", Reaction::Say("421 too many connections"), "greeting: 421 too many").await;
    fault("RCPT", Reaction::Say("451 greylisted"), "RCPT: 451 greylisted").await;
    fault(".", Reaction::Say("452 out of space"), "end of data: 452 out of space").await;
}

#[tokio::test]
async fn a_server_that_hangs_gets_the_mail_later() {
    fault("CONNECT", Reaction::Hang, "greeting: no answer in time").await;
    fault("MAIL", Reaction::Hang, "MAIL: no answer in time").await;
    fault(".", Reaction::Hang, "end of data: no answer in time").await;
}

#[tokio::test]
async fn a_server_that_dies_in_mid_session_gets_the_mail_later() {
    fault("EHLO", Reaction::HangUp, "EHLO: ").await;
    fault("DATA", Reaction::HangUp, "DATA: ").await;
    fault(".", Reaction::HangUp, "end of data: ").await;
}

#[tokio::test]
async fn a_server_with_invalid_replies_gets_the_mail_later() {
    fault("RCPT", Reaction::Say("certainly, sir"), "RCPT: ").await;
}

/// A wrong password of ours, or a relay that does not accept this client. The operator can correct
/// that, so the recipient is not recorded as rejected.
#[tokio::test]
async fn a_rejection_of_our_client_does_not_mark_the_recipient() {
    fault("MAIL", Reaction::Say("550 5.1.8 who are you?"), "MAIL: 550 5.1.8 who").await;
    fault("RCPT", Reaction::Say("554 5.7.1 relay access denied"), "RCPT: 554 5.7.1 relay").await;
    fault("RCPT", Reaction::Say("530 log in first"), "RCPT: 530 log in first").await;
}

#[tokio::test]
async fn a_permanent_rejection_of_the_recipient_is_recorded() {
    let no = "550 5.1.1 <ada@example.com>: no such\tuser here";
    let server = MailServer::that(move |command| match command.starts_with("RCPT") {
        true => Reaction::Say(no),
        false => Reaction::Usual,
    });
    let (db, row) = met(server.await, "smtp://127.0.0.1", "RCPT", &[]).await;
    let refused = Row {
        outcome: Some("rejected".to_owned()),
        problem: Some("RCPT: 550 5.1.1 (address) no such user here".to_owned()),
        body: None,
        attempts: 1,
    };
    assert_eq!(row, refused);
    assert!(rejected_at(&db.pool, ADA.email).await.unwrap().is_some());

    // Until a later email is sent.
    let mut server = MailServer::start().await;
    let delivery = carry(&db.pool, &server);
    write(&db.pool, notice()).await;
    server.mail().await;
    delivery.stop().await;
    assert_eq!(rejected_at(&db.pool, ADA.email).await.unwrap(), None);
}

#[tokio::test]
async fn a_certificate_that_does_not_match_gets_no_mail() {
    // One certificate is trusted, but for another name; one is for this name, but not trusted.
    let other = MailServer::named("mail.example.com").await;
    let root = other.root.clone();
    let (db, row) = met(other, "smtps://localhost", "no TLS", &[&root]).await;
    is_delivered_later(&db, &row, "certificate: ").await;
    let unknown = MailServer::named("localhost").await;
    let (db, row) = met(unknown, "smtps://localhost", "no TLS", &[]).await;
    is_delivered_later(&db, &row, "certificate: ").await;

    // With the right certificate the email is sent, so the certificate was the cause.
    let right = MailServer::named("localhost").await;
    let root = right.root.clone();
    let (_, row) = met(right, "smtps://localhost", ".", &[&root]).await;
    assert_eq!(row.outcome.as_deref(), Some("sent"));
}

#[tokio::test]
async fn a_server_without_tls_gets_no_mail_when_tls_is_required() {
    let server = MailServer::start().await;
    let url = "smtp://ada:password@127.0.0.1";
    for tls in ["required", "opportunistic"] {
        let db = database().await;
        write(&db.pool, notice()).await;
        let mut server = MailServer::start().await;
        let url = format!("{url}:{}?tls={tls}", server.port);
        let mailer = mailer_at(&url, CommandTimeouts::RFC_5321, &[]);
        let delivery = Delivery::start(db.pool.clone(), mailer);
        server.wait_for_command("EHLO").await;
        delivery.stop().await;
        assert!(server.received().is_empty());
        let heard = server.heard();
        assert!(!heard.iter().any(|command| command.starts_with("AUTH")), "{heard:?}");
        is_delivered_later(&db, &the_row(&db.pool).await, "").await;
    }
    drop(server);
}

#[tokio::test]
async fn pauses_between_attempts_grow_until_the_mail_expires() {
    let db = database().await;
    write(&db.pool, notice()).await;
    let mut pauses: Vec<f64> = Vec::new();
    for _ in 0..12 {
        let claimed = app::mail::outbox::claim(&db.pool).await.unwrap().expect("it is due");
        assert!(!claimed.expired);
        app::mail::outbox::postpone(&db.pool, &claimed, "451").await.unwrap();
        let pause =
            sqlx::query_scalar("select extract(epoch from due_at - now())::float8 from outbox");
        pauses.push(pause.fetch_one(&db.pool).await.unwrap());
        assert!(app::mail::outbox::claim(&db.pool).await.unwrap().is_none(), "not yet");
        clock::later(&db, "75 minutes").await;
    }
    for (number, pause) in pauses.iter().enumerate() {
        let usual = (30.0 * 2_f64.powi(number as i32)).min(3_600.0);
        assert!((0.74 * usual..1.26 * usual).contains(pause), "{pauses:?}");
    }
    clock::later(&db, "10 hours").await;
    assert!(app::mail::outbox::claim(&db.pool).await.unwrap().unwrap().expired);
}
