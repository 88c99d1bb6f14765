//! Cross-site request forgery (CSRF): two defences for every request that changes something.
//!
//! 1. `reject_cross_site` checks `Sec-Fetch-Site`, or `Origin` for older browsers, before the
//!    session is loaded or the body is read: in the order of Go 1.25 `http.CrossOriginProtection`.
//!    `same-site` is rejected too, because a sibling subdomain is another origin.
//! 2. `Form<T>`, `Checked<T>` and `Json<T>`, the only extractors of a body, check a token: an HMAC
//!    over a random value of the session's row, which changes at authentication, or of the
//!    visitor's cookie.
//!
//! Each stops a forged form alone. NIST SP 800-63B-4 §5.1 asks for the second.

mod checked;
mod json;
mod token;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web;

use super::error::Error;
use super::headers;
use crate::origin::Origin;
use crate::state::AppState;
pub use checked::{Checked, Form, NoFields};
pub use json::Json;
pub use token::token;

/// Middleware: accepts safe methods, our own forms, and clients that are not browsers.
pub async fn reject_cross_site(
    app: web::Data<AppState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if is_same_origin(&req, &app.origin) {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    tracing::warn!(target: "security", event = "malicious_csrf", layer = "origin");
    Ok(req.error_response(Error::CrossSite))
}

fn is_same_origin(req: &ServiceRequest, origin: &Origin) -> bool {
    if matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    if req.headers().contains_key("sec-fetch-site") {
        return matches!(headers::text(req, "sec-fetch-site"), "same-origin" | "none");
    }
    // Without both headers the client is treated as no browser. An old one, or one behind a proxy
    // that removes both, still needs the token.
    !req.headers().contains_key("origin") || origin.is_named_by(headers::text(req, "origin"))
}
