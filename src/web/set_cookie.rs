//! The cookies of a response: their attributes, and how long they are kept.

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{HeaderValue, SET_COOKIE};

use super::cookies::{DEVICE, SESSION, VISITOR};
use super::device;
use super::sealed::seal;
use super::visit::{self, Stale};
use crate::app::App;

/// Completes a response: `Max-Age` for a remembered session, the removal of a cookie whose session
/// is gone or that no key opens, the visitor's cookie and the device's.
pub fn complete(app: &App, response: &mut HttpResponse) {
    let Some(plan) = visit::with(|visit| {
        let remembered = visit.session.as_ref().filter(|session| session.remembered);
        Plan {
            max_age: visit.cookie_seconds.or(remembered.map(|session| session.seconds_left)),
            stale: (visit.stale == Stale::Gone && visit.session.is_none()).then_some(SESSION),
            unreadable: std::mem::take(&mut visit.unreadable),
            visitor: visit.visitor.changed.then(|| serde_json::to_string(&visit.visitor)),
            visitor_max_age: visit.visitor.seconds_left(),
            device: visit.device.issued(),
        }
    }) else {
        return;
    };
    let mut lines: Vec<HeaderValue> = response.headers_mut().remove(SET_COOKIE).collect();
    if let Some(seconds) = plan.max_age {
        keep_for(&mut lines, seconds);
    }
    if let (Some(Ok(json)), Some(key)) = (plan.visitor, app.keys.cookies().next()) {
        lines.extend(header(cookie(VISITOR, seal(key, VISITOR, json), plan.visitor_max_age)));
    }
    if let Some(token) = plan.device {
        lines.extend(header(cookie(DEVICE, token, Some(device::LIFETIME))));
    }
    for name in plan.unreadable.into_iter().chain(plan.stale) {
        if !lines.iter().any(|line| is_named(line, name)) {
            lines.extend(header(cookie(name, String::new(), Some(0))));
        }
    }
    for line in lines {
        response.headers_mut().append(SET_COOKIE, with_suffix(line, &app.cookie_suffix));
    }
}

struct Plan {
    max_age: Option<i64>,
    stale: Option<&'static str>,
    unreadable: Vec<&'static str>,
    visitor: Option<serde_json::Result<String>>,
    visitor_max_age: Option<i64>,
    device: Option<String>,
}

/// actix-session sets the whole cookie at every change, without a Max-Age per login: the first
/// flash after a remembered login would make it a cookie that ends with the browser.
fn keep_for(lines: &mut [HeaderValue], seconds: i64) {
    for line in lines.iter_mut().filter(|line| is_named(line, SESSION)) {
        let text = line.to_str().unwrap_or_default();
        let kept = HeaderValue::from_str(&format!("{text}; Max-Age={seconds}"));
        if let (false, Ok(kept)) = (text.contains("Max-Age="), kept) {
            *line = kept;
        }
    }
}

fn is_named(line: &HeaderValue, name: &str) -> bool {
    line.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

fn with_suffix(line: HeaderValue, suffix: &str) -> HeaderValue {
    let pair = line.to_str().ok().and_then(|text| text.split_once('='));
    let named = pair.map(|(name, rest)| HeaderValue::from_str(&format!("{name}{suffix}={rest}")));
    named.and_then(Result::ok).unwrap_or(line)
}

/// The attributes of every cookie but the session's, which `app.rs` gives to actix-session; this
/// sets the removal of the session cookie too.
fn cookie(name: &'static str, value: String, seconds: Option<i64>) -> String {
    let mut cookie = Cookie::build(name, value)
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
