//! The headers and parts of an email that arrives, and attempts to inject a header or a recipient
//! into it.

use app::mail::{MAIL_LIFETIME, Mail};

use super::{Row, carry, notice, the_row, write, write_to};
use crate::support::database::database;
use crate::support::mail_server::{DeliveredMail, MailServer};
use crate::support::people::ADA;

async fn arrives(mail: Mail) -> DeliveredMail {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, mail).await;
    let delivery = carry(&db.pool, &server);
    let received = server.mail().await;
    delivery.stop().await;
    assert!(server.received().is_empty(), "one mail was written");
    received
}

#[tokio::test]
async fn a_mail_has_the_expected_headers_and_parts() {
    let mail = arrives(notice()).await;
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("hello@id.example.com", [ADA.email.to_owned()].as_slice())
    );
    let header = |name| mail.header(name).unwrap_or_else(|| panic!("no {name} in {}", mail.data));
    assert_eq!(header("From"), "Login <hello@id.example.com>");
    assert_eq!(header("To"), ADA.email);
    assert_eq!(header("Subject"), "Your password was changed");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("MIME-Version"), "1.0");
    assert!(header("Content-Type").starts_with("multipart/alternative"));
    let age = httpdate_age(&header("Date"));
    assert!(age < 120, "{}", header("Date"));
    for part in
        ["Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8"]
    {
        assert!(mail.data.contains(part), "{}", mail.data);
    }
    // In quoted-printable, a link may be split over lines.
    let words = mail.data.replace("=\r\n", "").replace("=3D", "=");
    assert!(words.contains("\r\nhttps://id.example.com/not-me/abc\r\n"), "{words}");
    assert!(words.contains(r#"href="https://id.example.com/not-me/abc""#), "{words}");
}

#[tokio::test]
async fn the_message_id_is_that_of_the_row() {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, notice()).await;
    let id: String =
        sqlx::query_scalar("select id::text from outbox").fetch_one(&db.pool).await.unwrap();
    let delivery = carry(&db.pool, &server);
    assert_eq!(server.mail().await.id(), format!("<{id}@id.example.com>"));
    delivery.stop().await;
}

#[tokio::test]
async fn no_field_can_inject_a_header() {
    let smuggled = "Hello\r\nBcc: eve@example.net\r\n\r\n<p>new body";
    let text = "Hello\r\nBcc: eve@example.net\r\n.\r\nMAIL FROM:<eve@example.net>\r\n..dots\n.\n";
    let mail = Mail {
        kind: "test",
        subject: smuggled.to_owned(),
        text: text.to_owned(),
        lifetime: MAIL_LIFETIME,
        user_id: None,
    };
    let received = arrives(mail).await;
    assert_eq!(received.to, [ADA.email]);
    assert_eq!(received.header("Bcc"), None);
    assert_eq!(received.header("Subject").unwrap(), "Hello  Bcc: eve@example.net    <p>new body");
    assert!(received.data.contains("MAIL FROM:<eve@example.net>"), "{}", received.data);
}

/// Also when another program has written the row.
#[tokio::test]
async fn a_line_break_in_an_outbox_row_injects_no_header() {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, notice()).await;
    sqlx::query("update outbox set subject = E'Hi\\r\\nBcc: eve@example.net\\r\\n\\r\\nbody'")
        .execute(&db.pool)
        .await
        .unwrap();
    let delivery = carry(&db.pool, &server);
    let received = server.mail().await;
    delivery.stop().await;
    assert_eq!((received.header("Bcc"), received.to.len()), (None, 1));
}

#[tokio::test]
async fn a_mail_has_one_recipient() {
    for recipient in [
        "ada@example.com, eve@example.net",
        "ada@example.com\r\nRCPT TO:<eve@example.net>",
        "Ada <eve@example.net>",
        "ada@example.com> NOTIFY=NEVER",
        "",
    ] {
        let (db, mut server) = (database().await, MailServer::start().await);
        write_to(&db.pool, recipient, notice()).await;
        let delivery = carry(&db.pool, &server);
        // The email after it arrives, so this one was claimed before.
        write(&db.pool, notice()).await;
        assert_eq!(server.mail().await.to, [ADA.email], "{recipient:?}");
        delivery.stop().await;
        assert!(server.received().is_empty(), "{recipient:?}");
        sqlx::query("delete from outbox where recipient = $1")
            .bind(ADA.email)
            .execute(&db.pool)
            .await
            .unwrap();
        let Row { outcome, .. } = the_row(&db.pool).await;
        assert_eq!(outcome.as_deref(), Some("rejected"), "{recipient:?}");
    }
}

#[tokio::test]
async fn names_and_subjects_in_any_language_arrive() {
    let subject = "Ein neues Passwort für „Grüße, Welt“";
    let received = arrives(Mail { subject: subject.to_owned(), ..notice() }).await;
    assert!(received.data.is_ascii(), "{}", received.data);
    assert!(received.header("Subject").unwrap().contains("=?utf-8?"), "{}", received.data);
}

/// Seconds since the moment in a Date header.
fn httpdate_age(date: &str) -> i64 {
    let date = time::OffsetDateTime::parse(date, &time::format_description::well_known::Rfc2822);
    (time::OffsetDateTime::now_utc() - date.expect("a date")).whole_seconds().abs()
}
