//! lettre 0.11: `smtp://…` sends the password and the emails without TLS, even if the server offers
//! it. So does `builder_dangerous`. `src/config/mail.rs` accepts only `smtps://` and
//! `?tls=required` in production, and `src/mail/smtp/connect.rs` opens the connection.

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The setting is private, and `Debug` shows it.
fn tls(builder: AsyncSmtpTransportBuilder) -> String {
    let debug = format!("{builder:?}");
    let (_, setting) = debug.split_once(" tls: ").expect("the setting");
    setting.split(',').next().unwrap_or_default().to_owned()
}

#[test]
fn tls_is_off_unless_the_url_asks_for_it() {
    for (url, expected) in [
        ("smtp://app:password@mail.example.com", "None"),
        ("smtp://app:password@mail.example.com?tls=opportunistic", "Opportunistic"),
        ("smtp://app:password@mail.example.com?tls=required", "Required"),
        ("smtps://app:password@mail.example.com", "Wrapper"),
    ] {
        assert_eq!(tls(Transport::from_url(url).expect("a URL")), expected, "{url}");
    }
    assert_eq!(tls(Transport::builder_dangerous("mail.example.com")), "None");
}
