//! Mail: a row in the outbox, written in the caller's transaction.
//!
//! `send` returns before anything is sent: no page waits for SMTP, which would be a timing side
//! channel for account enumeration, and no crash loses a mail. `delivery` sends the rows of the
//! `outbox` with `smtp`. Without `SMTP_URL` they stay in the outbox, and development shows them at
//! `/dev/mailbox`.
//!
//! The words of a mail are one template, `templates/mail/….txt`, which extends `mail/layout.txt`.
//! `body` makes the HTML part from them, so the two never say different things:
//!
//! ```text
//! #[derive(Template)]
//! #[template(path = "mail/notice.txt")]
//! struct Notice<'a> { letterhead: Letterhead<'a>, happened: &'a str, link: &'a str }
//!
//! let mail = Mail::new("account.password", "Your password was changed", &notice)?;
//! mail::send(&mut tx, &user.email, mail).await?;
//! ```

pub mod body;
pub mod delivery;
pub mod notice;
pub mod outbox;
pub mod smtp;
pub mod verification;

use std::time::Duration;

use askama::Template;

use crate::database::Connection;
use crate::state::AppState;

/// First field of every mail struct: the values that `mail/layout.txt` puts around the words.
#[derive(Debug, Clone, Copy)]
pub struct Letterhead<'a> {
    pub app_name: &'a str,
    /// `https://example.com`: from the settings, never from a request.
    pub origin: &'a str,
}

/// A mail without its recipient.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Dotted like the path of the page that writes it.
    pub kind: &'static str,
    pub subject: String,
    pub text: String,
    /// The mail is not sent after it: an expired link is useless.
    pub lifetime: Duration,
}

/// The lifetime of a mail that holds no link which expires sooner.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3_600);

impl<'a> Letterhead<'a> {
    pub fn of(state: &'a AppState) -> Self {
        Self { app_name: &state.config.app_name, origin: &state.origin.url }
    }
}

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

/// Puts a mail into the outbox; the delivery sends it within a second of the commit.
///
/// `to` is the email address that is stored with an account or a registration, never the one that
/// was typed: a look-alike of it would get the link.
pub async fn send(tx: &mut Connection, to: &str, mail: Mail) -> sqlx::Result<()> {
    outbox::insert(tx, Some(to), &mail).await
}

/// Costs what `send` costs and sends nothing: for an address without an account or beyond its mail
/// budget, so that neither the time of a response nor its statements show who has an account.
pub async fn discard(tx: &mut Connection, mail: Mail) -> sqlx::Result<()> {
    outbox::insert(tx, None, &mail).await
}
