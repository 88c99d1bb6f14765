//! The buttons "Try it" of the dashboard. Each makes this site reject something.
//!
//! `POST /lesson/end-session`  `end`         deletes the row of this session, and keeps the cookie
//! `GET  /lesson/end-session`  `ended`       what became of the cookie in the next request
//! `POST /lesson/no-token`     `unreached`   `without_token` removes the token of the form first
//! `POST /lesson/cross-site`   `unreached`   `as_another_site` changes a header of the form first
//! `POST /lesson/password`     `submit`      in `password_change.rs`
//!
//! A page of this site cannot send a form as another site would, and every form of ours has its
//! token. So the server changes one thing in the request, and the code that rejects it is the code
//! that rejects it always: nothing here decides.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::cookie::{self, SessionCookie};
use super::source::{Place, at};
use crate::accounts::audit::{self, Kind};
use crate::accounts::session;
use crate::web::csrf::{Form, NoFields};
use crate::web::error::Error;
use crate::web::page::{self, Page};
use crate::web::request_context::StaleCookie;
use crate::web::visitor::{LoggedIn, Visitor};

const DELETED_BY: Place = at("src/accounts/session/ended.rs", "end");
const REJECTED_BY: Place = at("src/web/session_store.rs", "PostgresStore::find");
const REMOVED_BY: Place = at("src/web/set_cookie.rs", "complete");

#[derive(Template)]
#[template(path = "lesson/ended.html")]
struct EndedPage {
    page: Page,
    cookie: SessionCookie,
    /// The store found no session for the cookie of this request.
    rejected: bool,
    removal: String,
    code: String,
}

pub async fn end(logged_in: LoggedIn, _: Form<NoFields>) -> Result<HttpResponse, Error> {
    let (id, user_id) = (logged_in.session.id, Some(logged_in.user.id));
    let mut tx = logged_in.begin("/app").await?;
    session::end(&mut *tx, id).await?;
    audit::record(&mut tx, Kind::LoggedOut, user_id, &logged_in.visitor.client).await?;
    tx.commit().await?;
    logged_in.visitor.forget_reset();
    page::redirect("/lesson/end-session")
}

pub async fn ended(visitor: Visitor, req: HttpRequest) -> Result<HttpResponse, Error> {
    let facts = visitor.cookie_facts();
    if facts.session.is_some() {
        return page::redirect("/app");
    }
    let cookie = SessionCookie::of(&visitor.app, &req);
    page::show(EndedPage {
        page: visitor.page("The session has ended"),
        rejected: facts.stale == StaleCookie::Gone,
        removal: cookie::removal(&cookie.name),
        cookie,
        code: REJECTED_BY.excerpt().map(|excerpt| excerpt.numbered()).unwrap_or_default(),
    })
}

/// Middleware: removes the body of the form, and the token with it.
pub async fn without_token(
    mut req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    req.set_payload(Payload::None);
    next.call(req).await
}

/// Middleware: says of a form of ours that another site sent it.
pub async fn as_another_site(
    mut req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if req.method() == Method::POST {
        let name = HeaderName::from_static("sec-fetch-site");
        req.headers_mut().insert(name, HeaderValue::from_static("cross-site"));
    }
    next.call(req).await
}

/// Only a request that was not rejected gets here.
pub async fn unreached(_: LoggedIn, _: Form<NoFields>) -> Result<HttpResponse, Error> {
    page::redirect("/app")
}
