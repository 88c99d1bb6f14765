//! The emails of a change of email: the link to the new address, or "it already has an account";
//! and the one to an address that "this wasn't me" has taken away again.

use askama::Template;

use super::{Letterhead, Mail, MailError};
use crate::accounts::registration;
use crate::accounts::token::{self, NewToken, Owner, Purpose};
use crate::accounts::user::User;
use crate::accounts::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "mail/email_change.txt")]
struct ConfirmLetter<'a> {
    letterhead: Letterhead<'a>,
    /// The current email address of the account, masked: this email may reach a stranger.
    account: String,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "mail/email_change_taken.txt")]
struct TakenLetter<'a> {
    letterhead: Letterhead<'a>,
}

#[derive(Template)]
#[template(path = "mail/email_restored.txt")]
struct RestoredLetter<'a> {
    letterhead: Letterhead<'a>,
}

/// Sends the email of a request to change the address of `user` to `new`. If `new` has an account,
/// only the email says so, against account enumeration: the same rows are written, but the token is
/// sent to nobody. Beyond the mail budget, no email is sent.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn send(
    tx: &mut Connection,
    app: &AppState,
    user: &User,
    new: &Email,
    may_mail: bool,
) -> Result<(), MailError> {
    let (purpose, owner) = (Purpose::ChangeEmail, Owner::User(user.id));
    let token = NewToken { purpose, owner, email: new.as_str(), code_mac: None };
    let token = token::issue(&mut *tx, token).await?;
    token::discard_other_changes(&mut *tx, user.id, &new.canonical()).await?;
    let taken = registration::taken_by(&mut *tx, new).await?;
    let letterhead = Letterhead::of(app);
    let mail = if let Some(other) = &taken {
        let subject = "This email address already has an account";
        Mail::new("account.email.taken", subject, &TakenLetter { letterhead })?.about(other.id)
    } else {
        let account = Email::parse(&user.email)?.masked();
        let letter = ConfirmLetter { letterhead, account, token: token.as_str() };
        Mail::new("account.email", "Confirm your new email address", &letter)?
            .expires_in(token.lifetime)
            .about(user.id)
    };
    let to = taken.as_ref().map_or(new.as_str(), |other| &other.email);
    Ok(super::send_or_discard(tx, may_mail.then_some(to), mail).await?)
}

/// Tells the address `replaced` that the account has an earlier address again.
///
/// # Errors
/// When the template cannot be rendered, or the database fails.
pub async fn restored(
    tx: &mut Connection,
    app: &AppState,
    user_id: UserId,
    replaced: &Email,
) -> Result<(), MailError> {
    let letter = RestoredLetter { letterhead: Letterhead::of(app) };
    let subject = "The email address of your account was changed back";
    let mail = Mail::new("not-me.email-restored", subject, &letter)?.about(user_id);
    Ok(super::send(tx, replaced.as_str(), mail).await?)
}
