//! Make an account.
//!
//! `GET  /register`  show    the form
//! `POST /register`  submit  an account, and a mail to prove its address
//!
//! An attacker tries to learn who has an account: a known address gets the same answer, and its
//! owner a mail. To take somebody's address before they do: see `email/verify`. Two people who
//! register the same address at the same moment: PostgreSQL decides.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use crate::accounts::audit::{self, Kind};
use crate::accounts::email::Email;
use crate::accounts::limits::Purpose;
use crate::accounts::password::Password;
use crate::accounts::strength::{self, Strength};
use crate::accounts::user;
use crate::error::Error;
use crate::mail::verification;
use crate::web::csrf::Form;
use crate::web::limit;
use crate::web::next_page::HOME;
use crate::web::page::{self, Page};
use crate::web::visit;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    page: Page,
    email: String,
    problems: Problems,
    minimum: usize,
    strength: Option<Strength>,
}

#[derive(Default)]
struct Problems {
    form: Option<String>,
    email: Option<String>,
    password: Option<String>,
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
        return page::go_to(HOME);
    }
    page::show(blank(&visitor))
}

pub async fn submit(
    visitor: Visitor,
    Form(form): Form<RegisterForm>,
) -> Result<HttpResponse, Error> {
    let mut again = RegisterPage { email: form.email.clone(), ..blank(&visitor) };
    let password = Password::typed(&form.password);
    let email =
        Email::parse(&form.email).map_err(|error| again.problems.email = Some(error.to_string()));
    let config = &visitor.app.config;
    let known = [form.email.as_str(), &config.app_name];
    if let Err(refusal) = strength::check(&password, config.password_min_length, &known) {
        again.problems.password = Some(refusal.reason);
        again.strength = refusal.strength;
    }
    let (Ok(email), None) = (email, &again.problems.password) else { return page::again(again) };

    if let Err(refusal) = limit::admit_ip(&visitor, Purpose::Register).await? {
        again.problems.form = Some(limit::sentence(refusal));
        return page::too_many(again, refusal);
    }
    let token_id = begin(&visitor, &email, &password).await?;
    visit::with(|visit| visit.visitor.remember_registration(email.as_str(), token_id));
    page::go_to("/email/verify")
}

fn blank(visitor: &Visitor) -> RegisterPage {
    RegisterPage {
        page: visitor.page("Register"),
        email: String::new(),
        problems: Problems::default(),
        minimum: visitor.app.config.password_min_length,
        strength: None,
    }
}

/// An account and a mail to prove its address; for an address that has one, a mail that says so.
/// Either way one run of Argon2, one mail, and an ID that means nothing to the visitor.
async fn begin(visitor: &Visitor, email: &Email, password: &Password) -> Result<Uuid, Error> {
    let app = &visitor.app;
    let hash = app.hasher.hash(password).await?;
    let admitted = limit::may_mail(visitor, Purpose::EmailVerifyMail, email).await?;
    let token_id = Uuid::now_v7();
    let mut tx = app.db.begin().await?;
    let created = user::create(&mut *tx, email, &hash).await?;
    if let Some(user) = &created {
        audit::record(&mut tx, Kind::Registered, Some(user.id), &visitor.client).await?;
    }
    let known = user::find(&mut *tx, email).await?.map(|known| known.user);
    match known {
        _ if !admitted => {}
        Some(user) if !user.verified => {
            verification::send(&mut tx, app, &user, (token_id, Some(&hash))).await?;
        }
        _ => verification::already(&mut tx, app, email).await?,
    }
    tx.commit().await?;
    Ok(token_id)
}
