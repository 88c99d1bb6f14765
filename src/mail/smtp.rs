//! Hands an email to the mail server. Only this module uses lettre; replace it to send otherwise.
//!
//! An email has one recipient, so a rejected RCPT is about that person. The commands are sent one
//! by one, because lettre's transport does not report which of them the server rejected: a wrong
//! password of ours (`535`, to AUTH) must not look like an unknown recipient (`550`, to RCPT). Each
//! command has the timeout of RFC 5321. A client that gives up sooner sends the same email again to
//! a server that is only slow.

mod connect;
mod failure;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::{Address, Message};
use tokio::time::timeout;

pub use self::failure::{Failure, Stage};

use self::connect::Tls;
use self::failure::{answer, one_line};
use super::body;
use super::outbox::Claimed;
use crate::config::mail::{Sender, SmtpServer, SmtpTls};

/// How long each stage may take.
#[derive(Debug, Clone, Copy)]
pub struct CommandTimeouts {
    /// For a connection to each IP address of the server, and for NOOP and QUIT.
    pub address: Duration,
    /// For name resolution, and for the TLS handshake.
    pub setup: Duration,
    pub greeting: Duration,
    pub command: Duration,
    /// For the server's reply to DATA.
    pub data: Duration,
    /// For the content of the email, and for the server's reply to it.
    pub content: Duration,
}

impl CommandTimeouts {
    /// The last four follow RFC 5321 §4.5.3.2. An email of this app fits into one data block, so
    /// its content has the 3 minutes of a block plus the 10 minutes of the reply after it.
    pub const RFC_5321: Self = Self {
        address: Duration::from_secs(5),
        setup: Duration::from_secs(30),
        greeting: Duration::from_secs(5 * 60),
        command: Duration::from_secs(5 * 60),
        data: Duration::from_secs(2 * 60),
        content: Duration::from_secs((3 + 10) * 60),
    };

    /// Divides the four timeouts of the RFC.
    pub fn divided_by(self, divisor: u32) -> Self {
        Self {
            greeting: self.greeting / divisor,
            command: self.command / divisor,
            data: self.data / divisor,
            content: self.content / divisor,
            ..self
        }
    }
}

/// Resolves `(host, port)` to the IP addresses of the server.
type Resolve = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Sends emails to one server, from one sender.
pub struct Mailer {
    server: SmtpServer,
    tls: Option<Tls>,
    sender: Mailbox,
    timeouts: CommandTimeouts,
    resolve: Arc<Resolve>,
}

/// An email as SMTP transfers it: the envelope and the content.
pub struct Outgoing {
    sender: Address,
    recipient: Address,
    content: Vec<u8>,
}

impl Mailer {
    /// Trusts the certificate authorities of this machine, and those of `more` (PEM), for tests.
    ///
    /// # Errors
    /// When the sender has no valid email address, or a certificate of `more` cannot be read.
    pub fn new(
        server: SmtpServer,
        sender: &Sender,
        timeouts: CommandTimeouts,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let address: Address = sender.address.parse().context("MAIL_FROM")?;
        let needs_tls = server.tls != SmtpTls::None;
        Ok(Self {
            tls: needs_tls.then(|| Tls::new(&server.host, more)).transpose()?,
            sender: Mailbox::new(sender.name.clone(), address),
            server,
            timeouts,
            resolve: Arc::new(|host, port| Ok((host, port).to_socket_addrs()?.collect())),
        })
    }

    /// Replaces the system's resolver; for tests. `resolve` may block.
    pub fn resolving_by(
        self,
        resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self { resolve: Arc::new(resolve), ..self }
    }

    /// Checks that the server would accept emails: connects, logs in and sends NOOP.
    ///
    /// # Errors
    /// Names the stage that failed.
    pub async fn check(&self) -> Result<(), Failure> {
        let mut connection = self.connect().await?;
        if !connection.is_alive().await {
            return Err(Failure::Failed("NOOP: the server did not answer with 250".to_owned()));
        }
        connection.quit().await;
        Ok(())
    }

    /// # Errors
    /// `Failure::Rejected` when the recipient is not exactly one email address.
    pub fn message(&self, mail: &Claimed) -> Result<Outgoing, Failure> {
        self.write(mail).map_err(|error| Failure::Rejected(one_line(&error.to_string())))
    }

    fn write(&self, mail: &Claimed) -> anyhow::Result<Outgoing> {
        // One bare email address, so that a manipulated row cannot add a second recipient.
        let recipient: Address = mail.recipient.parse()?;
        let sender = self.sender.email.clone();
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let html = body::html(&mail.subject, &mail.text)?;
        let message = Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, recipient.clone()))
            .subject(mail.subject.as_str())
            .message_id(Some(format!("<{}@{}>", mail.id, sender.domain())))
            // Asks email clients for no automatic replies (RFC 3834).
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), html))?;
        Ok(Outgoing { sender, recipient, content: message.formatted() })
    }
}

/// An SMTP session that is ready for an email.
pub struct SmtpConnection {
    smtp: AsyncSmtpConnection,
    timeouts: CommandTimeouts,
}

impl SmtpConnection {
    /// Whether the session is still open. A server that closes it first sends `221` or `421`.
    /// lettre's `test_connected` would take that `221` for the reply to its NOOP
    /// (lettre/lettre#743).
    pub async fn is_alive(&mut self) -> bool {
        let noop = timeout(self.timeouts.address, self.smtp.command(Noop)).await;
        matches!(noop, Ok(Ok(reply)) if reply.has_code(250))
    }

    /// Sends MAIL and RCPT, but no content yet: the attempt may still be abandoned.
    ///
    /// # Errors
    /// Names the stage that failed. `Failure::Rejected` when the recipient is permanently rejected.
    pub async fn offer(&mut self, mail: &Outgoing) -> Result<(), Failure> {
        let limit = self.timeouts.command;
        let from = Mail::new(Some(mail.sender.clone()), Vec::new());
        answer(Stage::Mail, limit, self.smtp.command(from)).await?;
        let to = Rcpt::new(mail.recipient.clone(), Vec::new());
        answer(Stage::Rcpt, limit, self.smtp.command(to)).await.map(drop)
    }

    /// Sends DATA and the content, and returns once the server has accepted the email. If the
    /// reply is lost, the next attempt may send a second copy, with the same Message-ID.
    ///
    /// # Errors
    /// Names the stage that failed. `Failure::Rejected` when the email is permanently rejected.
    pub async fn deliver(&mut self, mail: &Outgoing) -> Result<(), Failure> {
        answer(Stage::Data, self.timeouts.data, self.smtp.command(Data)).await?;
        let content = self.smtp.message(&mail.content);
        answer(Stage::EndOfData, self.timeouts.content, content).await.map(drop)
    }

    /// Ends the session with QUIT (RFC 5321 §4.1.1.10). Does not wait long for the reply.
    pub async fn quit(mut self) {
        let _ = timeout(self.timeouts.address, self.smtp.quit()).await;
    }
}
