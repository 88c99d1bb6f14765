//! Settings that production rejects, waivers by name, and development on this machine only.

use crate::support::database::database;
use crate::support::process::command;

use super::{mistake, mistakes};

/// Valid settings for production.
const PRODUCTION: [(&str, &str); 4] = [
    ("ENVIRONMENT", "production"),
    ("BASE_URL", "https://login.example.com"),
    ("TRUSTED_PROXIES", "private"),
    ("SMTP_URL", "smtps://mail.example.com"),
];
const ELSEWHERE: (&str, &str) = ("DATABASE_URL", "postgres://app@db.example.com/app");

fn production_with<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&PRODUCTION[..], settings].concat()
}

#[test]
fn a_site_behind_a_proxy_with_a_local_database_starts() {
    assert_eq!(mistakes(&PRODUCTION), [""; 0]);
    let verified = "postgres://app@db.example.com/app?sslmode=verify-full";
    assert_eq!(mistakes(&production_with(&[("DATABASE_URL", verified)])), [""; 0]);
}

#[test]
fn every_reason_not_to_start_is_given_at_once() {
    let found = mistakes(&[("ENVIRONMENT", "production"), ELSEWHERE]);
    let all = found.join("\n");
    assert_eq!(found.len(), 4, "{all}");
    for name in ["BASE_URL", "TRUSTED_PROXIES", "DATABASE_URL", "SMTP_URL"] {
        assert!(all.contains(name), "{name}: {all}");
    }
}

#[test]
fn production_wants_https() {
    let found = mistake(&production_with(&[("BASE_URL", "http://login.example.com")]));
    assert!(found.starts_with("BASE_URL must be the https origin"), "{found}");
    let found = mistake(&production_with(&[("TRUSTED_PROXIES", "")]));
    assert!(found.starts_with("nothing speaks HTTPS"), "{found}");
}

#[test]
fn a_database_elsewhere_wants_verified_tls_or_a_waiver_by_name() {
    // `require` encrypts, but does not verify the server.
    for mode in ["", "?sslmode=disable", "?sslmode=require", "?sslmode=verify-ca"] {
        let url = format!("{}{mode}", ELSEWHERE.1);
        let found = mistake(&production_with(&[("DATABASE_URL", &url)]));
        assert!(found.starts_with("DATABASE_URL is on another host"), "{mode}: {found}");
        assert!(found.contains("ALLOW_UNSAFE=database-tls"), "{found}");
    }
    let waived = [ELSEWHERE, ("ALLOW_UNSAFE", "database-tls")];
    assert_eq!(mistakes(&production_with(&waived)), [""; 0]);
    let another = [ELSEWHERE, ("ALLOW_UNSAFE", "database-superuser")];
    assert_eq!(mistakes(&production_with(&another)).len(), 1, "a waiver is for one thing");
}

#[test]
fn development_listens_on_this_machine_only() {
    let development = ("ENVIRONMENT", "development");
    for listen in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
        let found = mistake(&[development, ("LISTEN", listen)]);
        assert!(found.starts_with(&format!("LISTEN is {listen}: development hides")), "{found}");
    }
    for listen in ["127.0.0.1:0", "127.1.2.3:80", "[::1]:8080"] {
        assert_eq!(mistakes(&[development, ("LISTEN", listen)]), [""; 0]);
    }
    let found = mistake(&[development, ("BASE_URL", "http://login.example.com")]);
    assert!(found.starts_with("BASE_URL must be on localhost in development"), "{found}");
}

#[test]
fn a_forwarded_port_is_an_exception_with_a_name_and_for_development() {
    let forwarded = [
        ("ENVIRONMENT", "development"),
        ("BASE_URL", "https://name-8080.app.github.dev"),
        ("ALLOW_UNSAFE", "forwarded-port"),
    ];
    assert_eq!(mistakes(&forwarded), [""; 0]);
    let found = mistakes(&forwarded[..2]).join("\n");
    assert!(found.contains("ALLOW_UNSAFE=forwarded-port"), "{found}");
    for (name, value) in [("BASE_URL", "http://name.example"), ("LISTEN", "0.0.0.0:8080")] {
        let found = mistake(&[&forwarded[..], &[(name, value)]].concat());
        assert!(found.starts_with(name), "{found}");
    }
    let found = mistake(&production_with(&[("ALLOW_UNSAFE", "forwarded-port")]));
    assert_eq!(found, "ALLOW_UNSAFE=forwarded-port is for development");
}

#[tokio::test]
async fn a_start_with_wrong_settings_prints_why_and_exits_with_1() {
    let db = database().await;
    let run = |settings: &[(&str, &str)]| {
        let mut command = command(&db, &["doctor"]);
        command.stderr(std::process::Stdio::piped()).envs(settings.iter().copied());
        let output = command.output().expect("the binary");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, said) = run(&[("LISTEN", "0.0.0.0:80"), ("SECRET_KEYS", "change-me")]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.starts_with("vestibule: the settings need your attention:\n"), "{said}");
    assert!(said.contains("  - SECRET_KEYS is not base64"), "{said}");

    let (status, said) = run(&[]);
    assert_eq!((status, said.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn wrong_use_of_the_command_is_status_2() {
    let db = database().await;
    let mut command = command(&db, &["sevre"]);
    let output = command.stderr(std::process::Stdio::piped()).output().expect("the binary");
    assert_eq!(output.status.code(), Some(2));
}
