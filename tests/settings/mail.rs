//! The settings of mail, and what production refuses.

use std::collections::HashMap;

use vestibule::config::Config;
use vestibule::keys::Keys;

/// Production, complete but for mail; and what it says to these settings.
fn production(settings: &[(&str, &str)]) -> Result<Config, String> {
    let keys = Keys::generate();
    let complete = [
        ("ENVIRONMENT", "production"),
        ("BASE_URL", "https://id.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.7"),
        ("DATABASE_URL", "postgres://localhost/vestibule"),
        ("SECRET_KEYS", keys.as_str()),
    ];
    let values = complete.iter().chain(settings);
    let values = values.map(|(name, value)| (name.to_string(), value.to_string()));
    Config::from_values(HashMap::from_iter(values)).map_err(|mistakes| mistakes.to_string())
}

#[track_caller]
fn refused(settings: &[(&str, &str)], reason: &str) {
    let Err(mistakes) = production(settings) else { panic!("{settings:?} was not refused") };
    assert!(mistakes.contains(reason), "{mistakes}");
    assert!(!mistakes.contains("hunter2"), "a password was repeated: {mistakes}");
}

#[test]
fn production_wants_a_mail_server() {
    refused(&[], "SMTP_URL must name a mail server");
    refused(&[("SMTP_URL", "mail.example.com:25")], "SMTP_URL must be a mail server");
    assert!(production(&[("ALLOW_UNSAFE", "no-mail")]).is_ok());
    assert!(production(&[("SMTP_URL", "smtps://mail.example.com")]).is_ok());
    assert!(production(&[("SMTP_URL", "smtp://mail.example.com?tls=required")]).is_ok());
}

#[test]
fn production_wants_mails_to_travel_encrypted() {
    for tls in ["", "?tls=opportunistic", "?tls=none"] {
        let url = format!("smtp://ada:hunter2@mail.example.com{tls}");
        refused(&[("SMTP_URL", &url)], "SMTP_URL is not certain to use TLS");
        refused(&[("SMTP_URL", &url), ("ALLOW_UNSAFE", "no-mail")], "SMTP_URL is not certain");
        assert!(production(&[("SMTP_URL", &url), ("ALLOW_UNSAFE", "mail-tls")]).is_ok());
    }
}

#[test]
fn a_sender_is_an_address() {
    let smtp = ("SMTP_URL", "smtps://mail.example.com");
    refused(&[smtp, ("MAIL_FROM", "Vestibule")], "MAIL_FROM must be an address");
    assert!(production(&[smtp, ("MAIL_FROM", "Vestibule <hello@example.com>")]).is_ok());
}
