//! The session cookie of a request, as the lesson shows it: its name, its attributes, and the first
//! characters of its value.
//!
//! A page that showed the whole value would undo `HttpOnly`: a script reads the page. The value is
//! encrypted, so its first characters are those of a random nonce.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;

use crate::state::AppState;
use crate::web::cookies::SESSION;

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
