//! Change the email address: confirm it at the new one.
//!
//! `GET  /email/change/{token}`  open    a page with a button, because mail scanners follow links
//! `POST /email/change`          submit  changes it; other sessions end, this one gets a new ID
//!
//! An attacker asks to move their own account to the victim's address and hopes that the victim
//! presses the button: the link works only in a session of the account that asked. An attacker in
//! the account moves it to a mailbox of theirs: the notice at the old address has a link that
//! restores it for 7 days (`flows/not_me`). Two people ask for one address: the unique index lets
//! one of them have it.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::credentials;
use crate::accounts::session::{self, RotationReason};
use crate::accounts::token::{self, Purpose};
use crate::accounts::user::User;
use crate::email::Email;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::mail::outbox;
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::error_page::log_if_failed;
use crate::web::flash::FlashKind;
use crate::web::invalid_link;
use crate::web::known_device;
use crate::web::page::{self, Page};
use crate::web::visitor::{LoggedIn, Visitor};

#[derive(Template)]
#[template(path = "email/change.html")]
struct ChangePage {
    page: Page,
    token: String,
    old: String,
    new: String,
    /// The new email address has an account by now, so the page has no button.
    is_taken: bool,
}

#[derive(Deserialize)]
pub struct ChangeForm {
    #[serde(default)]
    token: String,
}

/// `visitor`: the link is opened where the new mailbox is read, so perhaps on a device that is not
/// logged in. Without the message, people would try to log in with the new address.
pub async fn open(
    visitor: Visitor,
    logged_in: Result<LoggedIn, Error>,
    token: web::Path<String>,
) -> Result<HttpResponse, Error> {
    if logged_in.is_err() {
        visitor.flash(FlashKind::Good, "Log in with your current email address, not the new one.");
    }
    let logged_in = logged_in?;
    match change_page(&logged_in, token.into_inner()).await? {
        Some(page) => page::show(page),
        None => invalid_link::show(&logged_in.visitor, Purpose::ChangeEmail),
    }
}

/// `None` unless the link was sent for the account that is logged in.
async fn change_page(logged_in: &LoggedIn, token: String) -> Result<Option<ChangePage>, Error> {
    let (visitor, token_hash) = (&logged_in.visitor, token::hash(&token));
    let holder = token::holder(&visitor.app.db, Purpose::ChangeEmail, &token_hash).await?;
    Ok(holder.filter(|holder| holder.user_id == logged_in.user.id).map(|holder| ChangePage {
        page: visitor.page("Confirm your new email"),
        token,
        old: holder.email.as_str().to_owned(),
        new: holder.sent_to.as_str().to_owned(),
        is_taken: false,
    }))
}

pub async fn submit(logged_in: LoggedIn, form: Checked<ChangeForm>) -> Result<HttpResponse, Error> {
    let (form, invalid) = match form {
        Checked::Valid(form) => (form, None),
        Checked::OutOfDate(form, invalid) => (form, Some(invalid)),
    };
    let visitor = &logged_in.visitor;
    let Some(mut form_page) = change_page(&logged_in, form.token.clone()).await? else {
        return invalid.map_or_else(
            || invalid_link::show(visitor, Purpose::ChangeEmail),
            |invalid| Err(invalid.into()),
        );
    };
    if let Some(invalid) = invalid {
        form_page.page.reject_form(invalid.sentence());
        return page::out_of_date(form_page);
    }
    let (new, user) = match change(&logged_in, &form.token).await? {
        Confirmation::Changed(new, user) => (new, user),
        Confirmation::LinkUsed => return invalid_link::show(visitor, Purpose::ChangeEmail),
        // Only the reader of the mailbox gets here, and may know that it has an account.
        Confirmation::Taken => {
            let page = visitor.page("This email has an account");
            return page::invalid(ChangePage { page, is_taken: true, ..form_page });
        }
    };
    log_if_failed("the limits", admission::reset_for_owner(visitor, &new).await);
    log_if_failed("a device", known_device::keep(visitor, &user).await);
    visitor.flash(FlashKind::Good, "Email changed. You've been logged out everywhere else.");
    page::redirect("/account")
}

/// What became of a click on the button.
enum Confirmation {
    Changed(Email, User),
    LinkUsed,
    Taken,
}

/// In one transaction: takes the token, changes the address, ends all other access, rotates the ID
/// of this session, sends the notice to the old address.
async fn change(logged_in: &LoggedIn, token: &str) -> Result<Confirmation, Error> {
    let LoggedIn { visitor, user, session } = logged_in;
    let (app, client) = (&visitor.app, &visitor.client);
    let mut tx = logged_in.begin("/account").await?;
    let taken = token::take(&mut tx, Purpose::ChangeEmail, &token::hash(token)).await?;
    let Some(holder) = taken.filter(|holder| holder.user_id == user.id) else {
        return Ok(Confirmation::LinkUsed);
    };
    // Dropping `tx` rolls back, so the link stays valid.
    let Some(epoch) = credentials::change_email(&mut tx, &holder).await? else {
        return Ok(Confirmation::Taken);
    };
    outbox::adopt(&mut tx, user.id, &holder.email).await?;
    credentials::end_access(&mut tx, user.id, Some(session.id)).await?;
    let reason = RotationReason::CredentialChanged;
    let rotated = session::rotate_in_place(&mut tx, session.id, epoch, reason).await?;
    let Some(session_id) = rotated else { return Err(Error::LogInFirst("/account".to_owned())) };
    audit::record(&mut tx, Kind::EmailChanged, Some(user.id), client).await?;
    let owner = ChangedAccount { user_id: user.id, email: holder.email.as_str(), client };
    let new = holder.sent_to;
    notice::send(&mut tx, app, owner, Change::EmailChanged { to: &new }).await?;
    tx.commit().await?;
    visitor.rotate_session(session_id);
    let user = User { id: user.id, email: new.as_str().to_owned(), session_epoch: epoch };
    Ok(Confirmation::Changed(new, user))
}
