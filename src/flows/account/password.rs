//! Change the password.
//!
//! `GET  /account/password`  show    the form
//! `POST /account/password`  submit  the new password; every other session of the account ends
//!
//! An attacker with a stolen session lacks the current password, which is required here; a limit
//! stops guesses. An attacker who knows the old password may be logging in at this moment: the
//! epoch is raised in the same transaction, so that login begins no session. A limit on changes
//! stops an attacker who wants to hide the notice among others. This session's ID is rotated.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::credentials;
use crate::accounts::password::NewHash;
use crate::accounts::password::strength;
use crate::accounts::password::{Password, PasswordHash};
use crate::accounts::session::{self, RotationReason};
use crate::accounts::user::{User, proof};
use crate::email::Email;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::Admission;
use crate::throttle::Rejection;
use crate::throttle::limits::{Action, Key};
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::current_password::{self, Verified};
use crate::web::error::Error;
use crate::web::error_page::log_if_failed;
use crate::web::flash::FlashKind;
use crate::web::known_device;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage {
    page: Page,
    minimum: usize,
}

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    password: String,
}

pub async fn show(logged_in: LoggedIn) -> Result<HttpResponse, Error> {
    page::show(blank(&logged_in))
}

pub async fn submit(
    logged_in: LoggedIn,
    form: Checked<PasswordForm>,
) -> Result<HttpResponse, Error> {
    let mut form_page = blank(&logged_in);
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(_, invalid) => {
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    let app = &logged_in.visitor.app;
    let new = Password::typed(&form.password);
    if let Err(weakness) = strength::check_length(&new, form_page.minimum) {
        form_page.page.reject("password", weakness.reason);
        return page::invalid(form_page);
    }
    if form.password == form.current_password {
        let problem = "This is your current password. Choose a different one.";
        form_page.page.reject("password", problem);
        return page::invalid(form_page);
    }
    let failure = Kind::PasswordChangeFailed;
    let stored = match current_password::verify(&logged_in, &form.current_password, failure).await?
    {
        Verified::Right(stored) => stored,
        Verified::Wrong => {
            form_page.page.reject("current_password", "This isn't your current password.");
            return page::invalid(form_page);
        }
        Verified::TooMany(rejection) => return too_many(form_page, rejection),
    };
    if let Admission::Rejected(rejection) =
        admission::by_ip(&logged_in.visitor, Action::NewPassword).await?
    {
        return too_many(form_page, rejection);
    }
    let hash = match app.hash_new(&new, &Email::parse(&logged_in.user.email)?).await? {
        NewHash::Hashed(hash) => hash,
        NewHash::TooWeak(weakness) => {
            form_page.page.reject("password", weakness.reason);
            return page::invalid(form_page);
        }
    };
    // Every change sends a notice that no limit drops, so the changes themselves are limited.
    let key = [Key::Account(&logged_in.user.id.to_string())];
    let admitted = app.throttle.admit(Action::PasswordChanged, &key).await?;
    if let Admission::Rejected(rejection) = admitted {
        return too_many(form_page, rejection);
    }
    if !change(&logged_in, &stored, &hash).await? {
        // A concurrent password change has ended this session, or a login has renewed the hash.
        let problem = "Your account changed at the same moment, so this wasn't saved. Try again.";
        form_page.page.reject_form(problem);
        return page::invalid(form_page);
    }
    let text = "Password changed. You've been logged out everywhere else.";
    logged_in.visitor.flash(FlashKind::Good, text);
    page::redirect("/account")
}

fn blank(logged_in: &LoggedIn) -> PasswordPage {
    PasswordPage {
        page: logged_in.visitor.page("Change your password"),
        minimum: logged_in.visitor.app.config.password_min_length,
    }
}

fn too_many(mut form_page: PasswordPage, rejection: Rejection) -> Result<HttpResponse, Error> {
    form_page.page.reject_form(rejection::sentence(rejection));
    page::too_many(form_page, rejection)
}

/// In one transaction: sets the password, ends the other sessions, rotates the ID of this one.
async fn change(
    logged_in: &LoggedIn,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<bool, Error> {
    let user_id = logged_in.user.id;
    let mut tx = logged_in.visitor.app.db.begin().await?;
    // After a change of email in another tab, the notice would go to the earlier address.
    if !session::hold(&mut tx, &logged_in.session, &logged_in.user).await? {
        return Ok(false);
    }
    let Some(epoch) = proof::change_password(&mut tx, user_id, old, new).await? else {
        return Ok(false);
    };
    credentials::end_access(&mut tx, user_id, Some(logged_in.session.id)).await?;
    let rotated = session::rotate_in_place(
        &mut tx,
        logged_in.session.id,
        epoch,
        RotationReason::Authenticated,
    )
    .await?;
    let Some(session_id) = rotated else { return Ok(false) };
    audit::record(&mut tx, Kind::PasswordChanged, Some(user_id), &logged_in.visitor.client).await?;
    let app = &logged_in.visitor.app;
    let client = &logged_in.visitor.client;
    let owner = ChangedAccount { user_id, email: &logged_in.user.email, client };
    notice::send(&mut tx, app, owner, Change::PasswordChanged).await?;
    tx.commit().await?;
    logged_in.visitor.rotate_session(session_id);
    let user = User { session_epoch: epoch, ..logged_in.user.clone() };
    log_if_failed("a device", known_device::keep(&logged_in.visitor, &user).await);
    Ok(true)
}
