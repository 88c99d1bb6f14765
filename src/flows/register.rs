//! Sign up for an account.
//!
//! `GET  /register`  show    the form
//! `POST /register`  submit  begins a registration, and sends an email to verify its email address
//!
//! The account itself is created when the email address is verified, in `email/verify`.
//!
//! An attacker tries to learn who has an account: an email address that has one gets the same
//! response, at the cost of the same statements, and its owner gets an email. A login with the
//! password chosen here reveals nothing: until the verification, it fails like a wrong one.

mod invited;

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::password::NewHash;
use crate::accounts::password::strength;
use crate::accounts::password::{Password, PasswordHash};
use crate::accounts::registration::{self, Begun};
use crate::accounts::user;
use crate::email::Email;
use crate::mail::verification;
use crate::throttle::Admission;
use crate::throttle::limits::Action;
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::next_page::HOME;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    page: Page,
    email: String,
    minimum: usize,
}

#[derive(Deserialize)]
pub struct RegisterForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

pub async fn show(visitor: Visitor) -> Result<HttpResponse, Error> {
    if visitor.user.is_some() {
        return page::redirect(HOME);
    }
    if !visitor.app.config.sign_up.is_open() {
        return invited::show(&visitor);
    }
    page::show(blank(&visitor))
}

pub async fn submit(visitor: Visitor, form: Checked<RegisterForm>) -> Result<HttpResponse, Error> {
    if !visitor.app.config.sign_up.is_open() {
        return invited::show(&visitor);
    }
    let mut form_page = blank(&visitor);
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            form_page.email = form.email;
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    form_page.email = form.email.clone();
    let password = Password::typed(&form.password);
    let email = Email::parse(&form.email)
        .map_err(|error| form_page.page.reject("email", error.to_string()));
    let long_enough = strength::check_length(&password, form_page.minimum)
        .map_err(|weakness| form_page.page.reject("password", weakness.reason));
    let (Ok(email), Ok(())) = (email, long_enough) else {
        return page::invalid(form_page);
    };

    if let Admission::Rejected(rejection) = admission::by_ip(&visitor, Action::Register).await? {
        form_page.page.reject_form(rejection::sentence(rejection));
        return page::too_many(form_page, rejection);
    }
    let hash = match visitor.app.hash_new(&password, &email).await? {
        NewHash::Hashed(hash) => hash,
        NewHash::TooWeak(weakness) => {
            form_page.page.reject("password", weakness.reason);
            return page::invalid(form_page);
        }
    };
    let begun = begin(&visitor, &email, &hash).await?;
    visitor.remember_registration(&email, &begun);
    page::redirect("/email/verify")
}

fn blank(visitor: &Visitor) -> RegisterPage {
    RegisterPage {
        page: visitor.page("Create account"),
        email: String::new(),
        minimum: visitor.app.config.password_min_length,
    }
}

/// Writes the registration and its email. The same rows for every email address.
async fn begin(visitor: &Visitor, email: &Email, hash: &PasswordHash) -> Result<Begun, Error> {
    let app = &visitor.app;
    let may_mail = admission::may_mail(visitor, Action::EmailVerifyMail, email).await?;
    let known = user::find(&app.db, email).await?.map(|known| known.user.id);
    let mut tx = app.db.begin().await?;
    let begun = registration::begin(&mut *tx, email, Some(hash)).await?;
    let owner = known.filter(|_| may_mail);
    audit::record(&mut tx, Kind::RegistrationStarted, owner, &visitor.client).await?;
    // Beyond the mail budget the rows are decoys, so that the response takes the same time.
    verification::send(&mut tx, app, may_mail.then_some(begun.id), email).await?;
    tx.commit().await?;
    Ok(begun)
}
