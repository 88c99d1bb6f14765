//! Make an account.
//!
//! `GET  /register`  show    the form
//! `POST /register`  submit  an account, and logged in
//!
//! An attacker tries a thousand passwords that everybody uses: they are refused here. To make a
//! thousand accounts, or keep Argon2 busy: counted by address before anything is hashed. Two people
//! who register the same address at the same moment: PostgreSQL decides. Whether an address has an
//! account can be found out here, until mail proves addresses; see README.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::start_session;
use crate::accounts::audit::{self, Kind};
use crate::accounts::email::Email;
use crate::accounts::limits::{Key, Purpose};
use crate::accounts::password::Password;
use crate::accounts::strength::{self, Strength};
use crate::accounts::user::{self, User};
use crate::error::Error;
use crate::web::csrf::Form;
use crate::web::next_page::HOME;
use crate::web::page::{self, FlashKind, Page};
use crate::web::visit::Login;
use crate::web::visitor::Visitor;
use crate::web::{device, limit};

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
    req: HttpRequest,
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

    let from = [Key::Address(visitor.client.address)];
    if let Err(refusal) = visitor.app.throttle.admit(Purpose::Register, &from).await? {
        again.problems.form = Some(limit::sentence(refusal));
        return page::too_many(again, refusal);
    }
    let Some(user) = create(&visitor, &email, &password).await? else {
        again.problems.email = Some("This address has an account. Log in instead.".to_owned());
        return page::again(again);
    };
    device::remember(&visitor, &user).await?;
    let answer = start_session::start(&req, &visitor, Login { user, remembered: false }, "");
    visitor.flash(FlashKind::Good, "Welcome. Your account is ready.");
    answer
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

async fn create(
    visitor: &Visitor,
    email: &Email,
    password: &Password,
) -> Result<Option<User>, Error> {
    let hash = visitor.app.hasher.hash(password).await?;
    let mut tx = visitor.app.db.begin().await?;
    let user = user::create(&mut *tx, email, &hash).await?;
    if let Some(user) = &user {
        audit::record(&mut tx, Kind::Registered, Some(user.id), &visitor.client).await?;
    }
    tx.commit().await?;
    Ok(user)
}
