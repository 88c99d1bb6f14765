//! "This wasn't me": the link in every notice about a change to an account.
//!
//! `GET  /not-me/{token}`  show    a page with one button
//! `POST /not-me`          submit  every session ends, the password must be reset, and an email
//!                                 with a reset link is sent
//!
//! A mail scanner that follows the link changes nothing. An attacker who changed the password is
//! logged out, and their password is invalid: a login with it gets the response to a wrong one. An
//! attacker who changed the email address loses it: the account has the one again that the notice
//! was sent to, for 7 days after the change. Of several earlier addresses, the earliest is
//! restored, whichever link is used first. A second factor that was set up in the last 7 days
//! is removed, because it may be the attacker's; an older one stays. So are recovery codes of these
//! days, and all of them if one was used in these days, or no second factor is left.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::token::{self, Purpose};
use crate::accounts::user::{operated, proof};
use crate::accounts::user_id::UserId;
use crate::accounts::{credentials, registration, second_factor};
use crate::mail::{email_change, notice, outbox};
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::invalid_link;
use crate::web::page::{self, Page};
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "not_me.html")]
struct NotMePage {
    page: Page,
    token: String,
    /// The email address that got the link, masked: it may have reached the wrong person.
    address: String,
    button: Button,
}

/// What the button does, besides logging out every device.
enum Button {
    Reset,
    /// The account has another email address by now.
    RestoreAndReset,
    /// It has, and `address` has an account of its own, so that it cannot be restored.
    Lock,
}

#[derive(Deserialize)]
pub struct NotMeForm {
    #[serde(default)]
    token: String,
}

pub async fn show(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, Error> {
    match confirm_page(&visitor, token.into_inner()).await? {
        Some(page) => page::show(page),
        None => invalid_link::show(&visitor, Purpose::NotMe),
    }
}

/// A reload of the page that a `POST` returned.
pub async fn without_token(visitor: Visitor) -> Result<HttpResponse, Error> {
    invalid_link::show(&visitor, Purpose::NotMe)
}

async fn confirm_page(visitor: &Visitor, token: String) -> Result<Option<NotMePage>, Error> {
    let db = &visitor.app.db;
    let holder = token::holder(db, Purpose::NotMe, &token::hash(&token)).await?;
    let Some(holder) = holder else { return Ok(None) };
    let button = if !holder.was_sent_elsewhere() {
        Button::Reset
    } else if registration::taken_by(db, &holder.sent_to).await?.is_none() {
        Button::RestoreAndReset
    } else {
        Button::Lock
    };
    let (page, address) = (visitor.page("Wasn't this you?"), holder.sent_to.masked());
    Ok(Some(NotMePage { page, token, address, button }))
}

pub async fn submit(visitor: Visitor, form: Checked<NotMeForm>) -> Result<HttpResponse, Error> {
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            let Some(mut form_page) = confirm_page(&visitor, form.token).await? else {
                return Err(invalid.into());
            };
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    let Some((owner, recovery)) = recover(&visitor, &form.token).await? else {
        return invalid_link::show(&visitor, Purpose::NotMe);
    };
    visitor.set_reset_requested(None);
    let text = match recovery {
        Recovery::ResetSent => {
            "Every device is logged out, and the password no longer works. We've emailed you a link \
             to choose a new one."
        }
        Recovery::Locked => {
            "Every device is logged out. We couldn't change the email back, because this address has \
             another account now. So we locked the changed account. Contact us to get it back."
        }
    };
    visitor.end_session_of(owner, text);
    page::redirect(match recovery {
        Recovery::ResetSent => "/password/reset/sent",
        Recovery::Locked => "/",
    })
}

enum Recovery {
    ResetSent,
    Locked,
}

/// In one transaction: takes the token, ends all access, restores the email address, and sends a
/// reset link to it. `None` if the token is invalid.
async fn recover(visitor: &Visitor, token: &str) -> Result<Option<(UserId, Recovery)>, Error> {
    let (app, client) = (&visitor.app, &visitor.client);
    let mut tx = app.db.begin().await?;
    let taken = token::take(&mut tx, Purpose::NotMe, &token::hash(token)).await?;
    let Some(owner) = taken else { return Ok(None) };
    let (id, email) = (owner.user_id, &owner.sent_to);
    proof::require_reset(&mut tx, id).await?;
    credentials::end_access(&mut tx, id, None).await?;
    token::discard_later_not_me(&mut tx, &owner).await?;
    second_factor::remove_recent(&mut tx, id, Purpose::NotMe.lifetime()).await?;
    audit::record(&mut tx, Kind::NotMe, Some(id), client).await?;
    if owner.was_sent_elsewhere() {
        if credentials::change_email(&mut tx, &owner).await?.is_none() {
            // A reset link would go to the address that the attacker may have chosen.
            operated::lock(&mut tx, id).await?;
            audit::record(&mut tx, Kind::LockedByNotMe, Some(id), client).await?;
            tx.commit().await?;
            return Ok(Some((id, Recovery::Locked)));
        }
        outbox::adopt(&mut tx, id, &owner.email).await?;
        audit::record(&mut tx, Kind::EmailRestored, Some(id), client).await?;
        email_change::restored(&mut tx, app, id, &owner.email).await?;
    }
    // Needs no limit: each link from a notice sends one.
    notice::reset_link(&mut tx, app, Some((id, email.as_str()))).await?;
    tx.commit().await?;
    Ok(Some((id, Recovery::ResetSent)))
}
