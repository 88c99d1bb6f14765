//! `vestibule health`, the health check of the container image.

use std::process::Stdio;

use crate::support::authority::{CertificateAuthority, tomorrow};
use crate::support::database::{Database, database};
use crate::support::process::{Process, command};

/// The exit status, and what it printed on both outputs.
fn health(db: &Database, port: u16, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut health = command(db, &["health"]);
    health.env("LISTEN", format!("127.0.0.1:{port}")).envs(settings.iter().copied());
    let output = health.stderr(Stdio::piped()).output().expect("the binary");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("UTF-8"))
}

#[tokio::test]
async fn it_succeeds_only_while_the_app_is_ready() {
    let db = database().await;
    let app = Process::serve(&db);
    let (_, port) = app.address();
    assert_eq!(health(&db, port, &[]), (Some(0), "ready\n".to_owned()));

    let forget = "delete from _sqlx_migrations where version > 1";
    sqlx::query(forget).execute(&db.pool).await.expect("an older schema");
    let not_ready = "vestibule: not ready: HTTP/1.1 503 Service Unavailable\n";
    assert_eq!(health(&db, port, &[]), (Some(1), not_ready.to_owned()));

    app.signal("TERM");
    app.ends();
    let (status, said) = health(&db, port, &[]);
    assert_eq!(status, Some(1));
    assert!(said.starts_with("vestibule: no answer at 127.0.0.1:"), "{said}");
}

/// A project numbers its own migrations from 1000, so a new one of ours is not the last.
#[tokio::test]
async fn a_missing_migration_is_noticed_behind_a_later_one() {
    let db = database().await;
    let app = Process::serve(&db);
    let (_, port) = app.address();
    let later = "insert into _sqlx_migrations
                 select 1000, description, installed_on, success, checksum, execution_time
                 from _sqlx_migrations where version = 1";
    db.run(later).await;
    assert_eq!(health(&db, port, &[]).0, Some(0), "another one is no reason to stop");
    db.run("delete from _sqlx_migrations where version = 2").await;
    assert_eq!(health(&db, port, &[]).0, Some(1));
}

#[tokio::test]
async fn with_tls_it_verifies_the_certificate() {
    let db = database().await;
    let authority = CertificateAuthority::new();
    let files = authority.issue("localhost", tomorrow());
    let (certificate, key) = (files.certificate.to_string_lossy(), files.key.to_string_lossy());
    let tls = [("TLS_CERT", &*certificate), ("TLS_KEY", &*key)];
    let app = Process::serve_with(&db, &tls);
    let (_, port) = app.address();

    // The chain ends with the root of the authority.
    let trust = [tls.as_slice(), &[("SSL_CERT_FILE", &*certificate)]].concat();
    assert_eq!(health(&db, port, &trust), (Some(0), "ready\n".to_owned()));

    let (status, said) = health(&db, port, &tls);
    assert!(status == Some(1) && said.contains("certificate"), "{said}");
}
