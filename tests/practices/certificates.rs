//! Certificates of an app that serves HTTPS itself: checked at the start, reloaded after a renewal,
//! and self-signed by the app in development.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use app::config::Config;
use app::keys::Keys;
use app::tls;
use reqwest::Certificate;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::https_in_the_app::connect;
use crate::support::authority::{CertificateAuthority, Folder, tomorrow, write};
use crate::support::browser::Browser;
use crate::support::database::database_with;
use crate::support::site::Site;

fn leaf(tls: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let chain = tls.get_ref().1.peer_certificates().expect("a certificate");
    chain[0].clone().into_owned()
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let site = Site::with_tls(&[]).await;
    let authority = site.authority.as_ref().expect("a site with TLS");
    let first = leaf(&connect(&site, "http/1.1").await);
    assert_eq!(leaf(&connect(&site, "http/1.1").await), first);

    let files = authority.issue("localhost", tomorrow());
    let second = leaf(&connect(&site, "http/1.1").await);
    assert_ne!(second, first);

    // While only one of the two files is new, or one is incomplete, the old certificate is used.
    let whole = std::fs::read_to_string(&files.certificate).expect("the certificate");
    let key = std::fs::read_to_string(&files.key).expect("the key");
    let other = authority.issue("other", tomorrow());
    std::fs::copy(&other.certificate, &files.certificate).expect("another certificate");
    assert_eq!(leaf(&connect(&site, "http/1.1").await), second);
    write(&files.key, &key[..40]);
    assert_eq!(leaf(&connect(&site, "http/1.1").await), second);
    std::fs::remove_file(&files.key).expect("no key");
    assert_eq!(leaf(&connect(&site, "http/1.1").await), second);

    write(&files.certificate, &whole);
    write(&files.key, &key);
    assert_eq!(leaf(&connect(&site, "http/1.1").await), second);
    authority.issue("localhost", SystemTime::now() + Duration::from_hours(1));
    let third = leaf(&connect(&site, "http/1.1").await);
    assert!(third != second && third != first);
}

/// The messages about these settings, together with valid values of the required ones.
fn mistakes(settings: &[(&str, &str)]) -> String {
    let all = [
        ("DATABASE_URL", "postgres://vestibule:x@localhost/vestibule"),
        ("SECRET_KEYS", &*Keys::generate()),
        ("ENVIRONMENT", "development"),
        ("SMTP_URL", "smtps://mail.example.com"),
    ];
    let all = all.iter().chain(settings);
    let values = all.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Config::from_values(values).err().map(|mistakes| mistakes.to_string()).unwrap_or_default()
}

#[test]
fn wrong_certificate_settings_are_reported_at_the_start() {
    let authority = CertificateAuthority::new();
    let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
    let good = authority.issue("login.example.com", tomorrow());
    let other = authority.issue("localhost", tomorrow());
    let old = authority.issue("127.0.0.1", SystemTime::now() - Duration::from_secs(1));
    let (pem, key) = (text(&good.certificate), text(&good.key));
    let (old_pem, old_key) = (text(&old.certificate), text(&old.key));
    let (other_pem, other_key) = (text(&other.certificate), text(&other.key));
    let production = ("ENVIRONMENT", "production");
    let home = ("BASE_URL", "https://login.example.com");

    // An app with a certificate needs no proxy.
    assert_eq!(mistakes(&[production, home, ("TLS_CERT", &pem), ("TLS_KEY", &key)]), "");
    assert_eq!(mistakes(&[("TLS_CERT", &other_pem), ("TLS_KEY", &other_key)]), "");
    assert_eq!(mistakes(&[("TLS_CERT", "self-signed"), ("LISTEN_HTTP", "127.0.0.1:0")]), "");
    for (settings, said) in [
        (&[production, home][..], "nothing speaks HTTPS: set TLS_CERT and TLS_KEY, or name the"),
        (&[("BASE_URL", "https://localhost:8080")], "BASE_URL is https and nothing speaks it"),
        (&[("TLS_CERT", &pem)], "TLS_CERT needs TLS_KEY"),
        (&[("TLS_KEY", &key)], "TLS_KEY needs TLS_CERT"),
        (&[("TLS_CERT", "/nowhere.pem"), ("TLS_KEY", &key)], "TLS_CERT: /nowhere.pem: "),
        (&[("TLS_CERT", &pem), ("TLS_KEY", "/nowhere.pem")], "TLS_KEY: /nowhere.pem: "),
        (&[("TLS_CERT", &key), ("TLS_KEY", &key)], "holds no PEM certificate"),
        (&[("TLS_CERT", &pem), ("TLS_KEY", &pem)], "TLS_KEY: "),
        (&[("TLS_CERT", &pem), ("TLS_KEY", &other_key)], "TLS_KEY is not the key of TLS_CERT"),
        (&[("TLS_CERT", &pem), ("TLS_KEY", &key)], "TLS_CERT is not for localhost"),
        (
            &[("BASE_URL", "https://127.0.0.1"), ("TLS_CERT", &old_pem), ("TLS_KEY", &old_key)],
            "TLS_CERT has expired",
        ),
        (&[production, home, ("TLS_CERT", "self-signed")], "self-signed is for development"),
        (&[("LISTEN_HTTP", "127.0.0.1:8081")], "LISTEN_HTTP only sends visitors on to https"),
        (
            &[("TLS_CERT", "self-signed"), ("LISTEN_HTTP", "0.0.0.0:8081")],
            "LISTEN_HTTP is 0.0.0.0:8081: development hides",
        ),
        (&[("LISTEN_HTTP", "8081")], "LISTEN_HTTP must be an address"),
        (
            &[("TLS_CERT", "self-signed"), ("BASE_URL", "http://localhost:8080")],
            "BASE_URL is http, but with TLS_CERT the app speaks https",
        ),
    ] {
        let mistakes = mistakes(settings);
        assert!(mistakes.contains(said), "{settings:?} should say {said:?}: {mistakes}");
    }
    // All mistakes are reported together, not only the first.
    let all = mistakes(&[("TLS_CERT", &pem), ("TLS_KEY", "/nowhere"), ("LISTEN", "0.0.0.0:1")]);
    assert!(all.contains("TLS_KEY: /nowhere") && all.contains("LISTEN is 0.0.0.0:1"), "{all}");
}

/// The binary, started as a developer would start it. It is killed when this is dropped.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("its end");
    }
}

/// Starts the binary in a folder. Returns the first line that it prints, too.
fn start_in(folder: &Path, database: &str) -> (KillOnDrop, String) {
    let mut app = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .current_dir(folder)
        .env_clear()
        .envs([("DATABASE_URL", database), ("SECRET_KEYS", &Keys::generate())])
        .envs([("TLS_CERT", "self-signed"), ("LISTEN", "127.0.0.1:0"), ("RUST_LOG", "error")])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut line = String::new();
    let out = app.stdout.as_mut().expect("its output");
    BufReader::new(out).read_line(&mut line).expect("its first line");
    (KillOnDrop(app), line.trim().to_owned())
}

#[tokio::test]
async fn development_creates_a_self_signed_certificate_once() {
    let db = database_with(2).await;
    let folder = Folder::new();
    let file = folder.path().join(".tls/localhost.pem");
    let (app, line) = start_in(folder.path(), &db.url);
    let url = line.strip_prefix("listening on ").expect("where it listens").to_owned();
    assert!(url.starts_with("https://localhost:"), "{line}");
    let pem = std::fs::read(&file).expect("a certificate that is kept");
    let root = Certificate::from_pem(&pem).expect("PEM");
    let mut browser = Browser::with(&url, |client| client.tls_certs_only([root]));
    browser.visit("/login").await;
    browser.must_be_at("/login", 200);
    drop(app);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let (app, line) = start_in(folder.path(), &db.url);
    assert!(line.starts_with("listening on https://localhost:"), "{line}");
    drop(app);
    assert_eq!(std::fs::read(&file).expect("the same file"), pem, "the same certificate");
}

#[test]
fn a_self_signed_certificate_is_replaced_before_it_expires() {
    let authority = CertificateAuthority::new();
    let folder = Folder::new();
    for days in [6, 8] {
        let until = SystemTime::now() + Duration::from_secs(days * 86_400);
        let files = authority.issue("localhost", until);
        let both = [&files.key, &files.certificate];
        let pem = both.map(|path| std::fs::read_to_string(path).expect("PEM")).concat();
        write(&folder.path().join("localhost.pem"), &pem);
        let own = tls::self_signed(folder.path()).expect("a certificate");
        let kept = std::fs::read_to_string(own.certificate).expect("PEM");
        assert_eq!(kept == pem, days == 8, "{days} days before its end");
    }
}
