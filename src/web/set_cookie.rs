//! Sets the cookies of a response, with their attributes and `Max-Age`.

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{HeaderValue, SET_COOKIE};

use super::cookies::{DEVICE, SESSION, VISITOR};
use super::device_cookie;
use super::encrypted_cookie::encrypt;
use super::request_context::{RequestContext, StaleCookie};
use crate::state::AppState;

/// Completes the `Set-Cookie` headers: adds `Max-Age` for a remembered session, sets visitor and
/// device cookie, and removes cookies that cannot be read or whose session is gone.
pub fn complete(app: &AppState, context: &RequestContext, response: &mut HttpResponse) {
    let mut lines: Vec<HeaderValue> = response.headers_mut().remove(SET_COOKIE).collect();
    let session = context.session.borrow();
    let remembered = session.as_ref().filter(|session| session.remembered);
    let max_age = context.cookie_max_age.get();
    if let Some(seconds) = max_age.or(remembered.map(|session| session.seconds_left)) {
        add_max_age(&mut lines, seconds);
    }
    let visitor = context.visitor_cookie.borrow();
    if visitor.changed
        && let Ok(json) = serde_json::to_string(&*visitor)
    {
        let value = encrypt(app.keys.newest_cookies(), VISITOR, json);
        lines.extend(header(cookie(VISITOR, value, visitor.seconds_left())));
    }
    if let Some(value) = context.device_cookie.borrow().issued() {
        lines.extend(header(cookie(DEVICE, value, Some(device_cookie::MAX_AGE))));
    }
    let gone = context.stale_cookie.get() == StaleCookie::Gone && session.is_none();
    let removed = context.unreadable_cookies.take();
    for name in removed.into_iter().chain(gone.then_some(SESSION)) {
        if !lines.iter().any(|line| is_named(line, name)) {
            lines.extend(header(cookie(name, String::new(), Some(0))));
        }
    }
    for line in lines {
        response.headers_mut().append(SET_COOKIE, with_suffix(line, &app.cookie_suffix));
    }
}

/// Adds `Max-Age` to the session cookie. actix-session sets the cookie again at every change, and
/// cannot set `Max-Age` for one login only. Without this, a remembered session would end with the
/// browser after its first change.
fn add_max_age(lines: &mut [HeaderValue], seconds: i64) {
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

/// Builds a cookie with our attributes. The session cookie gets the same ones in `server.rs`; only
/// its removal is built here.
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
