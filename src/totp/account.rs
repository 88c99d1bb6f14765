//! Set up an authenticator app, replace it, and turn it off (TOTP, RFC 6238).
//!
//! `GET  /account/totp`           show    the QR code, or what is set up
//! `POST /account/totp/setup`     setup   the first code proves that the app has the secret
//! `POST /account/totp/turn-off`  remove  its codes are no longer asked for
//!
//! An attacker has a stolen session and the password. To replace the app or to turn it off, a
//! second factor has to be proved in the session (`sudo::require_factor`). An attacker sets up an
//! app of their own first: the owner gets an email, and every other session ends as after a
//! password change. The old secret works until a code of the new one was right, so nobody locks
//! themselves out. The new secret is kept encrypted in the session until then.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::qr_code::QrCode;
use crate::accounts::totp::{self, KIND, NewSecret};
use crate::flows::account::{FactorChange, begin_change, finish_change};
use crate::throttle::limits::Action;
use crate::web::csrf::{Checked, NoFields};
use crate::web::error::Error;
use crate::web::factors::totp::{SET_UP, TURNED_OFF};
use crate::web::factors::{self, Factor, KINDS};
use crate::web::human_time::{self, Time};
use crate::web::kept_secret::NEW_SECRET;
use crate::web::page::{self, Page};
use crate::web::sudo::Sudo;
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "totp/account.html")]
struct TotpPage {
    page: Page,
    /// Since when there is an app.
    since: Option<Time>,
    setup: Option<Setup>,
    /// With `REQUIRE_SECOND_FACTOR`, the last second factor can be replaced, but not turned off.
    required: bool,
    /// The kinds to set up instead, on an account that has to have one.
    others: Vec<&'static Factor>,
}

/// The notices to the owner.
const APP_SET_UP: FactorChange<'static> = FactorChange {
    event: &SET_UP,
    is_proof: true,
    subject: "An authenticator app was set up",
    words: "An authenticator app was set up for your account. If you had another one, its codes no \
            longer work. After your password, a second step is needed.",
};
const APP_TURNED_OFF: FactorChange<'static> = FactorChange {
    event: &TURNED_OFF,
    is_proof: false,
    subject: "Your authenticator app was removed",
    words: "The authenticator app was removed from your account. Its codes no longer work.",
};

/// What the new app needs.
struct Setup {
    secret: String,
    qr_code: Option<QrCode>,
}

#[derive(Deserialize)]
pub struct TotpQuery {
    #[serde(default)]
    replace: Option<String>,
}

#[derive(Deserialize)]
pub struct SetupForm {
    #[serde(default)]
    code: String,
}

pub async fn show(sudo: Sudo, query: web::Query<TotpQuery>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let mut form_page = blank(&logged_in).await?;
    if form_page.since.is_none() || query.replace.is_some() {
        form_page.setup = Some(of(&logged_in, &kept_or_new(&logged_in)));
    }
    page::show(form_page)
}

pub async fn setup(sudo: Sudo, form: Checked<SetupForm>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let mut form_page = blank(&logged_in).await?;
    let secret = kept(&logged_in);
    form_page.setup = secret.as_ref().map(|secret| of(&logged_in, secret));
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(_, invalid) => {
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    let Some(secret) = secret else { return page::redirect("/account/totp") };
    let (app, user_id) = (&logged_in.visitor.app, logged_in.user.id);
    let right = totp::is_code_of(&app.db, &secret, &form.code).await?;
    if !right {
        let problem = "This code is wrong. Enter the one that your app shows now.";
        form_page.page.reject("code", problem);
        return page::invalid(form_page);
    }
    let mut tx = begin_change(&logged_in, Action::FactorChanged).await?;
    if !totp::set(&mut tx, &app.keys, user_id, &secret, &form.code).await? {
        form_page.page.reject("code", "This code has expired. Enter the next one.");
        return page::invalid(form_page);
    }
    let after =
        finish_change(&logged_in, tx, APP_SET_UP, "Your authenticator app is set up.").await?;
    page::redirect(after.or("/account"))
}

pub async fn remove(sudo: Sudo, form: Checked<NoFields>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let mut form_page = blank(&logged_in).await?;
    if let Checked::OutOfDate(_, invalid) = form {
        form_page.page.reject_form(invalid.sentence());
        return page::out_of_date(form_page);
    }
    if form_page.since.is_some() && !form_page.required {
        let mut tx = begin_change(&logged_in, Action::FactorChanged).await?;
        totp::remove(&mut tx, logged_in.user.id).await?;
        let text = "Your authenticator app is removed.";
        let after = finish_change(&logged_in, tx, APP_TURNED_OFF, text).await?;
        return page::redirect(after.or("/account"));
    }
    page::redirect("/account/totp")
}

async fn blank(logged_in: &LoggedIn) -> Result<TotpPage, Error> {
    let app = &logged_in.visitor.app;
    let owned = factors::owned_by(&app.db, logged_in.user.id).await?;
    let since = owned.iter().find(|owned| owned.factor.kind == KIND).map(|owned| owned.latest);
    let is_last = owned.iter().all(|owned| owned.factor.kind == KIND);
    let required = app.config.require_second_factor && is_last;
    let others = KINDS.iter().filter(|factor| factor.kind != KIND && required && since.is_none());
    Ok(TotpPage {
        page: logged_in.visitor.page("Authenticator app"),
        since: since.map(human_time::moment),
        setup: None,
        required,
        others: others.copied().collect(),
    })
}

fn of(logged_in: &LoggedIn, secret: &NewSecret) -> Setup {
    // Without a URL that fits, the secret can still be typed.
    let url = secret.url(&logged_in.visitor.app.config.app_name, &logged_in.user.email);
    Setup { qr_code: url.and_then(|url| QrCode::of(&url)), secret: secret.groups() }
}

/// The same secret on every visit, so that a reload does not invalidate one that was scanned.
fn kept_or_new(logged_in: &LoggedIn) -> NewSecret {
    kept(logged_in).unwrap_or_else(|| {
        let new = NewSecret::generate();
        logged_in.keep_secret(NEW_SECRET, new.as_bytes());
        new
    })
}

fn kept(logged_in: &LoggedIn) -> Option<NewSecret> {
    logged_in.kept_secret(NEW_SECRET).map(NewSecret::from_bytes)
}
