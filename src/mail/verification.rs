//! The mails that answer a registration: prove the address, or "you have an account already".

use askama::Template;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Letterhead, Mail};
use crate::accounts::email::Email;
use crate::accounts::password::PasswordHash;
use crate::accounts::token::{self, NewToken, Purpose};
use crate::accounts::user::{self, User};
use crate::app::App;

#[derive(Template)]
#[template(path = "mail/verify.txt")]
struct VerifyLetter<'a> {
    letterhead: Letterhead<'a>,
    token: &'a str,
    /// `ABCD-EFGH`
    code: String,
}

#[derive(Template)]
#[template(path = "mail/already.txt")]
struct AlreadyLetter<'a> {
    letterhead: Letterhead<'a>,
}

/// Sends link and code. `password_hash` is the one chosen with this registration: it counts when
/// this mail, and no other, comes back.
pub async fn send(
    tx: &mut PgConnection,
    app: &App,
    to: &User,
    registration: (Uuid, Option<&PasswordHash>),
) -> anyhow::Result<()> {
    let (id, password_hash) = registration;
    let email = Email::parse(&to.email)?.canonical();
    let code = token::new_code();
    let new = NewToken {
        id,
        user_id: to.id,
        purpose: Purpose::Verify,
        email_canonical: &email,
        code_mac: app.keys.code_macs(&email, &code).first().copied(),
        password_hash,
    };
    let token = token::issue(&mut *tx, new).await?;
    let (front, back) = code.split_at(code.len() / 2);
    let letter = VerifyLetter {
        letterhead: app.letterhead(),
        token: token.as_str(),
        code: format!("{front}-{back}"),
    };
    let mail = Mail::new("email.verify", "Confirm your address", &letter)?;
    Ok(super::send(tx, &to.email, mail).await?)
}

/// For somebody who registers an address that has an account: only its mailbox learns so.
pub async fn already(tx: &mut PgConnection, app: &App, email: &Email) -> anyhow::Result<()> {
    // To the stored address: what was typed may only look like it.
    let Some(known) = user::find(&mut *tx, email).await? else { return Ok(()) };
    let letter = AlreadyLetter { letterhead: app.letterhead() };
    let mail = Mail::new("register.already", "You have an account already", &letter)?;
    Ok(super::send(tx, &known.user.email, mail).await?)
}
