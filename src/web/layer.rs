//! The outermost middleware but the request log: `complete` drops unknown cookies from the request,
//! and completes the response.
//!
//! Only here is a failure of the session store turned into a page (the crate makes each a bare
//! 500), and only here are the headers put on every response, errors and panics included.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_session::SessionExt;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, web};
use futures_util::FutureExt;
use tracing_actix_web::RequestId;

use super::visit::{self, Outcome, Renewal, Visit};
use super::{address, cookies, headers, next_page, session_store, set_cookie};
use crate::accounts::client::Client;
use crate::app::App;
use crate::error::{self, Error};

/// Prepares the visit, runs the request, and completes its response.
pub async fn complete(
    app: web::Data<App>,
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let _counted = app.in_flight.enter();
    // Pages answer HEAD as they answer GET; actix leaves the body out by itself.
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    let too_large = headers::are_too_large(req.headers());
    if too_large {
        req.headers_mut().clear();
    }
    let proxies = &app.config.trusted_proxies;
    let caller = address::caller(req.request(), proxies);
    let client = Client::new(caller, headers::text(&req, "user-agent"));
    let request_id = req.extensions().get::<RequestId>().map(ToString::to_string);
    let app_name = app.config.app_name.clone();
    let visit = Visit::new(client, request_id.unwrap_or_default(), app_name);
    let visit = Rc::new(RefCell::new(visit));
    cookies::admit(&app, &mut req, &mut visit.borrow_mut());
    let facts = Facts {
        get: req.method() == Method::GET,
        https: address::is_https(req.request(), proxies),
    };

    let answer = async {
        if too_large {
            return Ok::<_, actix_web::Error>(req.error_response(Error::Malformed(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The headers of this request are too large. Deleting this site's cookies may help.",
            )));
        }
        Ok(next.call(req).await?.map_into_boxed_body())
    };
    let answer = visit::scope(visit.clone(), answer);
    // A panic becomes the page of a 500: without this the connection just closes.
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    visit::sync_scope(visit, || match answer {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            error::log_cause(response.status(), response.error());
            let response = finish(&app, &facts, response);
            Ok(ServiceResponse::new(request, response))
        }
        Ok(Err(failure)) => {
            let response = failure.error_response();
            // A session that ended while the request ran is no fault of the app.
            let raced = visit::with(|visit| visit.outcome == Outcome::Gone);
            if raced != Some(true) {
                error::log_cause(response.status(), Some(&failure));
            }
            let response = finish(&app, &facts, response);
            Err(InternalError::from_response(failure, response).into())
        }
        Err(_) => {
            let failure = Error::Internal(anyhow::anyhow!("a handler panicked"));
            tracing::error!("a handler panicked");
            let response = finish(&app, &facts, HttpResponse::from_error(failure));
            Err(InternalError::from_response("panic", response).into())
        }
    })
}

/// Facts of the request that `finish` needs after the request is gone.
struct Facts {
    get: bool,
    https: bool,
}

fn finish(app: &App, facts: &Facts, response: HttpResponse) -> HttpResponse {
    let outcome = visit::with(|visit| std::mem::take(&mut visit.outcome)).unwrap_or_default();
    let mut response = match outcome {
        Outcome::Fine => error::dress(response),
        Outcome::DatabaseDown => HttpResponse::from_error(Error::Busy),
        Outcome::Gone => {
            visit::with(|visit| visit.visitor.set_flash(next_page::session_ended(!facts.get)));
            error::see_other("/login")
        }
    };
    set_cookie::complete(app, &mut response);
    headers::add(response.headers_mut(), facts.https);
    response
}

/// Between actix-session and actix-identity: names the session in the log. When the session ID was
/// renewed, or its cookie is to be encrypted anew, it makes the crate call the store's `update`,
/// which returns the ID for the cookie.
pub async fn renew_in_place(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let session = req.get_session();
    let id = visit::with(|visit| visit.session.as_ref().map(|session| session.id)).flatten();
    if let (Some(id), Some(app)) = (id, req.app_data::<web::Data<App>>()) {
        tracing::Span::current().record("session", app.keys.log_name(id.as_bytes()));
    }
    let response = next.call(req).await?;
    let due =
        visit::with(|visit| visit.session.is_some() && !matches!(visit.renewal, Renewal::None));
    if due == Some(true) {
        session.insert(session_store::RENEWED, true)?;
    }
    Ok(response)
}
