//! Notices: every change to an account reaches its owner, with a way to stop it.
//!
//! One mechanism for all of them: a line in `What`, and one call in the transaction of the change.
//! Each carries a "this was not me" link of its own; see `flows/not_me`.

use askama::Template;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Letterhead, Mail};
use crate::accounts::client::Client;
use crate::accounts::email::Email;
use crate::accounts::token::{self, NewToken, Purpose};
use crate::app::App;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    PasswordChanged,
    PasswordReset,
}

impl What {
    fn kind(self) -> &'static str {
        match self {
            Self::PasswordChanged => "account.password",
            Self::PasswordReset => "password.reset",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::PasswordChanged | Self::PasswordReset => "Your password was changed",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::PasswordChanged => {
                "The password of your account was changed, by somebody who knew the old one."
            }
            Self::PasswordReset => {
                "The password of your account was changed, by the link in a mail to this address."
            }
        }
    }
}

/// Whose account it is, and from where it was changed.
pub struct Owner<'a> {
    pub user_id: Uuid,
    /// As stored; the old one when it is the address that changed.
    pub email: &'a str,
    pub client: &'a Client,
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct NoticeLetter<'a> {
    letterhead: Letterhead<'a>,
    happened: String,
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

/// Tells the owner, in the transaction of the change.
pub async fn send(
    tx: &mut PgConnection,
    app: &App,
    owner: Owner<'_>,
    what: What,
) -> anyhow::Result<()> {
    let token = issue(tx, owner.user_id, owner.email, Purpose::NotMe).await?;
    let letter = NoticeLetter {
        letterhead: app.letterhead(),
        happened: format!("{} It came from the address {}.", what.words(), owner.client.address),
        link: format!("{}/not-me/{}", app.origin.url, token.as_str()),
    };
    let mail = Mail::new(what.kind(), what.subject(), &letter)?;
    Ok(super::send(tx, owner.email, mail).await?)
}

/// The link to a new password.
pub async fn reset_link(
    tx: &mut PgConnection,
    app: &App,
    user_id: Uuid,
    email: &str,
) -> anyhow::Result<()> {
    let token = issue(tx, user_id, email, Purpose::Reset).await?;
    let letter = ResetLetter { letterhead: app.letterhead(), token: token.as_str() };
    let mail = Mail::new("password.reset.asked", "Choose a new password", &letter)?;
    Ok(super::send(tx, email, mail).await?)
}

/// To somebody who typed the right password after "this was not me": why it does not work.
pub async fn reset_is_required(
    tx: &mut PgConnection,
    app: &App,
    email: &str,
) -> anyhow::Result<()> {
    let letter = ResetRequiredLetter { letterhead: app.letterhead() };
    let mail = Mail::new("login.stopped", "Your password needs to be changed", &letter)?;
    Ok(super::send(tx, email, mail).await?)
}

async fn issue(
    tx: &mut PgConnection,
    user_id: Uuid,
    email: &str,
    purpose: Purpose,
) -> anyhow::Result<token::Token> {
    let new = NewToken {
        id: Uuid::now_v7(),
        user_id,
        purpose,
        email_canonical: &Email::parse(email)?.canonical(),
        code_mac: None,
        password_hash: None,
    };
    Ok(token::issue(tx, new).await?)
}
