//! Verify an email address: by the code in the email, or by the link (`verify/link.rs`).
//!
//! `GET  /email/verify`  show    "Check your email", with a field for the code
//! `POST /email/verify`  submit  a code, or the token of a link: creates the account
//!
//! An attacker registers the victim's email address first and waits for the victim to verify it
//! (pre-hijacking). So a password is accepted only in the browser that chose it; in any other, the
//! page of the link asks for a new one. An attacker who learns the victim's code cannot use it: it
//! works only in the browser that registered. `Action::EmailVerify` limits guesses at codes.

pub mod link;
pub mod resend;

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::password::PasswordHash;
use crate::accounts::registration::{self, Confirmed, Registration};
use crate::accounts::token::{self, Purpose};
use crate::email::Email;
use crate::flows::start_session;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::Admission;
use crate::throttle::limits::{Action, Key};
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::error_page::log_if_failed;
use crate::web::flash::FlashKind;
use crate::web::invalid_link;
use crate::web::known_device;
use crate::web::next_page::HOME;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "email/verify.html")]
struct CheckEmailPage {
    page: Page,
    /// The email address of the registration begun in this browser: its code can be typed here.
    registered: Option<String>,
    /// The typed code, when the form is shown again.
    code: String,
    /// The email address in the field of "Resend email".
    resend_to: String,
}

impl CheckEmailPage {
    /// Whether "Resend email" needs no field, because the page names the email address already.
    fn resends_to_registered(&self) -> bool {
        self.registered.as_ref() == Some(&self.resend_to)
    }
}

#[derive(Template)]
#[template(path = "email/already_confirmed.html")]
struct AlreadyConfirmedPage {
    page: Page,
    address: String,
}

#[derive(Deserialize)]
pub struct VerifyForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

pub async fn show(visitor: Visitor) -> Result<HttpResponse, Error> {
    if visitor.user.is_some() && visitor.registration().is_none() {
        return page::redirect(HOME);
    }
    page::show(check_email(&visitor))
}

fn check_email(visitor: &Visitor) -> CheckEmailPage {
    let registered = visitor.registration().map(|registration| registration.email);
    CheckEmailPage {
        page: visitor.page("Check your email"),
        resend_to: registered.clone().unwrap_or_default(),
        registered,
        code: String::new(),
    }
}

pub async fn submit(
    req: HttpRequest,
    visitor: Visitor,
    form: Checked<VerifyForm>,
) -> Result<HttpResponse, Error> {
    match form {
        Checked::Valid(form) if form.token.is_empty() => submit_code(&req, &visitor, form).await,
        Checked::Valid(form) => link::submit(&req, &visitor, form).await,
        Checked::OutOfDate(form, invalid) if form.token.is_empty() => {
            let mut form_page = CheckEmailPage { code: form.code, ..check_email(&visitor) };
            form_page.page.reject_form(invalid.sentence());
            page::out_of_date(form_page)
        }
        Checked::OutOfDate(form, invalid) => link::out_of_date(&visitor, form, invalid).await,
    }
}

async fn submit_code(
    req: &HttpRequest,
    visitor: &Visitor,
    form: VerifyForm,
) -> Result<HttpResponse, Error> {
    let mut form_page = CheckEmailPage { code: form.code.clone(), ..check_email(visitor) };
    let Some(pending) = visitor.registration() else {
        let problem = "A code works only in the browser where you signed up. Open the link in \
                       the email instead.";
        form_page.page.reject_form(problem);
        return page::invalid(form_page);
    };
    let email = Email::parse(&pending.email)?;
    // With two tabs there may be two registrations, so the form contains its email address.
    if Email::parse(&form.email).is_ok_and(|typed| typed.canonical() != email.canonical()) {
        let problem = format!(
            "This browser has since been used to sign up as {}. For the other address, open the \
             link in its email.",
            pending.email
        );
        form_page.page.reject_form(problem);
        return page::invalid(form_page);
    }
    let canonical = email.canonical();
    let address = visitor.client.address;
    let keys = [Key::Registration(pending.id), Key::Account(&canonical), Key::IpAddress(address)];
    let throttle = &visitor.app.throttle;
    let attempt = match throttle.admit(Action::EmailVerify, &keys).await? {
        Admission::Counted(attempt) => attempt,
        Admission::Rejected(rejection) => {
            let problem = "Or open the link in the email: it works right away.";
            let problem = format!("{} {problem}", rejection::sentence(rejection));
            form_page.page.reject("code", problem);
            return page::too_many(form_page, rejection);
        }
    };
    let macs = visitor.app.keys.code_macs(&canonical, &token::typed_code(&form.code));
    let (db, open) = (&visitor.app.db, visitor.app.config.sign_up.is_open());
    if token::has_code(db, pending.id, &macs).await?
        && let Some(registration) = registration::find(db, pending.id, open).await?
    {
        throttle.succeeded(attempt).await?;
        return match &registration.password_hash {
            Some(password_hash) => confirm(req, visitor, &registration, password_hash).await,
            None => already_confirmed(visitor, &email),
        };
    }
    let problem =
        "This code is wrong or has expired. Check it, or open the link in the newest email.";
    form_page.page.reject("code", problem);
    page::invalid(form_page)
}

/// Creates the user and logs in. If another user is logged in here, their session stays.
async fn confirm(
    req: &HttpRequest,
    visitor: &Visitor,
    registration: &Registration,
    password_hash: &PasswordHash,
) -> Result<HttpResponse, Error> {
    let email = &registration.email;
    let user = match create(visitor, registration, password_hash).await? {
        Confirmed::Created(user) => user,
        Confirmed::Taken => return already_confirmed(visitor, email),
        Confirmed::Gone => return invalid_link::show(visitor, Purpose::Verify),
    };
    log_if_failed("the limits", admission::reset_for_owner(visitor, email).await);
    log_if_failed("a device", known_device::keep(visitor, &user).await);
    visitor.forget_registration(email);
    if let Some(other) = &visitor.user {
        let text = format!(
            "{} is confirmed. You're still logged in as {}. Log out to use the new account.",
            user.email, other.email
        );
        visitor.flash(FlashKind::Good, text);
        return page::redirect(HOME);
    }
    let response = start_session::start_first(req, visitor, user)?;
    visitor.flash(FlashKind::Good, "Your email is confirmed, and you're logged in.");
    Ok(response)
}

/// In one transaction: creates the user, the audit event and the notice.
async fn create(
    visitor: &Visitor,
    registration: &Registration,
    password_hash: &PasswordHash,
) -> Result<Confirmed, Error> {
    let (app, client) = (&visitor.app, &visitor.client);
    let mut tx = app.db.begin().await?;
    let confirmed = registration::confirm(&mut tx, registration, password_hash).await?;
    let Confirmed::Created(user) = &confirmed else { return Ok(confirmed) };
    audit::record(&mut tx, Kind::AccountCreated, Some(user.id), client).await?;
    let owner = ChangedAccount { user_id: user.id, email: &user.email, client };
    notice::send(&mut tx, app, owner, Change::AccountCreated).await?;
    tx.commit().await?;
    Ok(confirmed)
}

fn already_confirmed(visitor: &Visitor, email: &Email) -> Result<HttpResponse, Error> {
    let address = email.as_str().to_owned();
    page::show(AlreadyConfirmedPage { page: visitor.page("Already confirmed"), address })
}
