//! Verify an email address by the link in the email.
//!
//! `GET  /email/verify/{token}`  open    a page with a button, because mail scanners follow links
//! `POST /email/verify`          submit  the token of the link: creates the account
//!
//! An attacker could send somebody the link of the attacker's own registration, so the page shows
//! the email address in full. An attacker may have chosen the first password, so only the
//! registering browser needs no more than the button. In any other browser the person chooses a new
//! password.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{VerifyForm, already_confirmed, confirm};
use crate::accounts::password::NewHash;
use crate::accounts::password::{Password, PasswordHash};
use crate::accounts::registration::{self, Registration};
use crate::accounts::token::{self, Purpose};
use crate::throttle::Admission;
use crate::throttle::limits::Action;
use crate::web::admission;
use crate::web::error::Error;
use crate::web::error::InvalidToken;
use crate::web::invalid_link;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "email/verify_link.html")]
struct LinkPage {
    page: Page,
    token: String,
    /// In full, because this is the email address that the button verifies.
    address: String,
    /// Whether to ask for a new password, because none was chosen in this browser.
    choose: bool,
    /// An operator invited the person, who has signed up nowhere.
    invited: bool,
    minimum: usize,
}

pub async fn open(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, Error> {
    let token = token.into_inner();
    let Some(registration) = of_link(&visitor, &token).await? else {
        return invalid_link::show(&visitor, Purpose::Verify);
    };
    let chosen = chosen_here(&visitor, &registration).await?;
    if chosen == Chosen::Confirmed {
        return already_confirmed(&visitor, &registration.email);
    }
    page::show(link_page(&visitor, token, &registration, chosen == Chosen::Nothing))
}

async fn of_link(visitor: &Visitor, token: &str) -> Result<Option<Registration>, Error> {
    let (db, open) = (&visitor.app.db, visitor.app.config.sign_up.is_open());
    match token::registration(db, &token::hash(token)).await? {
        Some(id) => Ok(registration::find(db, id, open).await?),
        None => Ok(None),
    }
}

fn link_page(
    visitor: &Visitor,
    token: String,
    registration: &Registration,
    choose: bool,
) -> LinkPage {
    let address = registration.email.as_str().to_owned();
    let minimum = visitor.app.config.password_min_length;
    let invited = registration.password_hash.is_none();
    let title = if invited { "Create your account" } else { "Confirm your email" };
    LinkPage { page: visitor.page(title), token, address, choose, invited, minimum }
}

pub(super) async fn out_of_date(
    visitor: &Visitor,
    form: VerifyForm,
    invalid: InvalidToken,
) -> Result<HttpResponse, Error> {
    let Some(registration) = of_link(visitor, &form.token).await? else {
        return Err(invalid.into());
    };
    let choose = match chosen_here(visitor, &registration).await? {
        Chosen::Confirmed => return Err(invalid.into()),
        Chosen::Nothing => true,
        Chosen::Password(_) => false,
    };
    let mut form_page = link_page(visitor, form.token, &registration, choose);
    form_page.page.reject_form(invalid.sentence());
    page::out_of_date(form_page)
}

pub(super) async fn submit(
    req: &HttpRequest,
    visitor: &Visitor,
    form: VerifyForm,
) -> Result<HttpResponse, Error> {
    let Some(registration) = of_link(visitor, &form.token).await? else {
        return invalid_link::show(visitor, Purpose::Verify);
    };
    let password_hash = match chosen_here(visitor, &registration).await? {
        Chosen::Confirmed => return already_confirmed(visitor, &registration.email),
        Chosen::Password(password_hash) => password_hash,
        Chosen::Nothing => {
            let mut form_page = link_page(visitor, form.token, &registration, true);
            if let Admission::Rejected(rejection) =
                admission::by_ip(visitor, Action::NewPassword).await?
            {
                form_page.page.reject_form(rejection::sentence(rejection));
                return page::too_many(form_page, rejection);
            }
            let password = Password::typed(&form.password);
            match visitor.app.hash_new(&password, &registration.email).await? {
                NewHash::Hashed(password_hash) => password_hash,
                NewHash::TooWeak(weakness) => {
                    form_page.page.reject("password", weakness.reason);
                    return page::invalid(form_page);
                }
            }
        }
    };
    confirm(req, visitor, &registration, &password_hash).await
}

/// Whether a password for the email address of a registration was chosen in this browser.
#[derive(PartialEq, Eq)]
enum Chosen {
    Password(PasswordHash),
    /// This browser did not register, or no password was chosen.
    Nothing,
    /// The email address already has an account.
    Confirmed,
}

async fn chosen_here(visitor: &Visitor, registration: &Registration) -> Result<Chosen, Error> {
    let pending = visitor.registration().filter(|own| own.is_for(&registration.email));
    let (db, open) = (&visitor.app.db, visitor.app.config.sign_up.is_open());
    let own = match pending {
        Some(pending) => registration::find(db, pending.id, open).await?,
        None => None,
    };
    Ok(match own {
        _ if registration.confirmed => Chosen::Confirmed,
        Some(own) if own.confirmed => Chosen::Confirmed,
        Some(Registration { password_hash: Some(chosen), .. }) => Chosen::Password(chosen),
        _ => Chosen::Nothing,
    })
}
