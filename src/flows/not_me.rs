//! "This was not me": in every notice about a change to an account.
//!
//! `GET  /not-me/{token}`  show    a page with one button
//! `POST /not-me`          submit  every session ends, and the password must be reset
//!
//! A mail scanner that follows the link changes nothing. An attacker who changed the password is
//! out, and the password they know opens nothing: a login with it is answered like a wrong one.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::session;
use crate::accounts::token::{self, Purpose};
use crate::accounts::user::proof;
use crate::error::Error;
use crate::web::csrf::Form;
use crate::web::page::{self, FlashKind, Page};
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "not_me.html")]
struct NotMePage {
    page: Page,
    token: String,
}

#[derive(Deserialize)]
pub struct NotMeForm {
    #[serde(default)]
    token: String,
}

pub async fn show(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, Error> {
    let token = token.into_inner();
    if !token::is_good(&visitor.app.db, Purpose::NotMe, &token::hash(&token)).await? {
        return page::dead_link(visitor.page("This link no longer works"), Purpose::NotMe);
    }
    page::show(NotMePage { page: visitor.page("Was this not you?"), token })
}

pub async fn submit(visitor: Visitor, Form(form): Form<NotMeForm>) -> Result<HttpResponse, Error> {
    let mut tx = visitor.app.db.begin().await?;
    let taken = token::take(&mut *tx, Purpose::NotMe, &token::hash(&form.token)).await?;
    let Some(taken) = taken else {
        return page::dead_link(visitor.page("This link no longer works"), Purpose::NotMe);
    };
    proof::require_reset(&mut tx, taken.user_id).await?;
    session::end_all(&mut tx, taken.user_id, None).await?;
    token::discard(&mut tx, taken.user_id, &[Purpose::Reset, Purpose::NotMe]).await?;
    audit::record(&mut tx, Kind::NotMe, Some(taken.user_id), &visitor.client).await?;
    tx.commit().await?;
    let text = "Every device is logged out, and the password opens nothing any more. Choose a new \
                one: we send you a link.";
    visitor.flash(FlashKind::Good, text);
    page::go_to("/password/reset")
}
