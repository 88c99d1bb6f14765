//! Notices: an email tells the owner of an account about each change, and how to stop an attacker.
//!
//! A notice takes a variant of `Change` and one call of `send` in the transaction of the change.
//! Each has its own "this wasn't me" link; see `flows/not_me`. Emails about a reset are here too.

use askama::Template;

use super::{Letterhead, Mail, MailError};
use crate::accounts::client::Client;
use crate::accounts::token::{self, NewToken, Purpose};
use crate::accounts::user::User;
use crate::accounts::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;
use crate::state::AppState;

/// What a notice reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    AccountCreated,
    PasswordChanged,
    PasswordReset,
    /// To another email address. The notice goes to the old one.
    EmailChanged {
        to: &'a Email,
    },
    /// A login in a browser that the account has not used before.
    LoggedInOnNewDevice,
}

impl Change<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::AccountCreated => "email.verify.confirmed",
            Self::PasswordChanged => "account.password",
            Self::PasswordReset => "password.reset",
            Self::EmailChanged { .. } => "email.change.confirmed",
            Self::LoggedInOnNewDevice => "login.new-device",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::AccountCreated => "Your account was created",
            Self::PasswordChanged | Self::PasswordReset => "Your password was changed",
            Self::EmailChanged { .. } => "The email address of your account was changed",
            Self::LoggedInOnNewDevice => "New login to your account",
        }
    }

    fn words(self) -> String {
        let words = match self {
            Self::AccountCreated => {
                "Your email address was confirmed, and your account was created."
            }
            Self::PasswordChanged => {
                "Your password was changed on the account page, where the old password was entered."
            }
            Self::PasswordReset => {
                "Your password was changed with the link in an email to this address."
            }
            Self::EmailChanged { to } => {
                return format!(
                    "The email address of your account was changed to {}. You log in with that one \
                     now, and our emails go there.",
                    to.masked()
                );
            }
            Self::LoggedInOnNewDevice => {
                "Someone logged in to your account with your password, on a device that hasn't \
                 been used for it before."
            }
        };
        words.to_owned()
    }
}

/// The owner of the account, and the client that changed it.
pub struct ChangedAccount<'a> {
    pub user_id: UserId,
    /// As stored. After a change of email, the old one.
    pub email: &'a str,
    pub client: &'a Client,
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct NoticeLetter<'a> {
    letterhead: Letterhead<'a>,
    happened: String,
    /// Whether the link also restores the email address to which the notice goes.
    restores: bool,
    link: String,
}

#[derive(Template)]
#[template(path = "mail/reset_required.txt")]
struct ResetRequiredLetter<'a> {
    letterhead: Letterhead<'a>,
}

#[derive(Template)]
#[template(path = "mail/reset.txt")]
struct ResetLetter<'a> {
    letterhead: Letterhead<'a>,
    token: &'a str,
}

/// Sends a notice to the owner, in the transaction of the change.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn send(
    tx: &mut Connection,
    app: &AppState,
    owner: ChangedAccount<'_>,
    change: Change<'_>,
) -> Result<(), MailError> {
    let user = token::Owner::User(owner.user_id);
    let token = issue(tx, user, Some(owner.email), Purpose::NotMe).await?;
    let letter = NoticeLetter {
        letterhead: Letterhead::of(app),
        happened: format!(
            "{} It was {}, from the IP address {}.",
            change.words(),
            owner.client.device_name(),
            owner.client.address
        ),
        restores: matches!(change, Change::EmailChanged { .. }),
        link: format!("{}/not-me/{}", app.origin.url, token.as_str()),
    };
    let mail = Mail::new(change.kind(), change.subject(), &letter)?.about(owner.user_id);
    Ok(super::send(tx, owner.email, mail).await?)
}

/// Sends a link for a new password. `user` is the account's ID and its email address as stored,
/// never as typed. It is `None` for an email address without an account or beyond its mail budget:
/// then the same statements run, and no email is sent.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn reset_link(
    tx: &mut Connection,
    app: &AppState,
    user: Option<(UserId, &str)>,
) -> Result<(), MailError> {
    let owner = user.map_or(token::Owner::Nobody, |(id, _)| token::Owner::User(id));
    let token = issue(tx, owner, user.map(|(_, email)| email), Purpose::Reset).await?;
    let letter = ResetLetter { letterhead: Letterhead::of(app), token: token.as_str() };
    let mail = Mail::new("password.reset.asked", "Choose a new password", &letter)?
        .expires_in(token.lifetime);
    let mail = match user {
        Some((id, _)) => mail.about(id),
        None => mail,
    };
    Ok(super::send_or_discard(tx, user.map(|(_, email)| email), mail).await?)
}

/// Reports a login on a device that the account has not used before.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn new_device(
    tx: &mut Connection,
    app: &AppState,
    user: &User,
    client: &Client,
) -> Result<(), MailError> {
    let owner = ChangedAccount { user_id: user.id, email: &user.email, client };
    send(tx, app, owner, Change::LoggedInOnNewDevice).await
}

/// Sends an email that explains why the right password is rejected after "this wasn't me".
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn reset_is_required(
    tx: &mut Connection,
    app: &AppState,
    user: &User,
) -> Result<(), MailError> {
    let letter = ResetRequiredLetter { letterhead: Letterhead::of(app) };
    let mail = Mail::new("login.stopped", "Choose a new password to log in", &letter)?;
    Ok(super::send(tx, &user.email, mail.about(user.id)).await?)
}

async fn issue(
    tx: &mut Connection,
    owner: token::Owner,
    email: Option<&str>,
    purpose: Purpose,
) -> sqlx::Result<token::Token> {
    let email = email.unwrap_or_default();
    token::issue(tx, NewToken { purpose, owner, email, code_mac: None }).await
}
