//! The HTTP side of the app: middleware, extractors, cookies, CSRF, pages and errors.
//!
//! `server.rs` builds the stack. After the counter of `server/stop.rs` and the request log, a
//! request passes `outermost` (request context, known cookies, response headers), `rate_limit`,
//! `https`, `host`, `csrf`, actix-session with our `session_store`, `session_rotation`,
//! actix-identity, and the `guard` of its scope. A handler gets a `Visitor` or a `LoggedIn`.

#![allow(clippy::missing_errors_doc, reason = "an undocumented error becomes a page")]

pub mod admission;
pub mod assets;
pub mod client_ip;
pub mod cookies;
pub mod csrf;
pub mod current_password;
pub mod device_cookie;
pub mod encrypted_cookie;
pub mod error;
pub mod error_page;
pub mod factors;
pub mod flash;
pub mod form;
pub mod guard;
pub mod half_way;
pub mod headers;
pub mod health;
pub mod host;
pub mod https;
pub mod human_time;
pub mod invalid_link;
pub mod kept_secret;
pub mod known_device;
pub mod next_page;
pub mod outermost;
pub mod page;
pub mod problems;
pub mod rate_limit;
pub mod rejection;
pub mod request_context;
pub mod required_factor;
pub mod second_factor;
pub mod session_loads;
pub mod session_rotation;
pub mod session_state;
pub mod session_store;
pub mod set_cookie;
pub mod sudo;
pub mod typed;
pub mod visitor;
pub mod visitor_cookie;
