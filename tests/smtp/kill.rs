//! Kills the app repeatedly while it sends. Counts the emails in the server's files.

use std::collections::BTreeSet;
use std::process::Stdio;

use app::keys::Keys;
use app::mail::{self, MAIL_LIFETIME, Mail};
use tokio::process::{Child, Command};

use crate::aiosmtpd::Server;
use crate::support::clock;
use crate::support::database::{Database, database};

const MAILS: usize = 1_000;
const KILLS: usize = 20;

pub async fn at_random_moments(python: &str) {
    let (db, mut server) = (database().await, Server::start(python, "none").await);
    let mut tx = db.pool.begin().await.unwrap();
    for number in 0..MAILS {
        let (subject, text) = (format!("Mail {number}"), "good news".to_owned());
        let mail = Mail { kind: "test", subject, text, lifetime: MAIL_LIFETIME, user_id: None };
        mail::send(&mut tx, &format!("person{number}@example.com"), mail).await.unwrap();
    }
    tx.commit().await.unwrap();

    let (mut arrived, mut in_flight) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..KILLS {
        let mut app = app(&db, server.port);
        // The email that has been due longest is sent first. An email in flight at a kill is due
        // after all others, so no later kill interrupts it again.
        for _ in 0..rand::random_range(10..45) {
            arrived.insert(server.mail().await);
        }
        // The server has the last email. Its reply may be unsent, or unread by the app.
        for _ in 0..rand::random_range(0..2_000) {
            std::hint::spin_loop();
        }
        app.start_kill().expect("SIGKILL");
        app.wait().await.expect("its end");
        let claimed = claimed(&db).await;
        assert!(claimed.len() <= 4, "{claimed:?} are more than one app sends at once");
        in_flight.extend(claimed);
        // The claims of the killed app expire.
        clock::later(&db, "6 minutes").await;
    }
    let mut app = app(&db, server.port);
    while arrived.len() < MAILS {
        arrived.insert(server.mail().await);
    }
    app.start_kill().expect("SIGKILL");
    app.wait().await.expect("its end");

    let counts = server.counts();
    assert_eq!(counts.len(), MAILS, "every mail arrives");
    let twice: Vec<&String> =
        counts.iter().filter(|(_, count)| **count > 1).map(|(id, _)| id).collect();
    println!("{KILLS} kills: {} mails in flight, {} came twice", in_flight.len(), twice.len());
    assert!(counts.values().all(|count| *count <= 2), "none more than twice");
    let stray: Vec<_> = twice.iter().filter(|id| !in_flight.contains(id.as_str())).collect();
    assert!(stray.is_empty(), "came twice without having been in flight: {stray:?}");
}

/// Starts the binary of the app.
fn app(db: &Database, mail_server: u16) -> Child {
    Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .current_dir(std::env::temp_dir())
        .env("ENVIRONMENT", "development")
        .env("LISTEN", "127.0.0.1:0")
        .env("DATABASE_URL", &db.url)
        .env("SECRET_KEYS", Keys::generate())
        .env("SMTP_URL", format!("smtp://127.0.0.1:{mail_server}"))
        .env("MAIL_FROM", "hello@id.example.com")
        .env("RUST_LOG", "warn")
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the app")
}

/// The Message-IDs of emails that are claimed and not finished.
async fn claimed(db: &Database) -> Vec<String> {
    sqlx::query_scalar(
        "select format('<%s@id.example.com>', id) from outbox
         where finished_at is null and attempts > 0 and due_at > now()",
    )
    .fetch_all(&db.pool)
    .await
    .expect("the outbox")
}
