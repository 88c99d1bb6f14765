//! The email of a registration: a link and a code, an operator's invitation, or "you already have
//! an account".

use askama::Template;
use uuid::Uuid;

use super::{Letterhead, Mail, MailError};
use crate::accounts::registration;
use crate::accounts::token::{self, NewToken, Owner, Purpose, Token};
use crate::database::Connection;
use crate::email::Email;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "mail/verify.txt")]
struct VerifyLetter<'a> {
    letterhead: Letterhead<'a>,
    token: &'a str,
    /// `ABCD-EFGH`
    code: String,
}

#[derive(Template)]
#[template(path = "mail/invitation.txt")]
struct InvitationLetter<'a> {
    letterhead: Letterhead<'a>,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "mail/already.txt")]
struct AlreadyLetter<'a> {
    letterhead: Letterhead<'a>,
}

/// Sends the email of a registration. If the email address has an account, locked or not, only the
/// email says so, against account enumeration: the same rows are written, but no token is sent.
///
/// `registration_id` is `None` without a registration or beyond the mail budget. Then both rows are
/// decoys.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn send(
    tx: &mut Connection,
    app: &AppState,
    registration_id: Option<Uuid>,
    email: &Email,
) -> Result<(), MailError> {
    let canonical = email.canonical();
    let code = token::new_code();
    let new = NewToken {
        purpose: Purpose::Verify,
        owner: registration_id.map_or(Owner::Nobody, Owner::Registration),
        email: registration_id.map_or("", |_| email.as_str()),
        code_mac: app.keys.code_macs(&canonical, &code).first().copied(),
    };
    let token = token::issue(&mut *tx, new).await?;
    let account = registration::taken_by(&mut *tx, email).await?;
    let invited = registration::invitation::is_pending(&mut *tx, registration_id).await?;
    let mail = match &account {
        Some(_) => already(app)?,
        None if invited => invitation(app, &token)?,
        None => verify(app, &token, &code)?,
    };
    let (to, mail) = match &account {
        Some(user) => (user.email.as_str(), mail.about(user.id)),
        None => (email.as_str(), mail),
    };
    Ok(super::send_or_discard(tx, registration_id.map(|_| to), mail).await?)
}

fn verify(app: &AppState, token: &Token, code: &str) -> askama::Result<Mail> {
    let (front, back) = code.split_at(code.len() / 2);
    let code = format!("{front}-{back}");
    // A lock screen may show the code. It is useless without the browser that registered.
    let subject = format!("{code} is your {} code", app.config.app_name);
    let letter = VerifyLetter { letterhead: Letterhead::of(app), token: token.as_str(), code };
    let mail = Mail::new("email.verify", subject, &letter)?;
    Ok(mail.expires_in(token.lifetime))
}

/// Without the code, which works only in a browser that signed up.
fn invitation(app: &AppState, token: &Token) -> askama::Result<Mail> {
    let letter = InvitationLetter { letterhead: Letterhead::of(app), token: token.as_str() };
    let subject = format!("Your invitation to {}", app.config.app_name);
    let mail = Mail::new("user.invite", subject, &letter)?;
    Ok(mail.expires_in(token.lifetime))
}

fn already(app: &AppState) -> askama::Result<Mail> {
    let letter = AlreadyLetter { letterhead: Letterhead::of(app) };
    Mail::new("register.already", "You already have an account", &letter)
}
