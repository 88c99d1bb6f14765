//! The log: one line per request, security events by their OWASP names, nothing secret.
//!
//! tracing-actix-web's own span holds the path with its query, where `next` and tokens are, and the
//! Host as the client wrote it. Ours holds the route as it stands in `routes.rs`. Whatever else a
//! client wrote is cut before it is logged, so that nobody can fill the disk with long lines.

use std::io::IsTerminal;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Of a request's method, in bytes.
const METHOD_SHOWN: usize = 16;

/// Logs to stderr; stdout is for the one line that says where the site is.
pub fn start(config: &Config) {
    let log = tracing_subscriber::fmt()
        // Malformed HTTP is the client's doing, and not worth an error each time.
        .with_env_filter(EnvFilter::new(format!(
            "{},actix_http::h1::dispatcher=off",
            config.log_filter
        )))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if config.log_json { log.json().init() } else { log.init() }
}

/// The span of a request: everything logged inside carries the request's ID.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        // A method is any token, of any length; of the standard ones PROPPATCH is the longest.
        let method = request.method().as_str();
        let request_id = request.extensions().get::<RequestId>().copied();
        tracing::info_span!(
            "request",
            method = &method[..method.len().min(METHOD_SHOWN)],
            route = request.match_pattern().unwrap_or_else(|| "none".to_owned()),
            request_id = request_id.map(tracing::field::display),
            // Filled in when there is one: a keyed hash, the same for all of its requests.
            session = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.in_scope(|| tracing::info!(status = status.as_u16(), "answered"));
    }
}
