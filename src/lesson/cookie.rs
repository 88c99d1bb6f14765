//! The session cookie of a request, as the lesson shows it: its name, its attributes, and the first
//! characters of its value.
//!
//! A page that showed the whole value would undo `HttpOnly`: a script reads the page. The value is
//! encrypted, so its first characters are those of a random nonce.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;

use super::source::{Place, at};
use crate::state::AppState;
use crate::web::cookies::SESSION;
use crate::web::request_context::StaleCookie;
use crate::web::visitor::CookieFacts;

/// How many characters of the value are shown.
const SHOWN: usize = 8;

/// The attributes that `src/server.rs::sessions` gives the cookie. A test compares them with the
/// header of a login.
pub const ATTRIBUTES: [&str; 4] = ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"];

pub struct SessionCookie {
    /// As the browser knows it.
    pub name: String,
    /// `None`: the request had no session cookie that can be read.
    pub beginning: Option<String>,
    pub length: usize,
}

impl SessionCookie {
    /// The middleware has left no other cookie in the request, and has removed the suffix.
    pub fn of(app: &AppState, req: &HttpRequest) -> Self {
        let header = req.headers().get(COOKIE).and_then(|line| line.to_str().ok());
        let value = header.and_then(|line| line.strip_prefix(SESSION)?.strip_prefix('='));
        Self {
            name: format!("{SESSION}{}", app.cookie_suffix),
            beginning: value.map(|value| value.chars().take(SHOWN).collect()),
            length: value.map_or(0, str::len),
        }
    }
}

/// The attributes of the cookie of a session. Only a remembered one has `Max-Age`.
pub fn attributes(remembered_for: Option<i64>) -> String {
    let max_age = remembered_for.map(|seconds| format!("Max-Age={seconds}"));
    let all = ATTRIBUTES.iter().map(|attribute| (*attribute).to_owned()).chain(max_age);
    all.collect::<Vec<_>>().join("; ")
}

/// The `Set-Cookie` line that removes a cookie of this name, as `web/set_cookie.rs` writes it. A
/// test compares them.
pub fn removal(name: &str) -> String {
    format!("{name}=; {}; Max-Age=0", ATTRIBUTES.join("; "))
}

/// Whether the response sets the session cookie, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieInResponse {
    pub is_set: bool,
    pub is_removed: bool,
    pub why: &'static str,
    pub place: Place,
}

/// For a page that neither logs in nor rotates the ID. A test compares it with the headers.
pub fn in_response(facts: &CookieFacts) -> CookieInResponse {
    let because =
        |is_set, is_removed, why, place| CookieInResponse { is_set, is_removed, why, place };
    let store = at("src/web/session_store.rs", "PostgresStore::find");
    match facts {
        CookieFacts { session: Some(_), from_older_key: true, .. } => because(
            true,
            false,
            "An older key had encrypted it. It keeps its ID: if the response were lost, a new one \
             would log the browser out.",
            at("src/web/session_rotation.rs", "in_place"),
        ),
        CookieFacts { session: Some(_), state_changed: true, .. } => because(
            true,
            false,
            "A value of the session has changed: the message on this page was taken out of it. \
             actix-session then sets the cookie again, with the same ID.",
            at("src/web/visitor.rs", "Visitor::take_flash"),
        ),
        CookieFacts { session: Some(_), .. } => because(
            false,
            false,
            "Nothing in the session has changed. Reading it sets no cookie, and moves the idle \
             timeout in the row only.",
            at("src/accounts/session/upkeep.rs", "touch"),
        ),
        CookieFacts { unreadable: true, .. } => {
            because(false, true, "It could not be decrypted.", at("src/web/cookies.rs", "filter"))
        }
        CookieFacts { stale: StaleCookie::Gone, .. } => because(
            false,
            true,
            "The session has ended or never existed: there is no valid row with the hash of its ID.",
            store,
        ),
        CookieFacts { stale: StaleCookie::Rotated, .. } => because(
            false,
            false,
            "The session has another ID by now. The browser has received the new cookie, or soon \
             will, so this one is not removed.",
            store,
        ),
        CookieFacts { .. } => because(
            false,
            false,
            "No session cookie reached the session store: the browser sent none, or one under an \
             unknown name, or one twice. A page does not begin a session.",
            at("src/web/cookies.rs", "known_cookies"),
        ),
    }
}
