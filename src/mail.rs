//! An email is a row in the outbox, written in the caller's transaction.
//!
//! `send` only writes that row. So no page waits for SMTP, which would be a timing side channel
//! for account enumeration, and no crash loses an email. `delivery` sends the rows of `outbox`
//! through `smtp`. Without `SMTP_URL` they stay there, and development shows them at
//! `/dev/mailbox`.
//!
//! The text of an email is one template, `templates/mail/….txt`, which extends `mail/layout.txt`.
//! `body` makes the HTML part from that text, so the two parts always say the same:
//!
//! ```text
//! #[derive(Template)]
//! #[template(path = "mail/notice.txt")]
//! struct Notice<'a> {
//!     letterhead: Letterhead<'a>,
//!     happened: &'a str,
//!     restores: bool,
//!     link: &'a str,
//! }
//!
//! let mail = Mail::new("account.password", "Your password was changed", &notice)?;
//! mail::send(&mut tx, &user.email, mail.about(user.id)).await?;
//! ```

pub mod body;
pub mod delivery;
pub mod email_change;
pub mod notice;
pub mod outbox;
pub mod smtp;
pub mod verification;

use std::time::Duration;

use askama::Template;

use crate::accounts::user_id::UserId;
use crate::database::Connection;
use crate::email::EmailError;
use crate::state::AppState;
use crate::web::error::Error;

/// The values that `mail/layout.txt` needs, in the field `letterhead` of each email's struct.
#[derive(Debug, Clone, Copy)]
pub struct Letterhead<'a> {
    pub app_name: &'a str,
    /// Such as `https://example.com`. From the settings, because a client can forge the Host.
    pub origin: &'a str,
}

/// An email without its recipient.
#[derive(Debug, Clone)]
pub struct Mail {
    /// For the log and operators. Dotted like the path of the page that writes the email.
    pub kind: &'static str,
    pub subject: String,
    pub text: String,
    /// The email is not sent after this time, because its link would be expired.
    pub lifetime: Duration,
    /// The account that the email is about, if there is one.
    pub user_id: Option<UserId>,
}

/// The lifetime of an email without a link that expires sooner.
pub const MAIL_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

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
        let (subject, text) = (subject.into(), words.render()?);
        Ok(Self { kind, subject, text, lifetime: MAIL_LIFETIME, user_id: None })
    }

    /// Sets the lifetime of the email to that of its link.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Names the account, so that its deletion finds the email even if the account has another
    /// email address by then.
    pub fn about(self, user_id: UserId) -> Self {
        Self { user_id: Some(user_id), ..self }
    }
}

/// Why an email could not be written.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Template(#[from] askama::Error),
    /// The stored email address is not valid.
    #[error(transparent)]
    Email(#[from] EmailError),
}

/// So that a database that is unavailable is a 503 here too.
impl From<MailError> for Error {
    fn from(cause: MailError) -> Self {
        match cause {
            MailError::Database(cause) => cause.into(),
            MailError::Template(cause) => cause.into(),
            MailError::Email(cause) => cause.into(),
        }
    }
}

/// Puts an email into the outbox. The delivery sends it within a second of the commit.
///
/// `to` must be the email address that is stored with the account, registration or token. The one
/// in a form may be a look-alike of it, and an attacker would get the link.
///
/// # Errors
/// When the database fails.
pub async fn send(tx: &mut Connection, to: &str, mail: Mail) -> sqlx::Result<()> {
    outbox::insert(tx, Some(to), &mail).await
}

/// Like `send`, but `None` costs as much and sends nothing: for an email address that has no
/// account or has used up its mail budget, so that the time of a response does not reveal which.
///
/// # Errors
/// When the database fails.
pub async fn send_or_discard(
    tx: &mut Connection,
    to: Option<&str>,
    mail: Mail,
) -> sqlx::Result<()> {
    outbox::insert(tx, to, &mail).await
}
