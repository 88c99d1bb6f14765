//! The second step of a login, for a user who has lost the second factor.
//!
//! `GET  /login/recovery-code`  show    asks for one of the codes
//! `POST /login/recovery-code`  submit  uses it up, begins the session, and reports it by email
//!
//! An attacker who guesses has 125 bits before them and the limit of every second factor. A code
//! that was found works once, and the owner gets an email with a link that ends every session.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::flows::start_session::{self, SecondStep};
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::factors::Factor;
use crate::web::half_way::HalfWay;
use crate::web::page::{self, Page};
use crate::web::rejection;

#[derive(Template)]
#[template(path = "login/recovery_code.html")]
struct RecoveryCodePage {
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
        SecondStep::Wrong(_) => {
            form_page.page.reject("code", "This code is wrong, or it has been used.");
            page::invalid(form_page)
        }
        SecondStep::TooMany(rejection) => {
            form_page.page.reject("code", rejection::sentence(rejection));
            page::too_many(form_page, rejection)
        }
    }
}

async fn blank(half_way: &HalfWay) -> Result<RecoveryCodePage, Error> {
    let (visitor, user) = (&half_way.visitor, &half_way.login.user);
    let others = half_way.factors().await?;
    let (page, email) = (visitor.page("Use a recovery code"), user.email.clone());
    Ok(RecoveryCodePage { page, email, others })
}
