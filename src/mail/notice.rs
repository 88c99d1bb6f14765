//! Notices: an email tells the owner of an account about each change, and how to stop an attacker.
//!
//! A notice takes a variant of `Change` and one call of `send` in the transaction of the change.
//! Each has its own "this wasn't me" link; see `flows/not_me`. Emails about a reset are here too.

use askama::Template;

use super::{Letterhead, Mail, MailError, outbox};
use crate::accounts::audit::FeatureKind;
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
    /// The right password, and then a wrong code.
    SecondFactorFailed,
    RecoveryCodeUsed {
        left: i64,
    },
    RecoveryCodesMade,
    Exported,
    /// A change that belongs to one feature, and is deleted with it.
    Feature {
        event: &'static FeatureKind,
        subject: &'static str,
        words: &'a str,
    },
}

impl Change<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::AccountCreated => "email.verify.confirmed",
            Self::PasswordChanged => "account.password",
            Self::PasswordReset => "password.reset",
            Self::EmailChanged { .. } => "email.change.confirmed",
            Self::LoggedInOnNewDevice => "login.new-device",
            Self::SecondFactorFailed => "login.second-factor.failed",
            Self::RecoveryCodeUsed { .. } => "login.recovery-code",
            Self::RecoveryCodesMade => "account.recovery-codes",
            Self::Exported => "account.export",
            Self::Feature { event, .. } => event.name,
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::AccountCreated => "Your account was created",
            Self::PasswordChanged | Self::PasswordReset => "Your password was changed",
            Self::EmailChanged { .. } => "The email address of your account was changed",
            Self::LoggedInOnNewDevice => "New login to your account",
            Self::SecondFactorFailed => "Wrong code after your password",
            Self::RecoveryCodeUsed { .. } => "A recovery code was used",
            Self::RecoveryCodesMade => "Your recovery codes were replaced",
            Self::Exported => "Your data was downloaded",
            Self::Feature { subject, .. } => subject,
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
                "Someone logged in to your account on a device that hasn't been used for it before."
            }
            Self::SecondFactorFailed => {
                "Someone entered your password, and then a wrong code. If that wasn't you, they know \
                 your password, and only your second step keeps them out."
            }
            Self::RecoveryCodeUsed { left } => {
                return format!(
                    "One of the recovery codes of your account was used, in place of your second \
                     factor. Codes left: {left}."
                );
            }
            Self::RecoveryCodesMade => {
                "New recovery codes were made for your account. The old ones no longer work."
            }
            Self::Exported => "A file with the data of your account was downloaded.",
            Self::Feature { words, .. } => words,
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
#[template(path = "mail/deleted.txt")]
struct DeletedLetter<'a> {
    letterhead: Letterhead<'a>,
    happened: String,
    by_operator: bool,
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
    let happened = format!("{} {}", change.words(), who(owner.client));
    let restores = matches!(change, Change::EmailChanged { .. });
    let (user, subject) = ((owner.user_id, owner.email), (change.kind(), change.subject()));
    send_letter(tx, app, user, subject, (happened, restores)).await
}

/// Tells the owner that an operator has removed the second factors of the account.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn factors_reset(
    tx: &mut Connection,
    app: &AppState,
    user: (UserId, &str),
) -> Result<(), MailError> {
    let happened = "The people who run this site removed the second step of your login, and your \
                    recovery codes. A login needs only your password now."
        .to_owned();
    let subject = ("user.reset-factors", "The second step of your login was removed");
    send_letter(tx, app, user, subject, (happened, false)).await
}

/// Tells the former owner that the account was deleted: by `client`, or by an operator. It has no
/// link, because nothing can be undone. A thief may have changed the email address, so it goes to
/// all `token::addresses`. Call it after `deletion::delete`, which discards the emails that wait.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn account_deleted(
    tx: &mut Connection,
    app: &AppState,
    addresses: &[String],
    client: Option<&Client>,
) -> Result<(), MailError> {
    let operator = || "The people who run this site did it.".to_owned();
    let happened = client.map_or_else(operator, who);
    let (letterhead, by_operator) = (Letterhead::of(app), client.is_none());
    let letter = DeletedLetter { letterhead, happened, by_operator };
    let mail = Mail::new(outbox::ACCOUNT_DELETED, "Your account was deleted", &letter)?;
    for email in addresses {
        super::send(tx, email, mail.clone()).await?;
    }
    Ok(())
}

fn who(client: &Client) -> String {
    format!("It was {}, from the IP address {}.", client.device_name(), client.address)
}

async fn send_letter(
    tx: &mut Connection,
    app: &AppState,
    (user_id, email): (UserId, &str),
    (kind, subject): (&'static str, &'static str),
    (happened, restores): (String, bool),
) -> Result<(), MailError> {
    let token = issue(tx, token::Owner::User(user_id), Some(email), Purpose::NotMe).await?;
    let link = format!("{}/not-me/{}", app.origin.url, token.as_str());
    let letter = NoticeLetter { letterhead: Letterhead::of(app), happened, restores, link };
    let mail = Mail::new(kind, subject, &letter)?.about(user_id);
    Ok(super::send(tx, email, mail).await?)
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
