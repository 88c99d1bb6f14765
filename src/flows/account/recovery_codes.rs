//! Recovery codes: for a user who has lost the second factor.
//!
//! `GET  /account/recovery-codes`  show    a new set, once; later how many are left
//! `POST /account/recovery-codes`  submit  a new set in place of the old one
//!
//! The codes are on one page, once: the database has only their hashes, and between the form and
//! the page they are encrypted in the session. An attacker with a stolen session and the password
//! wants a set: a second factor has to be proved (`sudo::require_factor`), and the owner gets an
//! email.

use actix_web::HttpResponse;
use askama::Template;

use crate::accounts::audit::{self, Kind};
use crate::accounts::recovery_codes;
use crate::accounts::second_factor;
use crate::accounts::session::{self, RotationReason};
use crate::flows::account::begin_change;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::limits::Action;
use crate::web::csrf::{Checked, NoFields};
use crate::web::error::Error;
use crate::web::factors::{Factor, KINDS};
use crate::web::kept_secret::RECOVERY_CODES;
use crate::web::page::{self, Page};
use crate::web::sudo::Sudo;
use crate::web::visitor::LoggedIn;

const PATH: &str = "/account/recovery-codes";

#[derive(Template)]
#[template(path = "account/recovery_codes.html")]
struct RecoveryCodesPage {
    page: Page,
    /// A new set, which is shown now and never again.
    codes: Vec<String>,
    /// Another device has replaced the set that was to be shown now.
    were_replaced: bool,
    left: i64,
    /// Recovery codes are for accounts with a second factor.
    is_on: bool,
    kinds: &'static [&'static Factor],
}

pub async fn show(sudo: Sudo) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let mut form_page = blank(&logged_in).await?;
    let codes = logged_in.kept_secret(RECOVERY_CODES).unwrap_or_default();
    let codes: Vec<String> = String::from_utf8_lossy(&codes).lines().map(str::to_owned).collect();
    let Some(code) = codes.first() else { return page::show(form_page) };
    let (db, user_id) = (&logged_in.visitor.app.db, logged_in.user.id);
    if recovery_codes::has(db, user_id, code).await? {
        form_page.codes = codes;
    } else {
        form_page.were_replaced = true;
    }
    // Removed after the last query: if one fails, the codes stay in the session for the next view.
    logged_in.forget_secret(RECOVERY_CODES);
    page::show(form_page)
}

pub async fn submit(sudo: Sudo, form: Checked<NoFields>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let mut form_page = blank(&logged_in).await?;
    if let Checked::OutOfDate(_, invalid) = form {
        form_page.page.reject_form(invalid.sentence());
        return page::out_of_date(form_page);
    }
    if !form_page.is_on {
        return page::redirect("/account");
    }
    replace(&logged_in).await?;
    page::redirect(PATH)
}

async fn blank(logged_in: &LoggedIn) -> Result<RecoveryCodesPage, Error> {
    let (db, user_id) = (&logged_in.visitor.app.db, logged_in.user.id);
    Ok(RecoveryCodesPage {
        page: logged_in.visitor.page("Recovery codes"),
        codes: Vec::new(),
        were_replaced: false,
        left: recovery_codes::left(db, user_id).await?,
        is_on: second_factor::is_on(db, user_id).await?,
        kinds: KINDS,
    })
}

async fn replace(logged_in: &LoggedIn) -> Result<(), Error> {
    let (app, user) = (&logged_in.visitor.app, &logged_in.user);
    let client = &logged_in.visitor.client;
    let mut tx = begin_change(logged_in, Action::RecoveryCodesMade).await?;
    let codes = recovery_codes::replace(&mut tx, user.id).await?;
    // Otherwise a concurrent request could save the state of the session without the codes.
    let (id, reason) = (logged_in.session.id, RotationReason::CredentialChanged);
    let rotated = session::rotate_in_place(&mut tx, id, user.session_epoch, reason).await?;
    let session_id = rotated.ok_or_else(|| Error::LogInFirst(PATH.to_owned()))?;
    audit::record(&mut tx, Kind::RecoveryCodesMade, Some(user.id), client).await?;
    let owner = ChangedAccount { user_id: user.id, email: &user.email, client };
    notice::send(&mut tx, app, owner, Change::RecoveryCodesMade).await?;
    tx.commit().await?;
    logged_in.visitor.rotate_session(session_id);
    logged_in.keep_secret(RECOVERY_CODES, codes.join("\n").as_bytes());
    Ok(())
}
