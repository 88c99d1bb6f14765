//! Authenticate again, before an action that can hurt (re-authentication, "sudo mode").
//!
//! `GET  /sudo`            show    asks for the password, or for a second factor
//! `GET  /sudo?factor=on`  show    asks for a second factor: the action changes one
//! `POST /sudo`            submit  rotates the session ID, and redirects to `next`
//!
//! An attacker with a stolen session can neither change the email address, nor delete the account,
//! nor download its data, because the password or a second factor is needed; limits stop guesses.
//! The old session ID is invalid afterwards, so an attacker who had copied it is out. An open
//! redirect is stopped by `own_path`.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::second_factor;
use crate::accounts::session::{self, RotationReason};
use crate::database::Transaction;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::{Attempt, Rejection};
use crate::web::csrf::Checked;
use crate::web::current_password::{self, Verified};
use crate::web::error::Error;
use crate::web::error_page::log_if_failed;
use crate::web::factors::{self, ScriptButton};
use crate::web::next_page::own_path;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::second_factor::{FactorVerified, verify as verify_factor};
use crate::web::visitor::LoggedIn;

/// The page afterwards, without a valid `next`.
pub const ACCOUNT: &str = "/account";

#[derive(Template)]
#[template(path = "sudo.html")]
struct SudoPage {
    page: Page,
    next: String,
    takes_password: bool,
    /// The label of the field for a code, and its hint.
    code: Option<(&'static str, &'static str)>,
    buttons: Vec<&'static ScriptButton>,
}

#[derive(Deserialize)]
pub struct SudoQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    factor: String,
}

#[derive(Deserialize)]
pub struct SudoForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    factor: String,
}

pub async fn show(
    logged_in: LoggedIn,
    query: web::Query<SudoQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.into_inner();
    page::show(blank(&logged_in, query.next, &query.factor).await?)
}

pub async fn submit(logged_in: LoggedIn, form: Checked<SudoForm>) -> Result<HttpResponse, Error> {
    let (form, invalid) = match form {
        Checked::Valid(form) => (form, None),
        Checked::OutOfDate(form, invalid) => (form, Some(invalid)),
    };
    let mut form_page = blank(&logged_in, form.next.clone(), &form.factor).await?;
    if let Some(invalid) = invalid {
        form_page.page.reject_form(invalid.sentence());
        return page::out_of_date(form_page);
    }
    let proved = match prove(&logged_in, &form).await? {
        Ok(proved) => proved,
        Err(Unproved::Wrong(field, problem)) => {
            form_page.page.reject(field, problem);
            return page::invalid(form_page);
        }
        Err(Unproved::TooMany(rejection)) => {
            form_page.page.reject_form(rejection::sentence(rejection));
            return page::too_many(form_page, rejection);
        }
    };
    authenticated(&logged_in, proved.tx, proved.reason, &form.next).await?;
    if let Some(attempt) = proved.attempt {
        let reset = logged_in.visitor.app.throttle.succeeded(attempt).await;
        log_if_failed("the limits", reset.map_err(Error::from));
    }
    page::redirect(&own_path(&form.next, ACCOUNT))
}

/// Rotates the session ID, and records what was proved. In `tx` a code or a signature was used up:
/// if the session has ended meanwhile, it was not.
///
/// # Errors
/// To the login page, if the session was ended meanwhile; or the database's.
pub async fn authenticated(
    logged_in: &LoggedIn,
    mut tx: Transaction,
    reason: RotationReason,
    next: &str,
) -> Result<(), Error> {
    let (user, session_id) = (&logged_in.user, logged_in.session.id);
    let rotated = match session::hold(&mut tx, &logged_in.session, user).await? {
        true => session::rotate_in_place(&mut tx, session_id, user.session_epoch, reason).await?,
        false => None,
    };
    // Ended meanwhile, for example from another device.
    let Some(rotated) = rotated else { return Err(Error::LogInFirst(own_path(next, ACCOUNT))) };
    let client = &logged_in.visitor.client;
    audit::record(&mut tx, Kind::Reauthenticated, Some(user.id), client).await?;
    tx.commit().await?;
    logged_in.visitor.rotate_session(rotated);
    Ok(())
}

/// `factor`: the action changes a second factor, so the password is not enough.
async fn blank(logged_in: &LoggedIn, next: String, factor: &str) -> Result<SudoPage, Error> {
    let all = second_factor::of(&logged_in.visitor.app.db, logged_in.user.id).await?;
    let owned = factors::by_kind(&all);
    let takes_password = factor.is_empty() || all.is_empty();
    let code = owned.iter().find_map(|owned| owned.factor.code);
    Ok(SudoPage {
        page: logged_in.visitor.page("Confirm it's you"),
        next,
        takes_password,
        code: match code {
            Some(label) => Some((label, "Or a recovery code.")),
            None => (!takes_password).then_some(("Recovery code", "")),
        },
        buttons: owned.iter().filter_map(|owned| owned.factor.button.as_ref()).collect(),
    })
}

/// A right password or code. `tx` commits its use together with the new session ID.
struct Proved {
    tx: Transaction,
    reason: RotationReason,
    /// That of a code. The counter of the password is reset already.
    attempt: Option<Attempt>,
}

enum Unproved {
    /// The field, and what is wrong with its value.
    Wrong(&'static str, &'static str),
    TooMany(Rejection),
}

/// Password or code, whichever was sent.
async fn prove(logged_in: &LoggedIn, form: &SudoForm) -> Result<Result<Proved, Unproved>, Error> {
    let failure = Kind::ReauthenticationFailed;
    if form.code.is_empty() && form.factor.is_empty() {
        return Ok(match current_password::verify(logged_in, &form.password, failure).await? {
            Verified::Right(_) => {
                let tx = logged_in.visitor.app.db.begin().await?;
                Ok(Proved { tx, reason: RotationReason::Authenticated, attempt: None })
            }
            Verified::Wrong => Err(Unproved::Wrong("password", "This isn't your password.")),
            Verified::TooMany(rejection) => Err(Unproved::TooMany(rejection)),
        });
    }
    let (visitor, user) = (&logged_in.visitor, &logged_in.user);
    Ok(match verify_factor(visitor, user, &form.code, failure).await? {
        FactorVerified::Right(mut proof) => {
            if let Some(left) = proof.codes_left {
                let (user_id, client) = (user.id, &visitor.client);
                let owner = ChangedAccount { user_id, email: &user.email, client };
                let change = Change::RecoveryCodeUsed { left };
                notice::send(&mut proof.tx, &visitor.app, owner, change).await?;
            }
            let (tx, attempt) = proof.into_parts();
            Ok(Proved { tx, reason: RotationReason::SecondFactor, attempt: Some(attempt) })
        }
        FactorVerified::Wrong(problem) | FactorVerified::AlreadyUsed(problem) => {
            Err(Unproved::Wrong("code", problem))
        }
        FactorVerified::TooMany(rejection) => Err(Unproved::TooMany(rejection)),
        FactorVerified::Outdated => {
            return Err(Error::LogInFirst(own_path(&form.next, ACCOUNT)));
        }
    })
}
