//! The ways a request can end badly, and their page.
//!
//! A mistake that a visitor can correct is not an error but a value: the page again, with 422.
//! `log_cause` logs the cause of a 5xx; the visitor sees only the request's ID. The page needs
//! neither session nor database.

use std::fmt;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use crate::accounts::password::HashError;
use crate::accounts::throttle::Refusal;
use crate::database;
use crate::web::{assets, limit, visit};

/// Seconds after which a busy site is worth another try.
const RETRY_AFTER: u64 = 5;
const HTML: &str = "text/html; charset=utf-8";

#[derive(Debug)]
pub enum Error {
    /// With the way back after the login.
    LogInFirst(String),
    /// A form of another site, or one of ours that is out of date.
    Forbidden,
    /// The browser did not send back the cookie that came with the form.
    NoCookies {
        https: bool,
    },
    NotFound,
    /// A request that no page of ours makes.
    Malformed(StatusCode, &'static str),
    /// Too many attempts; where the form can be shown again, `page::too_many` does it better.
    TooMany(Refusal),
    /// The database cannot be reached, or the hashing queue is full.
    Busy,
    Internal(anyhow::Error),
}

/// `?` on anything. It cannot be `std::error::Error` itself for that, and need not.
impl<E: Into<anyhow::Error>> From<E> for Error {
    fn from(cause: E) -> Self {
        let cause = cause.into();
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return Self::TooMany(*refusal);
        }
        let busy = matches!(cause.downcast_ref::<HashError>(), Some(HashError::Busy))
            || cause.downcast_ref::<sqlx::Error>().is_some_and(database::is_unavailable);
        if busy { Self::Busy } else { Self::Internal(cause) }
    }
}

/// `{:#}` and not `{:?}`: the latter of a database error prints the row it is about.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internal(cause) => write!(f, "{cause:#}"),
            other => f.write_str(&other.words().0),
        }
    }
}

impl Error {
    /// Title and text of the page.
    fn words(&self) -> (String, String) {
        let (title, text) = match self {
            Self::Malformed(status, text) => (page_title(*status), *text),
            Self::TooMany(refusal) => {
                return ("Too many attempts".to_owned(), limit::sentence(*refusal));
            }
            Self::Forbidden => (
                "This form is out of date",
                "It was opened before you logged in or out, or it came from another site. Nothing \
                 was changed. Go back, reload the page, and send it again.",
            ),
            Self::NoCookies { https: true } => (
                "Your browser kept no cookie",
                "The form arrived without the cookie that its page had set, so it was not \
                 accepted. Allow cookies for this site, and try again.",
            ),
            // Only a developer at localhost is without https.
            Self::NoCookies { https: false } => (
                "Your browser kept no cookie",
                "The form arrived without the cookie that its page had set, so it was not \
                 accepted. Allow cookies for this site. Safari keeps them on https only, also on \
                 localhost: start the app with TLS_CERT=self-signed, or use another browser.",
            ),
            Self::Busy => (
                "Too busy right now",
                "We cannot answer at the moment. Nothing was lost: please try again in a few \
                 seconds.",
            ),
            other => return plain_words(other.status_code()),
        };
        (title.to_owned(), text.to_owned())
    }
}

fn page_title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "Not without https",
        StatusCode::MISDIRECTED_REQUEST => "The wrong address",
        StatusCode::PAYLOAD_TOO_LARGE => "Too large",
        StatusCode::REQUEST_TIMEOUT => "Too slow",
        _ => "This does not work",
    }
}

/// Title and text for responses that actix makes itself.
fn plain_words(status: StatusCode) -> (String, String) {
    let (title, text) = match status {
        StatusCode::NOT_FOUND => ("Nothing here", "There is no page at this address."),
        StatusCode::METHOD_NOT_ALLOWED => ("Not this way", "This address does not take that."),
        status if status.is_server_error() => (
            "Something went wrong",
            "The fault is ours, and it has been noted. Please try again later.",
        ),
        _ => ("This does not work", "The request could not be understood."),
    };
    (title.to_owned(), text.to_owned())
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::LogInFirst(_) => StatusCode::SEE_OTHER,
            Self::Forbidden | Self::NoCookies { .. } => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed(status, _) => *status,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::LogInFirst(back) = self {
            let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
            return see_other(&format!("/login?next={back}"));
        }
        let (title, text) = self.words();
        let mut response = error_page(self.status_code(), title, text);
        let seconds = match self {
            Self::Busy => RETRY_AFTER,
            Self::TooMany(refusal) => limit::seconds(*refusal),
            _ => return response,
        };
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        response
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: String,
    text: String,
    request_id: Option<String>,
    app_name: String,
    stylesheet: String,
    mark: String,
}

fn error_page(status: StatusCode, title: String, text: String) -> HttpResponse {
    let known = visit::with(|visit| (visit.app_name.clone(), visit.request_id.clone()));
    let (app_name, request_id) = known.unwrap_or_default();
    let page = ErrorPage {
        title,
        text,
        request_id: status.is_server_error().then_some(request_id),
        app_name,
        stylesheet: assets::url("site.css"),
        mark: assets::url("mark.svg"),
    };
    // This template cannot fail; if it ever does, the status is still right.
    let body = page.render().unwrap_or_default();
    HttpResponse::build(status).content_type(HTML).body(body)
}

/// 303, after which the browser asks with GET.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// Replaces a bare error response of actix, such as a 405, by a page of this site.
pub fn dress(response: HttpResponse) -> HttpResponse {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let ours = !plain && !matches!(response.body().size(), BodySize::None);
    if !failed || ours {
        return response;
    }
    let (title, text) = plain_words(status);
    // Its headers stay: `Allow`, and the `Set-Cookie` of a session ID that was renewed meanwhile.
    let mut dressed = response.set_body(error_page(status, title, text).into_body());
    let html = HeaderValue::from_static(HTML);
    dressed.headers_mut().insert(header::CONTENT_TYPE, html);
    dressed
}

/// For what follows a commit: the change is made, so the page must not say that it failed.
pub fn log_if_failed(what: &str, outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        tracing::error!(cause = %error, "{what} could not be updated after a change");
    }
}

/// Logs why a request failed, once: for our own faults with the cause.
pub fn log_cause(status: StatusCode, cause: Option<&actix_web::Error>) {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(cause = cause.map(tracing::field::display), "too busy to answer a request");
    } else if status.is_server_error() {
        tracing::error!(cause = cause.map(tracing::field::display), "a request failed");
    }
}
