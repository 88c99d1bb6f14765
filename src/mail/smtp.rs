//! Handing a mail to the mail server. This file alone knows lettre; swap the way mail is sent here.
//!
//! One mail has one recipient, so a refusal is about this person. lettre's own transport does not
//! tell which command a refusal answers, and a wrong password of ours (`535`, to AUTH) must not
//! look like an address that does not exist (`550`, to RCPT); so the commands are given one by one.
//! Each has a deadline. Connections are kept for the next mail while there is one soon.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use secrecy::ExposeSecret;

use super::outbox::Claimed;
use super::words;
use crate::config::mail::{Sender, SmtpServer, SmtpTls};

/// For each answer. There are at most eight in a session, so a claim of 5 minutes outlives it.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Servers and firewalls forget idle connections, some within a minute.
const KEEP: Duration = Duration::from_secs(20);

/// Why a mail was not taken, in words without addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The other side wants no mail for this recipient, ever.
    Refused(String),
    /// Anything else: worth another try.
    Failed(String),
}

/// Hands mails to one server, in the name of one sender.
pub struct Mailer {
    server: SmtpServer,
    tls: TlsParameters,
    sender: Mailbox,
    patience: Duration,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl Mailer {
    /// Trusts the certificate authorities of this machine, and `more` (PEM): a test has its own.
    ///
    /// # Errors
    /// When the sender is no address, or a certificate cannot be read.
    pub fn new(
        server: SmtpServer,
        sender: &Sender,
        patience: Duration,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let address: Address = sender.address.parse().context("MAIL_FROM")?;
        let mut tls = TlsParameters::builder(server.host.clone());
        for authority in more {
            tls = tls.add_root_certificate(Certificate::from_pem(authority.as_bytes())?);
        }
        Ok(Self {
            tls: tls.build()?,
            sender: Mailbox::new(sender.name.clone(), address),
            server,
            patience,
            idle: Mutex::default(),
        })
    }

    /// Returns once the server has taken the mail. When its answer is lost the mail may arrive,
    /// and arrive again when it is tried again; its Message-ID is the same then.
    pub async fn send(&self, mail: &Claimed) -> Result<(), Failure> {
        let (recipient, message) =
            self.message(mail).map_err(|error| Failure::Refused(one_line(&error.to_string())))?;
        let mut connection = self.connection().await?;
        let from = Mail::new(Some(self.sender.email.clone()), Vec::new());
        self.answer("MAIL", connection.command(from)).await?;
        let to = Rcpt::new(recipient, Vec::new());
        self.answer("RCPT", connection.command(to)).await?;
        self.answer("DATA", connection.command(Data)).await?;
        self.answer("the mail", connection.message(&message.formatted())).await?;
        // A connection that met a failure is not kept: who knows what it says next.
        self.idle().push((connection, Instant::now()));
        Ok(())
    }

    fn message(&self, mail: &Claimed) -> anyhow::Result<(Address, Message)> {
        // One bare address: whatever else a row might hold becomes no second recipient.
        let recipient: Address = mail.recipient.parse()?;
        let domain = self.sender.email.domain();
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let html = words::html(&mail.subject, &mail.text)?;
        let message = Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, recipient.clone()))
            .subject(mail.subject.as_str())
            .message_id(Some(format!("<{}@{domain}>", mail.id)))
            // No out-of-office answers, please (RFC 3834).
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), html))?;
        Ok((recipient, message))
    }

    /// One that was used a moment ago and still answers, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        let kept = self.idle().pop().filter(|(_, since)| since.elapsed() < KEEP);
        if let Some((mut connection, _)) = kept {
            let alive = tokio::time::timeout(self.patience, connection.test_connected());
            if alive.await == Ok(true) {
                return Ok(connection);
            }
        }
        let server = &self.server;
        let hello = ClientId::Domain(self.sender.email.domain().to_owned());
        let implicit = (server.tls == SmtpTls::Implicit).then(|| self.tls.clone());
        let address = (server.host.as_str(), server.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, None, &hello, implicit, None);
        let mut connection = self.answer("connecting", connecting).await?;
        let offered = server.tls == SmtpTls::Opportunistic && connection.can_starttls();
        if server.tls == SmtpTls::Required || offered {
            let upgrade = connection.starttls(self.tls.clone(), &hello);
            self.answer("STARTTLS", upgrade).await?;
        }
        if let Some((user, password)) = &server.login {
            // Whoever stands in the middle only has to hide the offer of STARTTLS.
            if server.tls == SmtpTls::Opportunistic && !connection.is_encrypted() {
                let words = "AUTH: the server offers no TLS, so the password was not sent";
                return Err(Failure::Failed(words.to_owned()));
            }
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            self.answer("AUTH", connection.auth(&mechanisms, &credentials)).await?;
        }
        Ok(connection)
    }

    async fn answer<T>(
        &self,
        asked: &str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answer) => answer.map_err(|error| failure(asked, &error)),
            Err(_) => Err(Failure::Failed(format!("{asked}: no answer in time"))),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an answer means for the mail.
fn failure(asked: &str, error: &Error) -> Failure {
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let code = error.status().map(|code| code.to_string());
    let reason = match &code {
        Some(code) => one_line(&format!("{asked}: {code} {words}")),
        None => one_line(&format!("{asked}: {error}")),
    };
    // RFC 5321 §4.2.2: these are about the mailbox. `5.7.…` is about us, a relay that wants a
    // password first, say (RFC 3463 §3.8), and can be mended.
    let about_mailbox = matches!(code.as_deref(), Some("550" | "551" | "552" | "553" | "554"));
    let for_good = about_mailbox && !words.starts_with("5.7.");
    match asked {
        "RCPT" | "the mail" if for_good => Failure::Refused(reason),
        _ => Failure::Failed(reason),
    }
}

/// What a server says, fit for a log and a page: one line, not endless, and nobody's address.
fn one_line(words: &str) -> String {
    let words = words.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<&str> =
        words.map(|word| if word.contains('@') { "(address)" } else { word }).collect();
    words.join(" ").chars().take(300).collect()
}
