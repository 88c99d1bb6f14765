//! "This wasn't me": the link in every notice about a change to an account.
//!
//! `GET  /not-me/{token}`  show    a page with one button
//! `POST /not-me`          submit  every session ends, and the password must be reset
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
use crate::web::csrf::Form;
use crate::web::error::Error;
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
    let token = token.into_inner();
    let holder = token::holder(&visitor.app.db, Purpose::NotMe, &token::hash(&token)).await?;
    let Some(holder) = holder else {
        return page::invalid_link(visitor.page("This link no longer works"), Purpose::NotMe);
    };
    let address = holder.email.masked();
    page::show(NotMePage { page: visitor.page("Wasn't this you?"), token, address })
}

pub async fn submit(visitor: Visitor, Form(form): Form<NotMeForm>) -> Result<HttpResponse, Error> {
    let mut tx = visitor.app.db.begin().await?;
    let taken = token::take(&mut *tx, Purpose::NotMe, &token::hash(&form.token)).await?;
    let Some(owner) = taken else {
        return page::invalid_link(visitor.page("This link no longer works"), Purpose::NotMe);
    };
    proof::require_reset(&mut tx, owner.user_id).await?;
    credentials::end_access(&mut tx, owner.user_id, None).await?;
    audit::record(&mut tx, Kind::NotMe, Some(owner.user_id), &visitor.client).await?;
    tx.commit().await?;
    let text = "Every device is logged out, and the password no longer works. Get a link here to \
                choose a new one.";
    visitor.end_session_of(owner.user_id, text);
    page::redirect("/password/reset")
}
