//! "This wasn't me": the link in every notice about a change to an account.
//!
//! `GET  /not-me/{token}`  show    a page with one button
//! `POST /not-me`          submit  every session ends, the password must be reset, and an email with
//!                                 a reset link is sent
//!
//! A mail scanner that follows the link changes nothing. An attacker who changed the password is
//! logged out, and their password is invalid: a login with it gets the response to a wrong one.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::credentials;
use crate::accounts::token::{self, Purpose};
use crate::accounts::user::proof;
use crate::mail::notice;
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
    /// The email address of the account, masked: the link may have reached the wrong person.
    address: String,
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
    let holder = token::holder(&visitor.app.db, Purpose::NotMe, &token::hash(&token)).await?;
    Ok(holder.map(|holder| {
        let address = holder.email.masked();
        NotMePage { page: visitor.page("Wasn't this you?"), token, address }
    }))
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
    let mut tx = visitor.app.db.begin().await?;
    let taken = token::take(&mut *tx, Purpose::NotMe, &token::hash(&form.token)).await?;
    let Some(owner) = taken else {
        return invalid_link::show(&visitor, Purpose::NotMe);
    };
    proof::require_reset(&mut tx, owner.user_id).await?;
    credentials::end_access(&mut tx, owner.user_id, None).await?;
    audit::record(&mut tx, Kind::NotMe, Some(owner.user_id), &visitor.client).await?;
    // Needs no limit: each link from a notice sends one.
    notice::reset_link(&mut tx, &visitor.app, Some((owner.user_id, owner.email.as_str()))).await?;
    tx.commit().await?;
    visitor.set_reset_requested(None);
    let text = "Every device is logged out, and the password no longer works. We've emailed you a \
                link to choose a new one.";
    visitor.end_session_of(owner.user_id, text);
    page::redirect("/password/reset/sent")
}
