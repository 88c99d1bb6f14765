//! Log in with a passkey: from the login page, by its button or by autofill, and as the second step
//! after a password.
//!
//! `GET  /login/passkey`         show    asks for the passkey, after a password
//! `POST /login/passkey/start`   start   JSON: a challenge for this visitor
//! `POST /login/passkey/finish`  finish  JSON: verifies the answer, and begins the session
//!
//! An attacker with a phishing site gets no signature: the browser binds it to the origin. A copied
//! answer is worthless: its challenge is used once, by the visitor who got it, within five minutes.
//! The responses do not depend on an account, because no email address is sent. The authenticator
//! has verified the user, so no further step follows.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use webauthn_rs::prelude::PublicKeyCredential;

use super::ceremony;
use crate::accounts::half_login;
use crate::accounts::passkey::KIND;
use crate::accounts::passkey::challenge::ChallengePurpose;
use crate::flows::start_session;
use crate::web::csrf::{Json, NoFields};
use crate::web::error::Error;
use crate::web::factors::Factor;
use crate::web::half_way::{self, HalfWay};
use crate::web::next_page::{HOME, own_path};
use crate::web::page::{self, Page};
use crate::web::request_context::Login;
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "passkeys/login.html")]
struct PasskeyPage {
    page: Page,
    email: String,
    others: Vec<&'static Factor>,
}

#[derive(Deserialize)]
pub struct FinishJson {
    credential: PublicKeyCredential,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    next: String,
    /// Sent from `/login/passkey`. The login page ignores a login that was left half done.
    #[serde(default)]
    second_step: bool,
}

pub async fn show(half_way: HalfWay) -> Result<HttpResponse, Error> {
    let (visitor, user) = (&half_way.visitor, &half_way.login.user);
    let mut others = half_way.factors().await?;
    others.retain(|factor| factor.kind != KIND);
    let (page, email) = (visitor.page("Use your passkey"), user.email.clone());
    page::show(PasskeyPage { page, email, others })
}

pub async fn start(visitor: Visitor, _: Json<NoFields>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(ceremony::ask(&visitor, ChallengePurpose::Login).await?))
}

pub async fn finish(
    req: HttpRequest,
    visitor: Visitor,
    Json(form): Json<FinishJson>,
) -> Result<HttpResponse, Error> {
    if visitor.user.is_some() {
        return page::next_json(&own_path(&form.next, HOME));
    }
    // Read first: `verify` begins a transaction, in which a request must not wait for a second
    // connection.
    let half = match form.second_step {
        true => Some(
            half_way::find(&visitor).await?.ok_or_else(|| half_way::too_late(&visitor, HOME))?,
        ),
        false => None,
    };
    let mut proof = ceremony::verify(&visitor, ChallengePurpose::Login, &form.credential).await?;
    let user = proof.passkey.user.clone();
    let (mut remembered, mut next) = (form.remember, form.next);
    if let Some(half) = half {
        if half.user.id != user.id {
            return Err(Error::unacceptable("This passkey belongs to another account."));
        }
        if !half_login::take(&mut proof.tx, half.id).await? {
            return Err(half_way::too_late(&visitor, &half.next));
        }
        (remembered, next) = (half.remembered, half.next);
    }
    proof.tx.commit().await?;
    let login = Login { user, remembered, second_factor: true };
    start_session::complete(&req, &visitor, login, &next).await?;
    page::next_json(&own_path(&next, HOME))
}
