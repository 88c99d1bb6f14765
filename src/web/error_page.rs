//! Renders the page of an error, and logs the cause.

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use askama::Template;
use serde_json::json;

use super::assets;
use super::error::{AuthenticateFirst, Error, ErrorText};
use crate::config::Config;

/// Explains error pages in development. A module above this one hands it in as app data.
#[derive(Clone, Copy)]
pub struct Explain(pub fn(&Config, Failure<'_>) -> Option<Explanation>);

/// A request that failed.
pub struct Failure<'a> {
    pub status: StatusCode,
    /// `None`: actix made the response.
    pub error: Option<&'a Error>,
    pub route: Option<&'a str>,
}

/// Which rule rejected a request, and the places of its code, as `file::symbol`.
pub struct Explanation {
    pub rule: String,
    pub places: Vec<String>,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: String,
    text: String,
    request_id: Option<&'a str>,
    explanation: Option<Explanation>,
    frame: Frame<'a>,
    stylesheet: String,
    mark: String,
}

/// The data for an error page that does not depend on the error.
pub struct Frame<'a> {
    pub config: &'a Config,
    pub explain: Option<Explain>,
    pub route: Option<&'a str>,
    /// The page of the form, if the request was one.
    pub form_path: Option<&'a str>,
    pub request_id: &'a str,
    /// The request had a JSON body, so a script reads the response.
    pub json: bool,
}

/// Adds a page to an error response that has none: to that of an `Error`, and to one that actix
/// made itself, such as a 405.
pub fn complete(response: HttpResponse, frame: Frame<'_>) -> HttpResponse {
    let response = if frame.json { without_redirect(response) } else { response };
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let content = response.headers().get(header::CONTENT_TYPE);
    let plain = content.is_none_or(|content| content.as_bytes().starts_with(b"text/plain"));
    let has_page = !plain && !matches!(response.body().size(), BodySize::None);
    if !failed || has_page {
        return response;
    }
    let known = response.extensions().get::<ErrorText>().cloned();
    let ErrorText { title, text } = known.unwrap_or_else(|| ErrorText::of(status));
    if frame.json {
        return problem(response, &title, &text);
    }
    let error = response.error().and_then(|error| error.as_error::<Error>());
    let failure = Failure { status, error, route: frame.route };
    let explanation = frame.explain.and_then(|explain| explain.0(frame.config, failure));
    let no_form = matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
    let form_path = frame.form_path.filter(|_| !no_form);
    let page = ErrorPage {
        title,
        text,
        request_id: status.is_server_error().then_some(frame.request_id),
        explanation,
        frame: Frame { form_path, ..frame },
        stylesheet: assets::url("site.css"),
        mark: assets::url("mark.svg"),
    };
    // If the template failed, the page would be empty but the status right. The response keeps its
    // headers, such as `Allow`, and the `Set-Cookie` of a session ID that was rotated.
    let mut response = response.set_body(page.render().unwrap_or_default()).map_into_boxed_body();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}

/// A script cannot follow a redirect to the login or to sudo mode, so it gets a 401 (RFC 9470 has
/// the same status for both). Its page reloads, and is redirected.
fn without_redirect(mut response: HttpResponse) -> HttpResponse {
    if response.extensions_mut().remove::<AuthenticateFirst>().is_some() {
        response.headers_mut().remove(header::LOCATION);
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    response
}

/// Problem details (RFC 9457).
fn problem(response: HttpResponse, title: &str, text: &str) -> HttpResponse {
    let status = response.status().as_u16();
    let problem = json!({ "title": title, "status": status, "detail": text });
    let mut response = response.set_body(problem.to_string()).map_into_boxed_body();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Logs a 5xx response with its cause.
pub fn log_cause(status: StatusCode, cause: Option<&actix_web::Error>) {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(cause = cause.map(tracing::field::display), "too busy to answer a request");
    } else if status.is_server_error() {
        tracing::error!(cause = cause.map(tracing::field::display), "a request failed");
    }
}

/// Logs an error that happened after a commit. The change is made, so the page must report success.
pub fn log_if_failed(what: &str, outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        tracing::error!(cause = %error, "{what} could not be updated after a change");
    }
}
