//! The email settings, and which of them production rejects.

use super::{mistake, mistakes};

/// The settings of production without email, and these.
fn production<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let complete = [
        ("ENVIRONMENT", "production"),
        ("BASE_URL", "https://id.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.7"),
    ];
    [&complete, settings].concat()
}

#[track_caller]
fn starts(settings: &[(&str, &str)]) {
    assert_eq!(mistakes(&production(settings)), [""; 0]);
}

#[track_caller]
fn refused(settings: &[(&str, &str)], reason: &str) {
    let found = mistake(&production(settings));
    assert!(found.starts_with(reason), "{found}");
    assert!(!found.contains("hunter2"), "a password was repeated: {found}");
}

#[test]
fn production_wants_a_mail_server() {
    refused(&[], "SMTP_URL must name a mail server");
    refused(&[("SMTP_URL", "ada:hunter2@mail.example.com")], "SMTP_URL must be a mail server");
    starts(&[("ALLOW_UNSAFE", "no-mail")]);
    starts(&[("SMTP_URL", "smtps://mail.example.com")]);
    starts(&[("SMTP_URL", "smtp://mail.example.com?tls=required")]);
}

#[test]
fn production_requires_tls_to_the_mail_server() {
    for tls in ["", "?tls=opportunistic", "?tls=none"] {
        let url = format!("smtp://ada:hunter2@mail.example.com{tls}");
        refused(&[("SMTP_URL", &url)], "SMTP_URL is not certain to use TLS");
        refused(&[("SMTP_URL", &url), ("ALLOW_UNSAFE", "no-mail")], "SMTP_URL is not certain");
        starts(&[("SMTP_URL", &url), ("ALLOW_UNSAFE", "mail-tls")]);
    }
}

#[test]
fn a_sender_is_an_address() {
    let smtp = ("SMTP_URL", "smtps://mail.example.com");
    refused(&[smtp, ("MAIL_FROM", "Vestibule")], "MAIL_FROM must be an email address");
    starts(&[smtp, ("MAIL_FROM", "Vestibule <hello@example.com>")]);
}
