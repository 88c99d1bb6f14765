//! Change the password.
//!
//! `GET  /account/password`  show    the form
//! `POST /account/password`  submit  the new one; every other session of this account ends
//!
//! An attacker with a stolen session lacks the current password, which is required here; a limit
//! stops guessing it. An attacker who knows the old password may be logging in at this moment: the
//! epoch goes up in the same transaction, so that login begins no session. One who wants to bury
//! the notice under others is stopped by a limit on changes. This session continues under a new ID.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::credentials;
use crate::accounts::password::NewHash;
use crate::accounts::password::strength::{self, Strength};
use crate::accounts::password::{Password, PasswordHash, Verdict};
use crate::accounts::session;
use crate::accounts::user::{self, User, proof};
use crate::email::Email;
use crate::mail::notice::{self, Owner, What};
use crate::throttle::Admission;
use crate::throttle::Rejection;
use crate::throttle::limits::{Action, Key};
use crate::web::admission;
use crate::web::csrf::Checked;
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
    problems: Problems,
    minimum: usize,
    strength: Option<Strength>,
}

#[derive(Default)]
struct Problems {
    form: Option<String>,
    current_password: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    password: String,
}

pub async fn show(somebody: LoggedIn) -> Result<HttpResponse, Error> {
    page::show(blank(&somebody))
}

pub async fn submit(
    somebody: LoggedIn,
    form: Checked<PasswordForm>,
) -> Result<HttpResponse, Error> {
    let mut again = blank(&somebody);
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(_, invalid) => {
            again.problems.form = Some(invalid.sentence().to_owned());
            return page::out_of_date(again);
        }
    };
    let app = &somebody.visitor.app;
    let new = Password::typed(&form.password);
    if let Err(weakness) = strength::check_length(&new, again.minimum) {
        again.problems.password = Some(weakness.reason);
        return page::invalid(again);
    }
    if form.password == form.current_password {
        again.problems.password =
            Some("This is your current password. Choose a different one.".to_owned());
        return page::invalid(again);
    }
    let who = somebody.user.id.to_string();
    let (throttle, key) = (&app.throttle, [Key::Account(&who)]);
    let attempt = match throttle.admit(Action::CurrentPassword, &key).await? {
        Admission::Counted(attempt) => attempt,
        Admission::Rejected(rejection) => return too_many(again, rejection),
    };
    let stored = user::password_hash(&app.db, somebody.user.id).await?;
    let current = Password::typed(&form.current_password);
    let hash_of = Some((somebody.user.id, &stored));
    if app.verify(&attempt, &current, hash_of).await? == Verdict::Wrong {
        note_failure(&somebody).await?;
        again.problems.current_password = Some("This isn't your current password.".to_owned());
        return page::invalid(again);
    }
    throttle.succeeded(attempt).await?;
    if let Admission::Rejected(rejection) =
        admission::by_ip(&somebody.visitor, Action::NewPassword).await?
    {
        return too_many(again, rejection);
    }
    let hash = match app.hash_new(&new, &Email::parse(&somebody.user.email)?).await? {
        NewHash::Hashed(hash) => hash,
        NewHash::TooWeak(weakness) => {
            again.problems.password = Some(weakness.reason);
            again.strength = weakness.strength;
            return page::invalid(again);
        }
    };
    // Every change sends a notice, and a notice is never dropped, so the change is limited.
    if let Admission::Rejected(rejection) = throttle.admit(Action::PasswordChanged, &key).await? {
        return too_many(again, rejection);
    }
    if !change(&somebody, &stored, &hash).await? {
        // Another request did, and ended this session; or a login renewed the hash, and did not.
        let problem = "Your account changed at the same moment, so this wasn't saved. Try again.";
        again.problems.form = Some(problem.to_owned());
        return page::invalid(again);
    }
    let text = "Password changed. You've been logged out everywhere else.";
    somebody.visitor.flash(FlashKind::Good, text);
    page::redirect("/account")
}

fn blank(somebody: &LoggedIn) -> PasswordPage {
    PasswordPage {
        page: somebody.visitor.page("Change your password"),
        problems: Problems::default(),
        minimum: somebody.visitor.app.config.password_min_length,
        strength: None,
    }
}

fn too_many(mut again: PasswordPage, rejection: Rejection) -> Result<HttpResponse, Error> {
    again.problems.form = Some(rejection::sentence(rejection));
    page::too_many(again, rejection)
}

/// All of it, or nothing: the password, the end of the other sessions, the new ID of this one.
async fn change(
    somebody: &LoggedIn,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<bool, Error> {
    let user_id = somebody.user.id;
    let mut tx = somebody.visitor.app.db.begin().await?;
    let Some(epoch) = proof::change_password(&mut tx, user_id, old, new).await? else {
        return Ok(false);
    };
    credentials::end_access(&mut tx, user_id, Some(somebody.session.id)).await?;
    let rotated = session::rotate_after_proof(&mut tx, somebody.session.id, epoch).await?;
    let Some(session_id) = rotated else { return Ok(false) };
    audit::record(&mut tx, Kind::PasswordChanged, Some(user_id), &somebody.visitor.client).await?;
    let app = &somebody.visitor.app;
    let client = &somebody.visitor.client;
    let owner = Owner { user_id, email: &somebody.user.email, client };
    notice::send(&mut tx, app, owner, What::PasswordChanged).await?;
    tx.commit().await?;
    somebody.visitor.rotate_session(session_id);
    let user = User { session_epoch: epoch, ..somebody.user.clone() };
    log_if_failed("a device", known_device::remember(&somebody.visitor, &user).await);
    Ok(true)
}

async fn note_failure(somebody: &LoggedIn) -> Result<(), Error> {
    let (user_id, client) = (Some(somebody.user.id), &somebody.visitor.client);
    let mut tx = somebody.visitor.app.db.begin().await?;
    audit::record(&mut tx, Kind::PasswordChangeFailed, user_id, client).await?;
    Ok(tx.commit().await?)
}
