//! The names of our cookies, and the filter for the cookies of a request.
//!
//! Before it compares names, actix decodes `%5F%5FHost-session` and trims Unicode spaces; of two
//! equal names it takes the first. So a sibling subdomain could set such a cookie despite the
//! prefix `__Host-`, and log a visitor in to the attacker's account (PortSwigger, "Cookie Chaos";
//! CVE-2020-8184 in Rack). So this file compares raw bytes, before anything decodes them, and drops
//! a cookie that is sent twice. Add a cookie of your own to `KNOWN`.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{COOKIE, HeaderValue};

use super::encrypted_cookie::{decrypt_by_any, reencrypt};
use super::request_context::{RequestContext, Rotation};
use super::visitor_cookie::VisitorCookie;
use crate::state::AppState;

/// The encrypted session ID. In the browser each name ends in `AppState::cookie_suffix`.
pub const SESSION: &str = "__Host-session";
/// Encrypted. The CSRF tokens of visitors without a session are bound to it; see `visitor_cookie`.
pub const VISITOR: &str = "__Host-visitor";
/// Random values that identify a browser that has logged in before.
pub const DEVICE: &str = "__Host-device";
/// The cookies that the app reads. All others are dropped.
const KNOWN: [&str; 3] = [SESSION, VISITOR, DEVICE];

/// Moves visitor and device cookie into the context, and leaves only the session cookie in the
/// request. A session cookie of an older key is encrypted again: actix-session has one key.
pub fn filter(app: &AppState, req: &mut ServiceRequest, context: &RequestContext) {
    let mut known = known_cookies(req, app.cookie_suffix.as_bytes());
    // Static files and probes need no session, so none is loaded for them.
    let without = ["/static/", "/favicon.ico", "/healthz", "/readyz"];
    if without.iter().any(|start| req.path().starts_with(start)) {
        known.clear();
    }
    req.headers_mut().remove(COOKIE);
    for (name, value) in known {
        let readable = match name {
            VISITOR => decrypt_by_any(&app.keys, VISITOR, &value)
                .and_then(|json| VisitorCookie::parse(&json))
                .map(|parsed| drop(context.visitor_cookie.replace(parsed))),
            DEVICE => context.device_cookie.borrow_mut().receive(&value),
            SESSION => reencrypt(&app.keys, SESSION, &value).and_then(|(value, from_older_key)| {
                if from_older_key {
                    context.rotation.set(Rotation::Reencrypt);
                }
                let header = HeaderValue::from_str(&format!("{name}={value}")).ok()?;
                req.headers_mut().append(COOKIE, header);
                Some(())
            }),
            _ => None,
        };
        if readable.is_none() {
            context.unreadable_cookies.borrow_mut().push(name);
        }
    }
}

/// The cookies whose raw name is exactly a known one and is sent once. HTTP/2 may split the header
/// (RFC 9113 §8.2.3), so all of its lines are read together.
fn known_cookies(req: &ServiceRequest, suffix: &[u8]) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let mut twice: Vec<&str> = Vec::new();
    let pairs =
        req.headers().get_all(COOKIE).flat_map(|line| line.as_bytes().split(|b| *b == b';'));
    for pair in pairs {
        let pair = pair.trim_ascii();
        let Some(equals) = pair.iter().position(|b| *b == b'=') else { continue };
        let (raw_name, value) = (&pair[..equals], &pair[equals + 1..]);
        let bare = raw_name.strip_suffix(suffix).unwrap_or_default();
        let Some(name) = KNOWN.into_iter().find(|name| name.as_bytes() == bare) else {
            tracing::debug!(
                name = %raw_name[..raw_name.len().min(100)].escape_ascii(),
                "a cookie that is not ours was dropped; KNOWN in src/web/cookies.rs lists ours"
            );
            continue;
        };
        if !found.iter().any(|(earlier, _)| *earlier == name) {
            found.push((name, String::from_utf8_lossy(value).into_owned()));
        } else if !twice.contains(&name) {
            twice.push(name);
        }
    }
    for name in &twice {
        tracing::warn!(target: "security", event = "input_validation_fail", cookie = name, "sent twice");
    }
    found.retain(|(name, _)| !twice.contains(name));
    found
}
