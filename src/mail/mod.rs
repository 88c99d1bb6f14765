//! Mail: a row in the outbox, written in the caller's transaction.
//!
//! `send` returns before anything is sent: no page waits for SMTP, or tells by its time whether
//! there was somebody to write to, and no crash loses a mail. `courier` carries what lies in the
//! `outbox` to the server, by `smtp`. Without `SMTP_URL` everything stays in the outbox, and
//! development shows it at `/dev/mailbox`.
//!
//! The words of a mail are one template, `templates/mail/….txt`, which extends `mail/layout.txt`.
//! `words` makes the HTML part from them, so the two never say different things:
//!
//! ```text
//! #[derive(Template)]
//! #[template(path = "mail/notice.txt")]
//! struct Notice<'a> { letterhead: Letterhead<'a>, happened: &'a str, link: &'a str }
//!
//! let mail = Mail::new("account.password", "Your password was changed", &notice)?;
//! mail::send(&mut tx, &user.email, mail).await?;
//! ```

pub mod courier;
pub mod notice;
pub mod outbox;
pub mod smtp;
pub mod verification;
pub mod words;

use std::time::Duration;

use askama::Template;
use sqlx::PgConnection;

/// First field of every mail struct: what `mail/layout.txt` draws around the words.
#[derive(Debug, Clone, Copy)]
pub struct Letterhead<'a> {
    pub app_name: &'a str,
    /// `https://example.com`: from the settings, never from a request.
    pub origin: &'a str,
}

/// What is written to somebody.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Dotted like the address of the page that writes it.
    pub kind: &'static str,
    pub subject: String,
    pub text: String,
    /// Nothing is sent after it: a link that has expired helps nobody.
    pub lifetime: Duration,
}

/// Of a mail that carries nothing that expires sooner.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3_600);

impl Mail {
    /// # Errors
    /// When the template cannot be rendered.
    pub fn new(
        kind: &'static str,
        subject: impl Into<String>,
        words: &impl Template,
    ) -> askama::Result<Self> {
        Ok(Self { kind, subject: subject.into(), text: words.render()?, lifetime: LIFETIME })
    }

    /// For a mail with a link: the lifetime of the link.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }
}

/// Puts a mail into the outbox; it leaves within a second of the commit.
///
/// `to` is the address that is stored with an account or a registration: a look-alike of
/// somebody's address would get their link.
pub async fn send(tx: &mut PgConnection, to: &str, mail: Mail) -> sqlx::Result<()> {
    outbox::insert(tx, Some(to), &mail).await
}

/// Costs what `send` costs and sends nothing: for an address without an account, so that neither
/// the time of an answer nor the statements behind it tell who has one.
pub async fn discard(tx: &mut PgConnection, mail: Mail) -> sqlx::Result<()> {
    outbox::insert(tx, None, &mail).await
}
