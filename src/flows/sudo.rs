//! Authenticate again, before an action that can hurt (re-authentication, "sudo mode").
//!
//! `GET  /sudo`  show    asks for the password
//! `POST /sudo`  submit  rotates the session ID, and redirects to `next`
//!
//! An attacker with a stolen session can neither change the email address, nor delete the account,
//! nor download its data, because the password is needed; a limit stops guesses. The old session ID
//! is invalid afterwards, so an attacker who had copied it is out. An open redirect is stopped by
//! `own_path`.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::session::{self, RotationReason};
use crate::web::csrf::Checked;
use crate::web::current_password::{self, Verified};
use crate::web::error::Error;
use crate::web::next_page::own_path;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::visitor::LoggedIn;

/// The page afterwards, without a valid `next`.
const ACCOUNT: &str = "/account";

#[derive(Template)]
#[template(path = "sudo.html")]
struct SudoPage {
    page: Page,
    next: String,
}

#[derive(Deserialize)]
pub struct SudoQuery {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct SudoForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub async fn show(
    logged_in: LoggedIn,
    query: web::Query<SudoQuery>,
) -> Result<HttpResponse, Error> {
    let page = logged_in.visitor.page("Confirm it's you");
    page::show(SudoPage { page, next: query.into_inner().next })
}

pub async fn submit(logged_in: LoggedIn, form: Checked<SudoForm>) -> Result<HttpResponse, Error> {
    let mut page = logged_in.visitor.page("Confirm it's you");
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            page.reject_form(invalid.sentence());
            return page::out_of_date(SudoPage { page, next: form.next });
        }
    };
    let failure = Kind::ReauthenticationFailed;
    match current_password::verify(&logged_in, &form.password, failure).await? {
        Verified::Right(_) => {}
        Verified::Wrong => {
            page.reject("password", "This isn't your password.");
            return page::invalid(SudoPage { page, next: form.next });
        }
        Verified::TooMany(rejection) => {
            page.reject_form(rejection::sentence(rejection));
            return page::too_many(SudoPage { page, next: form.next }, rejection);
        }
    }
    let (user, session_id) = (&logged_in.user, logged_in.session.id);
    let mut tx = logged_in.visitor.app.db.begin().await?;
    let (epoch, reason) = (user.session_epoch, RotationReason::Authenticated);
    let rotated = match session::hold(&mut tx, session_id, user).await? {
        true => session::rotate_in_place(&mut tx, session_id, epoch, reason).await?,
        false => None,
    };
    // Ended meanwhile, for example from another device.
    let Some(rotated) = rotated else {
        return Err(Error::LogInFirst(own_path(&form.next, ACCOUNT)));
    };
    let client = &logged_in.visitor.client;
    audit::record(&mut tx, Kind::Reauthenticated, Some(user.id), client).await?;
    tx.commit().await?;
    logged_in.visitor.rotate_session(rotated);
    page::redirect(&own_path(&form.next, ACCOUNT))
}
