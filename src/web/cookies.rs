//! The cookies of this site: which there are, which come in, what goes out.
//!
//! actix decodes `%5F%5FHost-session` and trims Unicode spaces before it compares names, and takes
//! the first of two: a sibling subdomain could set such a cookie and log a visitor in to the
//! attacker's account, `__Host-` notwithstanding (PortSwigger, "Cookie Chaos"; CVE-2020-8184 in
//! Rack). So the raw bytes are compared here, before anything decodes them, and a name that
//! comes twice is not believed at all. Add a cookie of your own to `KNOWN`.

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};

use super::sealed::{open, seal};
use super::visit::{self, Renewal, Stale, Visit};
use crate::keys::Keys;

/// The sealed session ID.
pub const SESSION: &str = "__Host-session";
/// Sealed: binds the forms of visitors who have no session, and carries their flash.
pub const VISITOR: &str = "__Host-visitor";
/// Every cookie that reaches the app. All others are dropped.
const KNOWN: [&str; 2] = [SESSION, VISITOR];

/// On the way in: leaves the known cookies in the request, opens the visitor's, and seals a
/// session cookie of an older key anew, so that actix-session, which has one key, can open it.
pub fn admit(keys: &Keys, req: &mut ServiceRequest, visit: &mut Visit) {
    let mut known = known_cookies(req);
    // Static files and probes are the same for everybody, and cost no look at a session.
    if ["/static/", "/healthz", "/readyz"].iter().any(|start| req.path().starts_with(start)) {
        known.clear();
    }
    req.headers_mut().remove(COOKIE);
    for (name, value) in known {
        match name {
            VISITOR => {
                let opened = keys.cookies().find_map(|key| open(key, VISITOR, &value));
                let cookie = opened.and_then(|json| serde_json::from_str(&json).ok());
                visit.visitor = cookie.unwrap_or_default();
            }
            _ => {
                let value = match reseal(keys, &value) {
                    Some(resealed) => {
                        // The new ID comes sealed by the new key. Only on GET: a renewal that
                        // another request wins is answered with the same address again.
                        if req.method() == actix_web::http::Method::GET {
                            visit.renewal = Renewal::Wanted;
                        }
                        resealed
                    }
                    None => value,
                };
                if let Ok(header) = HeaderValue::from_str(&format!("{name}={value}")) {
                    req.headers_mut().append(COOKIE, header);
                }
            }
        }
    }
}

/// The pairs whose raw name is exactly a known one and comes once. HTTP/2 may split the
/// header (RFC 9113 §8.2.3), so all of its lines count together.
fn known_cookies(req: &ServiceRequest) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let mut twice: Vec<&str> = Vec::new();
    let pairs =
        req.headers().get_all(COOKIE).flat_map(|line| line.as_bytes().split(|b| *b == b';'));
    for pair in pairs {
        let pair = pair.trim_ascii();
        let Some(equals) = pair.iter().position(|b| *b == b'=') else { continue };
        let (raw_name, value) = (&pair[..equals], &pair[equals + 1..]);
        let Some(name) = KNOWN.into_iter().find(|name| name.as_bytes() == raw_name) else {
            tracing::debug!(
                name = %raw_name.escape_ascii(),
                "a cookie that is not ours was dropped; KNOWN in src/web/cookies.rs lists ours"
            );
            continue;
        };
        if found.iter().any(|(earlier, _)| *earlier == name) {
            twice.push(name);
        }
        found.push((name, String::from_utf8_lossy(value).into_owned()));
    }
    for name in &twice {
        tracing::warn!(target: "security", event = "input_validation_fail", cookie = name, "came twice");
    }
    found.retain(|(name, _)| !twice.contains(name));
    found
}

/// `None` when the newest key opens it, or no key does.
fn reseal(keys: &Keys, value: &str) -> Option<String> {
    let mut keys = keys.cookies();
    let newest = keys.next()?;
    if open(newest, SESSION, value).is_some() {
        return None;
    }
    keys.find_map(|key| open(key, SESSION, value)).map(|id| seal(newest, SESSION, id))
}

/// On the way out.
pub fn dismiss(keys: &Keys, response: &mut HttpResponse) {
    let Some(plan) = visit::with(|visit| {
        let remembered = visit.session.as_ref().filter(|session| session.remembered);
        Plan {
            max_age: visit.cookie_seconds.or(remembered.map(|session| session.seconds_left)),
            remove_session: visit.stale == Stale::Gone && visit.session.is_none(),
            visitor: visit.visitor.changed.then(|| serde_json::to_string(&visit.visitor)),
        }
    }) else {
        return;
    };
    let mut lines: Vec<HeaderValue> = response.headers_mut().remove(SET_COOKIE).collect();
    if let Some(seconds) = plan.max_age {
        keep_for(&mut lines, seconds);
    }
    if plan.remove_session && !lines.iter().any(is_session) {
        lines.extend(header(cookie(SESSION, String::new(), Some(0))));
    }
    if let (Some(Ok(json)), Some(key)) = (plan.visitor, keys.cookies().next()) {
        lines.extend(header(cookie(VISITOR, seal(key, VISITOR, json), None)));
    }
    for line in lines {
        response.headers_mut().append(SET_COOKIE, line);
    }
}

struct Plan {
    max_age: Option<i64>,
    remove_session: bool,
    visitor: Option<serde_json::Result<String>>,
}

/// actix-session writes the whole cookie at every change, without a Max-Age of its own per login:
/// the first flash after a remembered login would turn it back into one that dies with the browser.
fn keep_for(lines: &mut [HeaderValue], seconds: i64) {
    for line in lines.iter_mut().filter(|line| is_session(line)) {
        let text = line.to_str().unwrap_or_default();
        let kept = HeaderValue::from_str(&format!("{text}; Max-Age={seconds}"));
        if let (false, Ok(kept)) = (text.contains("Max-Age="), kept) {
            *line = kept;
        }
    }
}

fn is_session(line: &HeaderValue) -> bool {
    line.as_bytes().strip_prefix(SESSION.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// The one list of attributes beside that of actix-session in `app.rs`.
fn cookie(name: &'static str, sealed: String, seconds: Option<i64>) -> String {
    let mut cookie = Cookie::build(name, sealed)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish();
    cookie.set_max_age(seconds.map(actix_web::cookie::time::Duration::seconds));
    cookie.to_string()
}

fn header(cookie: String) -> Option<HeaderValue> {
    HeaderValue::from_str(&cookie).ok()
}
