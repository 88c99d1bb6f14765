//! `SMTP_URL` and `MAIL_FROM`: the mail server, and the sender of emails.
//!
//! The URL has lettre's form. `smtps://…` is TLS from the first byte. `smtp://…?tls=required`
//! requires STARTTLS. `tls=opportunistic` uses STARTTLS if the server offers it, and a man in the
//! middle can remove the offer. Certificates are always verified.

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use super::{Config, Reader, Waiver};
use crate::email::Email;

/// The settings `SMTP_URL` and `MAIL_FROM`.
#[derive(Debug, Clone, Default)]
pub struct MailSettings {
    /// `None`: emails stay in the outbox.
    pub server: Option<SmtpServer>,
    /// `None`: the sender is `Sender::of_site`.
    pub sender: Option<Sender>,
}

impl Reader {
    pub(super) fn mail(&mut self) -> Option<MailSettings> {
        let server = self.setting("SMTP_URL", "", SmtpServer::parse);
        let sender = self.setting("MAIL_FROM", "", Sender::parse);
        Some(MailSettings { server: server?, sender: sender? })
    }
}

/// Why production does not start with these settings.
pub(super) fn refusal(config: &Config) -> Option<&'static str> {
    let waived = |waiver| config.allow_unsafe.contains(&waiver);
    match &config.mail.server {
        None if !waived(Waiver::NoMail) => Some(
            "SMTP_URL must name a mail server, such as smtps://user:password@mail.example.com, or \
             people who forget their password cannot get back in (waiver: ALLOW_UNSAFE=no-mail)",
        ),
        Some(server) if !server.tls.is_certain() && !waived(Waiver::MailTls) => Some(
            "SMTP_URL is not certain to use TLS: smtps://… or ?tls=required, or the links in emails \
             may be read in transit (waiver: ALLOW_UNSAFE=mail-tls)",
        ),
        _ => None,
    }
}

/// The mail server that emails are handed to.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    pub login: Option<(String, SecretString)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// STARTTLS. Without it, no email is sent.
    Required,
    /// STARTTLS if the server offers it.
    Opportunistic,
    None,
}

impl SmtpTls {
    /// Whether the connection is always encrypted, even if a man in the middle interferes.
    pub fn is_certain(self) -> bool {
        matches!(self, Self::Implicit | Self::Required)
    }
}

/// The sender of emails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub name: Option<String>,
    pub address: String,
}

impl Sender {
    /// `APP_NAME <no-reply@…>`, at the host of the public origin.
    pub fn of_site(app_name: &str, origin: &str) -> Self {
        let url = Url::parse(origin).ok();
        // An email address needs a domain. `BASE_URL` may be an IP address, as in development.
        let domain = url.as_ref().and_then(Url::domain).unwrap_or("localhost");
        Self { name: Some(app_name.to_owned()), address: format!("no-reply@{domain}") }
    }

    /// Parses `name@host`, or `Name <name@host>`.
    fn parse(value: &str) -> Result<Option<Self>, String> {
        if value.is_empty() {
            return Ok(None);
        }
        let (name, address) = match value.strip_suffix('>').and_then(|all| all.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", value),
        };
        let email = Email::parse(address).ok().filter(|_| !name.contains(char::is_control));
        let email =
            email.ok_or("must be an email address, such as Vestibule <no-reply@example.com>")?;
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Some(Self { name, address: email.as_str().to_owned() }))
    }
}

impl SmtpServer {
    /// The error never repeats the value, because that contains a password.
    fn parse(value: &str) -> Result<Option<Self>, String> {
        if value.is_empty() {
            return Ok(None);
        }
        let server = Url::parse(value).ok().and_then(|url| Self::of(&url));
        server.map(Some).ok_or_else(|| {
            "must be a mail server, such as smtps://user:password@mail.example.com or \
             smtp://user:password@mail.example.com?tls=required (special characters as %40)"
                .to_owned()
        })
    }

    fn of(url: &Url) -> Option<Self> {
        let (tls, usual_port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (SmtpTls::Implicit, 465),
            ("smtp", Some("tls=required")) => (SmtpTls::Required, 587),
            ("smtp", Some("tls=opportunistic")) => (SmtpTls::Opportunistic, 587),
            ("smtp", None | Some("tls=none")) => (SmtpTls::None, 25),
            _ => return None,
        };
        let decoded = |text| percent_decode_str(text).decode_utf8().ok().map(String::from);
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some((decoded(user)?, decoded(password?)?.into())),
        };
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let bare = matches!(url.path(), "" | "/") && url.fragment().is_none();
        bare.then(|| Self { host, port: url.port().unwrap_or(usual_port), tls, login })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_mail_server_is_read_from_its_url() {
        let server = SmtpServer::parse("smtps://ada%40example.com:p%3Aw%2F@mail.example.com");
        let server = server.unwrap().unwrap();
        assert_eq!((server.host.as_str(), server.port), ("mail.example.com", 465));
        let (user, password) = server.login.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("ada@example.com", "p:w/"));
        for (url, tls, port) in [
            ("smtps://mail.example.com:1465", SmtpTls::Implicit, 1465),
            ("smtp://mail.example.com?tls=required", SmtpTls::Required, 587),
            ("smtp://mail.example.com/?tls=opportunistic", SmtpTls::Opportunistic, 587),
            ("smtp://127.0.0.1:1025", SmtpTls::None, 1025),
        ] {
            let server = SmtpServer::parse(url).unwrap().unwrap();
            assert_eq!((server.tls, server.port), (tls, port), "{url}");
        }
    }

    #[test]
    fn what_is_no_mail_server_is_refused_without_repeating_the_password() {
        for url in [
            "mail.example.com:25",
            "smtp://",
            "http://mail.example.com",
            "smtps://ada@mail.example.com",
            "smtps://mail.example.com?tls=none",
            "smtp://ada:hunter2@mail.example.com?tls=maybe",
            "smtp://ada:hunter2@mail.example.com/path",
        ] {
            let mistake = SmtpServer::parse(url).unwrap_err();
            assert!(!mistake.contains("hunter2"), "{url}: {mistake}");
        }
    }

    #[test]
    fn the_sender_has_one_address_and_no_line_break() {
        let sender =
            |value| Sender::parse(value).map(|sender| sender.map(|it| (it.name, it.address)));
        let address = || "hello@example.com".to_owned();
        assert_eq!(sender("hello@example.com"), Ok(Some((None, address()))));
        let named = Ok(Some((Some("Ada & Co".to_owned()), address())));
        assert_eq!(sender("Ada & Co <hello@example.com>"), named);
        assert_eq!(sender("\"Ada & Co\" <hello@example.com>"), named);
        for wrong in ["Ada", "Ada <ada>", "Ada\r\nBcc: x <a@example.com>", "<a@example.com> x"] {
            assert!(sender(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(Sender::of_site("A", "http://localhost:8080").address, "no-reply@localhost");
        assert_eq!(Sender::of_site("A", "http://127.0.0.1:80").address, "no-reply@localhost");
        assert_eq!(
            Sender::of_site("A", "https://id.example.com").address,
            "no-reply@id.example.com"
        );
    }
}
