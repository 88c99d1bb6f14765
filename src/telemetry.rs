//! The log: one line per request, security events by their OWASP names, no secrets.
//!
//! tracing-actix-web's own span records the path with its query, which has `next` and tokens, and
//! the Host as the client sent it. Our span records the route of `routes.rs` instead. Other text of
//! a client is shortened, so that an attacker cannot fill the disk with long lines.

use std::io::IsTerminal;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::filter::{FilterExt, LevelFilter, dynamic_filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::Config;

/// How many bytes of a request's method are logged.
const METHOD_SHOWN: usize = 16;

/// Starts the log, on stderr. stdout has only the URLs of the site and of the metrics.
/// `layers` read the log for something else, such as the metrics.
pub fn start(config: &Config, mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>>) {
    // These two crates log an error for each malformed request, though only the client is at fault.
    let filter =
        format!("{},actix_http::h1::dispatcher=off,webauthn_rs_core=off", config.log_filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // With the span list, each line would hold the span twice.
    let lines = match config.log_json {
        true => lines.json().with_span_list(false).boxed(),
        false => lines.boxed(),
    };
    // tracing-subscriber keeps the filters' result for a record of the `log` crate that no layer
    // wants, and applies it to the next event, unless a filter has to be asked about each event.
    let asked = dynamic_filter_fn(|_, _| true).with_max_level_hint(LevelFilter::TRACE);
    // One list for all: an empty one beside the lines would turn every line off.
    layers.push(lines.with_filter(EnvFilter::new(filter).and(asked)).boxed());
    tracing_subscriber::registry().with(layers).init();
}

/// The span of a request: every line that is logged inside it has the request's ID.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        // A client may send a method of any length.
        let method = request.method().as_str();
        let request_id = request.extensions().get::<RequestId>().copied();
        tracing::info_span!(
            "request",
            method = &method[..method.len().min(METHOD_SHOWN)],
            route = request.match_pattern().unwrap_or_else(|| "none".to_owned()),
            request_id = request_id.map(tracing::field::display),
            // A keyed hash, recorded later if there is a session; the same for all its requests.
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
