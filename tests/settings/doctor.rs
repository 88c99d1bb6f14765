//! `vestibule doctor` connects to the mail server, and names the stage that failed.

use std::process::{Output, Stdio};

use tokio::net::TcpListener;
use tokio::process::Command;

use crate::support::database::{Database, database};
use crate::support::mail_server::{MailServer, Reaction};
use crate::support::process::command;

async fn doctor(db: &Database, settings: &[(&str, &str)]) -> Output {
    let mut command = Command::from(command(db, &["doctor"]));
    command.envs(settings.iter().copied()).stderr(Stdio::piped()).kill_on_drop(true);
    command.output().await.expect("the binary")
}

/// Checks that `doctor` exits with 1, and that its only line of errors begins with `expected`.
async fn fails(url: &str, settings: &[(&str, &str)], expected: &str) {
    let db = database().await;
    let output = doctor(&db, &[&[("SMTP_URL", url)], settings].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{url}: {said}");
    assert!(said.starts_with(&format!("vestibule: SMTP_URL: {expected}")), "{url}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("well"), "{url}");
}

async fn server(at: &'static str, reaction: Reaction) -> MailServer {
    MailServer::that(move |command| match command.starts_with(at) {
        true => reaction,
        false => Reaction::Usual,
    })
    .await
}

#[tokio::test]
async fn doctor_says_which_stage_of_mail_failed() {
    fails("smtp://mail.invalid", &[], "name resolution: ").await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    fails(&format!("smtp://{closed}"), &[], &format!("connect: {closed}: ")).await;
    let busy = server("CONNECT", Reaction::Say("554 no service")).await;
    let url = |server: &MailServer, rest: &str| format!("smtp://127.0.0.1:{}{rest}", server.port);
    fails(&url(&busy, ""), &[], "greeting: 554 no service").await;
    let unfriendly = server("EHLO", Reaction::Say("550 go away")).await;
    fails(&url(&unfriendly, ""), &[], "EHLO: 550 go away").await;
    let plain = MailServer::start().await;
    fails(&url(&plain, "?tls=required"), &[], "STARTTLS: ").await;
    let plain_url = format!("smtps://127.0.0.1:{}", plain.port);
    fails(&plain_url, &[], "TLS: ").await;
    let bad = server("NOOP", Reaction::Say("421 shutting down")).await;
    fails(&url(&bad, ""), &[], "NOOP: ").await;
}

#[tokio::test]
async fn doctor_says_that_the_password_for_mail_is_wrong() {
    let server = MailServer::that(|command| match command {
        "EHLO localhost" => Reaction::Say("250-mail.test\r\n250 AUTH PLAIN"),
        auth if auth.starts_with("AUTH") => Reaction::Say("535 5.7.8 wrong"),
        _ => Reaction::Usual,
    })
    .await;
    let url = format!("smtp://ada:hunter2@127.0.0.1:{}", server.port);
    fails(&url, &[], "AUTH: 535 5.7.8 wrong").await;
}

#[tokio::test]
async fn doctor_says_what_is_wrong_with_the_certificate_or_that_no_ca_is_known() {
    let server = MailServer::named("localhost").await;
    let url = format!("smtps://localhost:{}", server.port);
    let root = std::env::temp_dir().join(format!("vestibule-root-{}.pem", uuid::Uuid::new_v4()));
    std::fs::write(&root, &server.root).expect("a file");
    let trusted = [("SSL_CERT_FILE", root.to_str().expect("a path in UTF-8"))];

    fails(&url, &[("SSL_CERT_FILE", "/dev/null")], "certificate: this machine has no CA").await;
    let other = MailServer::named("localhost").await;
    let other = format!("smtps://localhost:{}", other.port);
    fails(&other, &trusted, "certificate: invalid peer certificate").await;
    // Without TLS, no CA certificates are needed.
    let (db, plain) = (database().await, MailServer::start().await);
    let plain = format!("smtp://127.0.0.1:{}", plain.port);
    let output = doctor(&db, &[("SMTP_URL", &plain), ("SSL_CERT_FILE", "/dev/null")]).await;
    assert!(output.status.success(), "{output:?}");
    let output = doctor(&db, &[("SMTP_URL", &url), trusted[0]]).await;
    std::fs::remove_file(&root).expect("the file");
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn all_is_well_only_when_the_mail_server_answered() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let output = doctor(&db, &[("SMTP_URL", &url)]).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well\n");
    let heard = server.heard();
    assert_eq!(heard, ["CONNECT", "EHLO localhost", "NOOP", "QUIT"], "no mail is sent");

    let output = doctor(&db, &[]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "no SMTP_URL: emails stay in the outbox\nall is well\n");
}
