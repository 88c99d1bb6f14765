//! Delete the account.
//!
//! `GET  /account/delete`  show    the page that says what is deleted
//! `POST /account/delete`  submit  deletes everything that names the user, in one transaction
//!
//! An attacker with a stolen session lacks the password that sudo mode asks for. The email address
//! is typed again, so that no slip deletes an account. A request of another device that runs at the
//! same time finds no session afterwards, and saves nothing.

use actix_identity::Identity;
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::Kind;
use crate::accounts::token;
use crate::accounts::user::operated;
use crate::deletion;
use crate::email::Email;
use crate::mail::notice;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::page::{self, Page};
use crate::web::sudo::Sudo;
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "account/delete.html")]
struct DeletePage {
    page: Page,
    /// The email address that was typed.
    typed: String,
}

#[derive(Deserialize)]
pub struct DeleteForm {
    #[serde(default)]
    email: String,
}

pub async fn show(sudo: Sudo) -> Result<HttpResponse, Error> {
    let typed = sudo.take_typed("email").unwrap_or_default();
    page::show(delete_page(&sudo.logged_in, typed))
}

fn delete_page(logged_in: &LoggedIn, typed: String) -> DeletePage {
    DeletePage { page: logged_in.visitor.page("Delete your account"), typed }
}

pub async fn submit(
    sudo: Sudo,
    identity: Option<Identity>,
    form: Checked<DeleteForm>,
) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            let mut form_page = delete_page(&logged_in, form.email);
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    let own = Email::parse(&logged_in.user.email)?;
    if Email::parse(&form.email).map(|typed| typed.canonical()) != Ok(own.canonical()) {
        let mut form_page = delete_page(&logged_in, form.email);
        form_page.page.reject("email", "This isn't the email of your account.");
        return page::invalid(form_page);
    }
    let visitor = &logged_in.visitor;
    let mut tx = logged_in.begin("/account/delete").await?;
    let held = operated::hold(&mut tx, &own).await?.filter(|held| held.id == logged_in.user.id);
    let Some(held) = held else {
        return Err(Error::LogInFirst("/account/delete".to_owned()));
    };
    let (event, client) = (Kind::AccountDeleted, &visitor.client);
    let addresses = token::addresses(&mut tx, held.id).await?;
    deletion::delete(&mut tx, &visitor.app.throttle, &held, event, client.into()).await?;
    notice::account_deleted(&mut tx, &visitor.app, &addresses, Some(client)).await?;
    tx.commit().await?;
    visitor.take_session();
    if let Some(identity) = identity {
        identity.logout();
    }
    visitor.end_session("Your account is deleted.");
    page::redirect("/")
}
