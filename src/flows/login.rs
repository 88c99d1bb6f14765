//! Log in with an email address and a password.
//!
//! `GET  /login`  show    the form
//! `POST /login`  submit  begins a session under a new ID, and redirects to `next`; an account with
//! a second factor is asked for that first
//!
//! An attacker tries to learn who has an account: an unknown email address and a wrong password get
//! the same response, in bytes and in time. `throttle.rs` limits guesses at passwords. Logging a
//! victim in to the attacker's account (login CSRF) is stopped by `web/csrf.rs`, an open redirect
//! by `own_path`.

pub mod recovery_code;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::start_session;
use crate::accounts::audit::{self, Kind};
use crate::accounts::password::{Password, Verdict};
use crate::accounts::user::{self, User};
use crate::email::Email;
use crate::mail::notice;
use crate::throttle::{Admission, Attempt};
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::error::{Error, InvalidToken};
use crate::web::next_page::{HOME, own_path};
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::request_context::Login;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    page: Page,
    email: String,
    remember: bool,
    next: String,
    /// This browser has begun a registration for the typed email address.
    confirm_first: bool,
}

#[derive(Deserialize)]
pub struct LoginQuery {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    remember: Option<String>,
    #[serde(default)]
    next: String,
}

pub async fn show(visitor: Visitor, query: web::Query<LoginQuery>) -> Result<HttpResponse, Error> {
    let next = query.into_inner().next;
    if visitor.user.is_some() {
        return page::redirect(&own_path(&next, HOME));
    }
    let (page, email) = (visitor.page("Log in"), String::new());
    page::show(LoginPage { page, email, remember: false, next, confirm_first: false })
}

pub async fn submit(
    req: HttpRequest,
    visitor: Visitor,
    form: Checked<LoginForm>,
) -> Result<HttpResponse, Error> {
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => return out_of_date(&visitor, form, invalid),
    };
    // Counted before the password is verified, so that a client which disconnects is counted too.
    let attempt = match admission::login(&visitor, &form.email).await? {
        Admission::Counted(attempt) => attempt,
        Admission::Rejected(rejection) => {
            return page::too_many(
                login_page(&visitor, form, rejection::sentence(rejection)),
                rejection,
            );
        }
    };
    if let Some(user) = prove(&visitor, &form, &attempt).await? {
        visitor.app.throttle.succeeded(attempt).await?;
        let login = Login { user, remembered: form.remember.is_some(), second_factor: false };
        return start_session::after_first_factor(&req, &visitor, login, &form.next).await;
    }
    page::invalid(login_page(&visitor, form, "Wrong email or password."))
}

/// For a form older than a login in another tab: redirects to `next` if the user is the same.
fn out_of_date(
    visitor: &Visitor,
    form: LoginForm,
    invalid: InvalidToken,
) -> Result<HttpResponse, Error> {
    let typed = Email::parse(&form.email).map(|email| email.canonical());
    let problem = match visitor.user.as_ref().map(|user| Email::parse(&user.email)).transpose()? {
        Some(user) if typed.is_ok_and(|typed| typed == user.canonical()) => {
            return page::redirect(&own_path(&form.next, HOME));
        }
        Some(user) => format!("You're logged in as {}. Log out first.", user.as_str()),
        None => invalid.sentence().to_owned(),
    };
    page::out_of_date(login_page(visitor, form, problem))
}

fn login_page(visitor: &Visitor, form: LoginForm, problem: impl Into<String>) -> LoginPage {
    let mut page = visitor.page("Log in");
    page.reject_form(problem);
    // Read from this browser's own cookie only, so it reveals nothing about the account.
    let pending = visitor.registration();
    let typed = Email::parse(&form.email);
    LoginPage {
        confirm_first: pending.is_some_and(|own| typed.is_ok_and(|typed| own.is_for(&typed))),
        page,
        email: form.email,
        remember: form.remember.is_some(),
        next: form.next,
    }
}

/// Returns the user if the password is right and need not be reset. Every attempt costs one run of
/// Argon2, and a failed one an audit row. Renewing the hash of a right password costs one run more.
async fn prove(
    visitor: &Visitor,
    form: &LoginForm,
    attempt: &Attempt,
) -> Result<Option<User>, Error> {
    let app = &visitor.app;
    let known = match Email::parse(&form.email) {
        Ok(email) => user::find(&app.db, &email).await?,
        Err(_) => None,
    };
    let password = Password::typed(&form.password);
    let stored = known.as_ref().map(|known| (known.user.id, &known.password_hash));
    let verdict = app.verify(attempt, &password, stored).await?;
    // After "this wasn't me", a right password gets the response to a wrong one; an email says why.
    let stopped = known.as_ref().is_some_and(|known| known.reset_required);
    if let (Verdict::RightButWeak, Some(known), false) = (verdict, &known, stopped) {
        app.renew_hash(known, &password).await;
    }
    let user = known.map(|known| known.user);
    if verdict != Verdict::Wrong && !stopped {
        return Ok(user);
    }
    record_failed(visitor, user.as_ref(), stopped && verdict != Verdict::Wrong).await?;
    Ok(None)
}

/// `stopped`: the password was right, but has to be reset. The owner gets an email that says so.
async fn record_failed(visitor: &Visitor, user: Option<&User>, stopped: bool) -> Result<(), Error> {
    let mailed = match user.filter(|_| stopped) {
        Some(user) if admission::may_mail_stopped(visitor, user).await? => Some(user),
        _ => None,
    };
    let mut tx = visitor.app.db.begin().await?;
    let told = match mailed {
        Some(told) => user::hold_unchanged(&mut tx, told).await?.then_some(told),
        None => None,
    };
    audit::record(&mut tx, Kind::LoginFailed, user.map(|user| user.id), &visitor.client).await?;
    if let Some(told) = told {
        notice::reset_is_required(&mut tx, &visitor.app, told).await?;
    }
    Ok(tx.commit().await?)
}
