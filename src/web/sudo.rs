//! Sudo mode: an action that can hurt needs a recent authentication (ASVS 7.5.1).
//!
//! `require`, a middleware, and `Sudo`, an extractor, both check the age of the last one in this
//! session. `require_factor` wants a second factor to be proved in it, if the account has one: with
//! the password alone, nobody may change a second factor. If the proof is older than `SUDO_WINDOW`,
//! the visitor re-authenticates at `/sudo` and returns. A form may be sent for twice as long, so
//! that a page opened in time can be filled in calmly. A form sent even later is kept in the
//! session, without passwords and codes, and comes back filled.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::{Deserialize, Serialize};

use super::csrf::Form;
use super::error::Error;
use super::headers;
use super::next_page;
use super::visitor::LoggedIn;
use crate::accounts::second_factor;

type Fields = BTreeMap<String, String>;

/// How many fields of a form are kept, and how long a name or value may be.
const KEPT_FIELDS: usize = 4;
const KEPT_BYTES: usize = 512;

/// The key of `Typed` in the state of a session.
const TYPED: &str = "typed";

/// A logged-in user who has authenticated recently.
pub struct Sudo {
    pub logged_in: LoggedIn,
}

/// A form that was sent too late.
#[derive(Serialize, Deserialize)]
struct Typed {
    path: String,
    fields: Fields,
}

impl Sudo {
    /// The value of this field of this page, if the visitor typed it and then had to authenticate.
    pub fn take_typed(&self, field: &str) -> Option<String> {
        let visitor = &self.logged_in.visitor;
        let typed = visitor.state.get::<Typed>(TYPED).ok().flatten();
        let mut typed = typed.filter(|typed| typed.path == visitor.path)?;
        visitor.state.remove(TYPED);
        typed.fields.remove(field)
    }
}

impl FromRequest for Sudo {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let logged_in = LoggedIn::from_request(req, payload).into_inner();
        ready(logged_in.and_then(|logged_in| match is_recent(req, &logged_in) {
            true => Ok(Self { logged_in }),
            false => Err(Error::SudoFirst(next_page::return_path(req))),
        }))
    }
}

fn is_recent(req: &HttpRequest, logged_in: &LoggedIn) -> bool {
    is_in_window(req, logged_in, logged_in.session.authenticated_ago)
}

fn is_in_window(req: &HttpRequest, logged_in: &LoggedIn, ago: Option<i64>) -> bool {
    let window = logged_in.visitor.app.config.lifetimes.sudo_window;
    let allowed = if req.method() == Method::GET { window } else { 2 * window };
    ago.is_some_and(|seconds| seconds < allowed.as_secs() as i64)
}

/// Middleware for a route that needs sudo mode. It keeps the values of a form that comes too late.
pub async fn require(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let logged_in = match LoggedIn::from_request(req.request(), &mut Payload::None).await {
        Ok(logged_in) => logged_in,
        Err(error) => return Ok(req.error_response(error)),
    };
    if is_recent(req.request(), &logged_in) {
        drop(logged_in);
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    Ok(authenticate_first(req, logged_in, Error::SudoFirst).await)
}

/// Middleware for a route that changes a second factor. Without one, it is `require`.
pub async fn require_factor(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let logged_in = match LoggedIn::from_request(req.request(), &mut Payload::None).await {
        Ok(logged_in) => logged_in,
        Err(error) => return Ok(req.error_response(error)),
    };
    let has_factor = second_factor::is_on(&logged_in.visitor.app.db, logged_in.user.id).await;
    let (ago, first): (_, fn(String) -> Error) = match has_factor.map_err(Error::from) {
        Ok(true) => (logged_in.session.second_factor_ago, Error::FactorFirst),
        Ok(false) => (logged_in.session.authenticated_ago, Error::SudoFirst),
        Err(error) => return Ok(req.error_response(error)),
    };
    if is_in_window(req.request(), &logged_in, ago) {
        drop(logged_in);
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    Ok(authenticate_first(req, logged_in, first).await)
}

async fn authenticate_first(
    mut req: ServiceRequest,
    logged_in: LoggedIn,
    first: fn(String) -> Error,
) -> ServiceResponse<BoxBody> {
    let path = next_page::return_path(req.request());
    // Only forms: the page of a JSON request starts again.
    if req.method() == Method::POST && !headers::is_json(req.request()) {
        let payload = req.take_payload();
        if let Err(error) = keep(req.request(), payload, &logged_in).await {
            return req.error_response(error);
        }
    }
    req.error_response(first(path))
}

async fn keep(req: &HttpRequest, mut payload: Payload, logged_in: &LoggedIn) -> Result<(), Error> {
    let Form(mut fields) = Form::<Fields>::from_request(req, &mut payload).await?;
    // Every request reads the whole session, and PostgreSQL cannot store NUL.
    let is_small = |text: &str| text.len() <= KEPT_BYTES && !text.contains('\0');
    fields.retain(|name, value| !is_secret(name) && is_small(name) && is_small(value));
    while fields.len() > KEPT_FIELDS {
        fields.pop_last();
    }
    Ok(logged_in.visitor.state.insert(TYPED, Typed { path: req.path().to_owned(), fields })?)
}

fn is_secret(name: &str) -> bool {
    ["password", "code", "token"].iter().any(|secret| name.contains(secret))
}
