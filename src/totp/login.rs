//! The second step of a login: a code of the authenticator app.
//!
//! `GET  /login/totp`  show    asks for the code
//! `POST /login/totp`  submit  begins the session, and redirects to where the login form pointed
//!
//! An attacker has the password. Codes are guessed: each attempt is counted before it is checked,
//! for the account and not for the login, so beginning another login allows no further guesses, and
//! the owner gets an email. A code that was seen is used again: each works once, even when sent
//! concurrently. Pages that need a login are requested instead: there is no session of the user
//! yet.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::accounts::totp::KIND;
use crate::flows::start_session::{self, SecondStep};
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::factors::Factor;
use crate::web::half_way::HalfWay;
use crate::web::page::{self, Page};
use crate::web::rejection;

#[derive(Template)]
#[template(path = "totp/login.html")]
struct TotpPage {
    page: Page,
    email: String,
    others: Vec<&'static Factor>,
}

#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
}

pub async fn show(half_way: HalfWay) -> Result<HttpResponse, Error> {
    page::show(blank(&half_way).await?)
}

pub async fn submit(
    req: HttpRequest,
    half_way: HalfWay,
    form: Checked<CodeForm>,
) -> Result<HttpResponse, Error> {
    let mut form_page = blank(&half_way).await?;
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(_, invalid) => {
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    match start_session::prove_second_factor(&req, &half_way, &form.code).await? {
        SecondStep::LoggedIn(response) => Ok(response),
        SecondStep::Wrong(problem) => {
            form_page.page.reject("code", problem);
            page::invalid(form_page)
        }
        SecondStep::TooMany(rejection) => {
            form_page.page.reject("code", rejection::sentence(rejection));
            page::too_many(form_page, rejection)
        }
    }
}

async fn blank(half_way: &HalfWay) -> Result<TotpPage, Error> {
    let (visitor, user) = (&half_way.visitor, &half_way.login.user);
    let mut others = half_way.factors().await?;
    others.retain(|factor| factor.kind != KIND);
    let (page, email) = (visitor.page("Enter the code of your app"), user.email.clone());
    Ok(TotpPage { page, email, others })
}
