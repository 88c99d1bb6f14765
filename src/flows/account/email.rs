//! Change the email address: the request. `flows/email/change.rs` confirms it.
//!
//! `GET  /account/email`  show    the current address, the requested one, and the form
//! `POST /account/email`  submit  sends a link to the new address; nothing changes yet
//!
//! An attacker with a stolen session lacks the password that sudo mode asks for. An attacker who
//! wants to learn who has an account types somebody's address: the response, the rows and their
//! cost are the same for every address; only the email differs. Limits stop an attacker who wants
//! to fill a mailbox.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::token;
use crate::email::Email;
use crate::mail::email_change;
use crate::throttle::Admission;
use crate::throttle::limits::{Action, Key};
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::human_time::{self, Time};
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::sudo::Sudo;
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "account/email.html")]
struct EmailPage {
    page: Page,
    /// The current email address.
    current: String,
    /// The new email address that was requested, and when its link expires.
    pending: Option<(String, Time)>,
    typed: String,
}

#[derive(Deserialize)]
pub struct EmailForm {
    #[serde(default)]
    email: String,
}

pub async fn show(sudo: Sudo) -> Result<HttpResponse, Error> {
    let typed = sudo.take_typed("email").unwrap_or_default();
    page::show(email_page(&sudo.logged_in, typed).await?)
}

async fn email_page(logged_in: &LoggedIn, typed: String) -> Result<EmailPage, Error> {
    let (visitor, user) = (&logged_in.visitor, &logged_in.user);
    let pending = token::pending_change(&visitor.app.db, user.id).await?;
    Ok(EmailPage {
        page: visitor.page("Change your email"),
        current: user.email.clone(),
        pending: pending.map(|change| (change.email, human_time::moment(change.expires_at))),
        typed,
    })
}

pub async fn submit(sudo: Sudo, form: Checked<EmailForm>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            let mut form_page = email_page(&logged_in, form.email).await?;
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    let own = Email::parse(&logged_in.user.email)?.canonical();
    let problem = match Email::parse(&form.email) {
        Ok(new) if new.canonical() != own => return request(&logged_in, &new).await,
        Ok(_) => "This is your email address already.".to_owned(),
        Err(error) => error.to_string(),
    };
    let mut form_page = email_page(&logged_in, form.email).await?;
    form_page.page.reject("email", problem);
    page::invalid(form_page)
}

async fn request(logged_in: &LoggedIn, new: &Email) -> Result<HttpResponse, Error> {
    let (app, user) = (&logged_in.visitor.app, &logged_in.user);
    let key = [Key::Account(&user.id.to_string())];
    if let Admission::Rejected(rejection) = app.throttle.admit(Action::EmailChange, &key).await? {
        let mut form_page = email_page(logged_in, new.as_str().to_owned()).await?;
        form_page.page.reject_form(rejection::sentence(rejection));
        return page::too_many(form_page, rejection);
    }
    let may_mail = admission::may_mail(&logged_in.visitor, Action::EmailChangeMail, new).await?;
    let mut tx = logged_in.begin("/account/email").await?;
    let client = &logged_in.visitor.client;
    audit::record(&mut tx, Kind::EmailChangeAsked, Some(user.id), client).await?;
    email_change::send(&mut tx, app, user, new, may_mail).await?;
    tx.commit().await?;
    page::redirect("/account/email")
}
