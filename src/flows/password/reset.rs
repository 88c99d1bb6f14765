//! Reset a forgotten password.
//!
//! `GET  /password/reset`          show    the form that requests an email
//! `POST /password/reset`          submit  the same response for everybody; an email to owners only
//! `GET  /password/reset/sent`     sent    "Check your email", with a button to send it again
//! `GET  /password/reset/{token}`  open    puts the token's hash in a cookie; redirects to `choose`
//! `GET  /password/reset/choose`   choose  the form for the new password
//! `POST /password/reset/choose`   change  the new password; every session ends, no new one begins
//!
//! An attacker requests a link for somebody else: nothing changes, and the response does not show
//! whether there is an account. The URL of the form contains no token, so an attacker who sees the
//! screen or a `Referer` header does not get it. A reset logs nobody in, so a second factor is
//! still required.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::credentials;
use crate::accounts::password::NewHash;
use crate::accounts::password::{Password, PasswordHash};
use crate::accounts::second_factor;
use crate::accounts::token::{self, Holder, TokenHash};
use crate::accounts::user::{self, User, proof};
use crate::email::Email;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::Admission;
use crate::throttle::limits::{Action, Key};
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::error_page::log_if_failed;
use crate::web::invalid_link;
use crate::web::known_device;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "password/reset.html")]
struct ResetPage {
    page: Page,
    email: String,
}

#[derive(Template)]
#[template(path = "password/reset_sent.html")]
struct SentPage {
    page: Page,
    /// The email address that was typed in this browser. `None` after "this wasn't me": there the
    /// email address is shown only masked.
    email: Option<String>,
}

#[derive(Template)]
#[template(path = "password/reset_choose.html")]
struct ChoosePage {
    page: Page,
    /// The email address of the account, masked: the link may have reached the wrong person.
    address: String,
    /// Identifies the link for which the form was made, without revealing it. An attacker who opens
    /// a link of their own account in the victim's browser must not get the password that the
    /// victim then types.
    link: String,
    minimum: usize,
}

/// Has no form: submitting it again would change the account of the other link.
#[derive(Template)]
#[template(path = "password/reset_other.html")]
struct OtherLinkPage {
    page: Page,
    address: String,
}

#[derive(Deserialize)]
pub struct ResetForm {
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub struct ChooseForm {
    #[serde(default)]
    link: String,
    #[serde(default)]
    password: String,
}

pub async fn show(visitor: Visitor) -> Result<HttpResponse, Error> {
    page::show(ask(&visitor))
}

fn ask(visitor: &Visitor) -> ResetPage {
    let page = visitor.page("Forgot your password?");
    let email = visitor.user.as_ref().map(|user| user.email.clone()).unwrap_or_default();
    ResetPage { page, email }
}

pub async fn submit(visitor: Visitor, form: Checked<ResetForm>) -> Result<HttpResponse, Error> {
    let mut form_page = ask(&visitor);
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            form_page.email = form.email;
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    form_page.email = form.email.clone();
    let email = match Email::parse(&form.email) {
        Ok(email) => email,
        Err(error) => {
            form_page.page.reject("email", error.to_string());
            return page::invalid(form_page);
        }
    };
    if let Admission::Rejected(rejection) =
        admission::by_ip(&visitor, Action::PasswordReset).await?
    {
        form_page.page.reject_form(rejection::sentence(rejection));
        return page::too_many(form_page, rejection);
    }
    send_link(&visitor, &email).await?;
    visitor.set_reset_requested(Some(&email));
    page::redirect("/password/reset/sent")
}

pub async fn sent(visitor: Visitor) -> Result<HttpResponse, Error> {
    page::show(SentPage {
        page: visitor.page("Check your email"),
        email: visitor.reset_requested(),
    })
}

/// Runs the same statements for every email address. Without an account, or beyond the mail budget,
/// the rows are decoys.
async fn send_link(visitor: &Visitor, email: &Email) -> Result<(), Error> {
    let may_mail = admission::may_mail(visitor, Action::PasswordResetMail, email).await?;
    let app = &visitor.app;
    let known = user::find(&app.db, email).await?.map(|known| known.user);
    let mut tx = app.db.begin().await?;
    let known = known.filter(|_| may_mail);
    // The stored email address: the typed one may be another that only looks like it.
    let stored = known.as_ref().map(|user| (user.id, user.email.as_str()));
    audit::record(&mut tx, Kind::ResetAsked, stored.map(|(id, _)| id), &visitor.client).await?;
    notice::reset_link(&mut tx, app, stored).await?;
    Ok(tx.commit().await?)
}

pub async fn open(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, Error> {
    let token_hash = token::hash(&token.into_inner());
    if token::holder(&visitor.app.db, token::Purpose::Reset, &token_hash).await?.is_none() {
        return invalid_link::show(&visitor, token::Purpose::Reset);
    }
    visitor.set_reset_proof(Some(&token_hash));
    page::redirect("/password/reset/choose")
}

pub async fn choose(visitor: Visitor) -> Result<HttpResponse, Error> {
    match proved(&visitor).await? {
        Some(proof) => page::show(blank(&visitor, &proof)),
        None => invalid_link::show(&visitor, token::Purpose::Reset),
    }
}

pub async fn change(visitor: Visitor, form: Checked<ChooseForm>) -> Result<HttpResponse, Error> {
    let (form, invalid) = match form {
        Checked::Valid(form) => (form, None),
        Checked::OutOfDate(form, invalid) => (form, Some(invalid)),
    };
    let Some(proof) = proved(&visitor).await? else {
        return invalid.map_or_else(
            || invalid_link::show(&visitor, token::Purpose::Reset),
            |invalid| Err(invalid.into()),
        );
    };
    let mut form_page = blank(&visitor, &proof);
    // Checked first: for an anonymous visitor, opening another link also invalidates CSRF tokens.
    if form.link != form_page.link {
        let (page, address) = (visitor.page("Another link was opened"), form_page.address);
        return page::out_of_date(OtherLinkPage { page, address });
    }
    if let Some(invalid) = invalid {
        form_page.page.reject_form(invalid.sentence());
        return page::out_of_date(form_page);
    }
    if let Admission::Rejected(rejection) = admission::by_ip(&visitor, Action::NewPassword).await? {
        form_page.page.reject_form(rejection::sentence(rejection));
        return page::too_many(form_page, rejection);
    }
    let password = Password::typed(&form.password);
    let hash = match visitor.app.hash_new(&password, &proof.holder.email).await? {
        NewHash::Hashed(hash) => hash,
        NewHash::TooWeak(weakness) => {
            form_page.page.reject("password", weakness.reason);
            return page::invalid(form_page);
        }
    };
    let Some((owner, epoch)) = take_and_change(&visitor, &proof.token_hash, &hash).await? else {
        return invalid_link::show(&visitor, token::Purpose::Reset);
    };
    visitor.set_reset_proof(None);
    // This browser becomes a known device, so it need not wait while other people guess.
    let (id, email) = (owner.user_id, owner.email.as_str().to_owned());
    let user = User { id, email, session_epoch: epoch };
    // Not if the account has a second factor: guesses at that are limited less on a known device.
    if !second_factor::is_on(&visitor.app.db, user.id).await? {
        log_if_failed("a device", known_device::keep(&visitor, &user).await);
    }
    let account = owner.email.canonical();
    // Failed guesses at the old password must not delay a login with the new one.
    let pair = Key::Pair(&account, visitor.client.address);
    let keys = [Key::Account(&account), pair, Key::AllDevices(&account)];
    let freed = visitor.app.throttle.reset(Action::Login, &keys).await;
    log_if_failed("the limits", freed.map_err(Error::from));
    // Nor may a thief's guesses in a stolen session keep the owner from sudo mode, or a thief's
    // changes keep the owner from removing the thief's factor.
    let user_key = [Key::Account(&owner.user_id.to_string())];
    for action in [Action::CurrentPassword, Action::FactorChanged] {
        let freed = visitor.app.throttle.reset(action, &user_key).await;
        log_if_failed("the limits", freed.map_err(Error::from));
    }
    visitor.end_session_of(
        owner.user_id,
        "Password changed. Every device is logged out. Log in with the new password.",
    );
    page::redirect("/login")
}

/// In one transaction: takes the token, sets the password, ends all access, sends the notice.
async fn take_and_change(
    visitor: &Visitor,
    token_hash: &TokenHash,
    password_hash: &PasswordHash,
) -> Result<Option<(Holder, i32)>, Error> {
    let mut tx = visitor.app.db.begin().await?;
    let taken = token::take(&mut tx, token::Purpose::Reset, token_hash).await?;
    let Some(owner) = taken else { return Ok(None) };
    let user_id = owner.user_id;
    let epoch = proof::reset_password(&mut tx, user_id, password_hash).await?;
    credentials::end_access(&mut tx, user_id, None).await?;
    audit::record(&mut tx, Kind::PasswordReset, Some(user_id), &visitor.client).await?;
    let told = ChangedAccount { user_id, email: owner.email.as_str(), client: &visitor.client };
    notice::send(&mut tx, &visitor.app, told, Change::PasswordReset).await?;
    tx.commit().await?;
    Ok(Some((owner, epoch)))
}

/// A reset link that was opened in this browser and is still valid.
struct Proof {
    token_hash: TokenHash,
    holder: Holder,
}

async fn proved(visitor: &Visitor) -> Result<Option<Proof>, Error> {
    let Some(token_hash) = visitor.reset_proof() else { return Ok(None) };
    let holder = token::holder(&visitor.app.db, token::Purpose::Reset, &token_hash).await?;
    Ok(holder.map(|holder| Proof { token_hash, holder }))
}

fn blank(visitor: &Visitor, proof: &Proof) -> ChoosePage {
    ChoosePage {
        page: visitor.page("Choose a new password"),
        address: proof.holder.email.masked(),
        link: token::hash(&proof.token_hash.text()).text(),
        minimum: visitor.app.config.password_min_length,
    }
}
