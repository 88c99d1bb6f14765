//! Cross-site request forgery: two layers on every request that changes something.
//!
//! 1. `refuse_cross_site`, before the session is loaded or the body read: the headers in which a
//!    browser names a request's origin, in the order of Go 1.25 `http.CrossOriginProtection`.
//!    `same-site` is refused too: a sibling subdomain is not us.
//! 2. `Form<T>` and `Checked<T>`, the only form extractors: a token, an HMAC over a random value of
//!    the session's row, which changes with authentication, or of the visitor's cookie.
//!
//! Either stops the attack alone; NIST SP 800-63B-4 §5.1 asks for the second.

mod checked;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{HttpRequest, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{headers, origin::Origin, visit};
use crate::app::App;
use crate::error::Error;
use crate::keys::Keys;
pub use checked::{Checked, Form, Refused};

/// Lets safe methods through, forms of our own pages, and requests that no browser sent.
pub async fn refuse_cross_site(
    app: web::Data<App>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if is_ours(&req, &app.origin) {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    tracing::warn!(target: "security", event = "malicious_csrf", layer = "origin");
    Ok(req.error_response(Error::Forbidden))
}

fn is_ours(req: &ServiceRequest, origin: &Origin) -> bool {
    if matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    if req.headers().contains_key("sec-fetch-site") {
        return matches!(headers::text(req, "sec-fetch-site"), "same-origin" | "none");
    }
    // Older browsers. A client without both headers is no browser, so it has no ambient cookies.
    !req.headers().contains_key("origin") || origin.is_named_by(headers::text(req, "origin"))
}

/// A token for the forms of one page. It begins with random bytes, so that no two pages hold the
/// same text, from which the size of a compressed page could reveal it (BREACH).
pub fn token(keys: &Keys) -> String {
    let nonce: [u8; 16] = rand::random();
    let Some(binding) = visit::with(binding) else { return String::new() };
    let Some(key) = keys.csrf().next() else { return String::new() };
    let mut token = nonce.to_vec();
    token.extend(mac(key, &nonce, &binding).finalize().into_bytes());
    BASE64.encode(token)
}

/// Whether `token` was made for this session, or this visitor. Compares in constant time.
fn is_valid(keys: &Keys, token: &str, binding: &[u8]) -> bool {
    let Ok(token) = BASE64.decode(token) else { return false };
    let Some((nonce, tag)) = token.split_at_checked(16) else { return false };
    keys.csrf().any(|key| mac(key, nonce, binding).verify_slice(tag).is_ok())
}

fn mac(key: &[u8; 32], nonce: &[u8], binding: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(nonce);
    mac.update(binding);
    mac
}

fn binding(visit: &mut visit::Visit) -> Vec<u8> {
    match &visit.session {
        Some(session) => session.csrf_binding.clone(),
        None => visit.visitor.binding(),
    }
}

fn check(app: &App, req: &HttpRequest, token: Option<&str>) -> Result<Option<Refused>, Error> {
    let (binding, stranger) = visit::with(|visit| {
        let stranger = visit.session.is_none() && visit.stale == visit::Stale::No;
        let stranger = stranger && !visit.visitor.is_known();
        (binding(visit), stranger)
    })
    .ok_or_else(|| anyhow::anyhow!("no visit"))?;
    if token.is_some_and(|token| is_valid(&app.keys, token, &binding)) {
        return Ok(None);
    }
    // The browser says that the form is ours: an old tab and no attack.
    let own = req.headers().get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    if own && token.is_some() {
        tracing::info!(target: "security", event = "form_out_of_date");
    } else {
        tracing::warn!(target: "security", event = "malicious_csrf", layer = "token");
    }
    // A browser that was given a cookie with the form and did not send it back.
    let refused = Refused::NoCookies { https: app.origin.is_https() };
    Ok(Some(if stranger && token.is_some() { refused } else { Refused::OutOfDate }))
}
