//! Authenticate again with a passkey.
//!
//! `POST /sudo/passkey/start`   start   JSON: a challenge for this session
//! `POST /sudo/passkey/finish`  finish  JSON: rotates the session ID
//!
//! An attacker with a stolen session has no passkey of its user. One of the attacker's own account
//! is rejected.

use actix_web::HttpResponse;
use serde::Deserialize;
use webauthn_rs::prelude::PublicKeyCredential;

use super::ceremony;
use crate::accounts::passkey::challenge::ChallengePurpose;
use crate::accounts::session::RotationReason;
use crate::flows::sudo::{ACCOUNT, authenticated};
use crate::web::csrf::{Json, NoFields};
use crate::web::error::Error;
use crate::web::next_page::own_path;
use crate::web::page;
use crate::web::visitor::LoggedIn;

#[derive(Deserialize)]
pub struct FinishJson {
    credential: PublicKeyCredential,
    #[serde(default)]
    next: String,
}

pub async fn start(logged_in: LoggedIn, _: Json<NoFields>) -> Result<HttpResponse, Error> {
    let asked = ceremony::ask(&logged_in.visitor, ChallengePurpose::Sudo).await?;
    Ok(HttpResponse::Ok().json(asked))
}

pub async fn finish(
    logged_in: LoggedIn,
    Json(form): Json<FinishJson>,
) -> Result<HttpResponse, Error> {
    let visitor = &logged_in.visitor;
    let proof = ceremony::verify(visitor, ChallengePurpose::Sudo, &form.credential).await?;
    if proof.passkey.user.id != logged_in.user.id {
        let text = "This passkey belongs to another account.";
        return Err(Error::unacceptable(text));
    }
    authenticated(&logged_in, proof.tx, RotationReason::SecondFactor, &form.next).await?;
    page::next_json(&own_path(&form.next, ACCOUNT))
}
