//! Delivery with TLS and a password.

use app::config::mail::{Sender, SmtpServer, SmtpTls};
use app::mail::delivery::Delivery;
use app::mail::smtp::{CommandTimeouts, Mailer};
use app::mail::{self, MAIL_LIFETIME, Mail};
use secrecy::SecretString;

use crate::aiosmtpd::{LOGIN, Server, header};
use crate::support::database::{Database, database};
use crate::support::people::ADA;
use crate::support::race::until;

pub async fn starttls(python: &str) {
    arrives(Server::start(python, "starttls").await, SmtpTls::Required).await;
    arrives(Server::start(python, "starttls").await, SmtpTls::Opportunistic).await;
}

pub async fn implicit(python: &str) {
    arrives(Server::start(python, "implicit").await, SmtpTls::Implicit).await;
}

async fn arrives(mut server: Server, tls: SmtpTls) {
    let db = with_a_mail().await;
    let delivery = Delivery::start(db.pool.clone(), mailer(&server, tls, LOGIN.1));
    let id = server.mail().await;
    delivery.stop().await;
    let [mail] = server.mails().try_into().expect("one mail");
    assert_eq!(header(&mail, "Message-ID"), id);
    assert_eq!(header(&mail, "X-RcptTo"), ADA.email);
    assert_eq!(header(&mail, "Subject"), "Hello");
    assert!(mail.contains("good news"), "{mail}");
    let left: i64 = count(&db, "select count(*) from outbox where outcome = 'sent'").await;
    assert_eq!(left, 1);
}

pub async fn wrong_password(python: &str) {
    let server = Server::start(python, "implicit").await;
    let db = with_a_mail().await;
    let delivery = Delivery::start(db.pool.clone(), mailer(&server, SmtpTls::Implicit, "wrong"));
    let failure = mailer(&server, SmtpTls::Implicit, "wrong").check().await.unwrap_err();
    assert!(failure.problem().starts_with("AUTH: 535"), "{failure:?}");
    // The delivery runs concurrently, so the test waits for its report.
    let reported = "select count(*) from outbox where problem like 'AUTH: 535%'";
    until("the attempt is reported", async || count(&db, reported).await == 1).await;
    delivery.stop().await;
    let left = count(&db, "select count(*) from outbox where outcome is null").await;
    assert_eq!(left, 1);
    assert!(server.mails().is_empty());
}

async fn with_a_mail() -> Database {
    let db = database().await;
    let mut tx = db.pool.begin().await.unwrap();
    let mail = Mail {
        kind: "test",
        subject: "Hello".to_owned(),
        text: "good news".to_owned(),
        lifetime: MAIL_LIFETIME,
        user_id: None,
    };
    mail::send(&mut tx, ADA.email, mail).await.unwrap();
    tx.commit().await.unwrap();
    db
}

fn mailer(server: &Server, tls: SmtpTls, password: &str) -> Mailer {
    let login = Some((LOGIN.0.to_owned(), SecretString::from(password)));
    let smtp = SmtpServer { host: "localhost".to_owned(), port: server.port, tls, login };
    let sender = Sender { name: None, address: "hello@id.example.com".to_owned() };
    Mailer::new(smtp, &sender, CommandTimeouts::RFC_5321, &[&server.root]).expect("a mailer")
}

async fn count(db: &Database, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&db.pool).await.unwrap()
}
