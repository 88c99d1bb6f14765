//! How the site speaks HTTP: everything between the socket and a handler.
//!
//! A request passes, from the outside in: the request log, `outermost` (the request's context,
//! known cookies only, headers on every response), `rate_limit`, `https`, `host`, `csrf`,
//! actix-session with our `session_store`, `session_rotation`, actix-identity, and the `guard` of
//! its scope. A handler gets the result as a `Visitor` or as `LoggedIn`.

pub mod admission;
pub mod assets;
pub mod client_ip;
pub mod cookies;
pub mod csrf;
pub mod device_cookie;
pub mod encrypted_cookie;
pub mod error;
pub mod error_page;
pub mod flash;
pub mod form;
pub mod guard;
pub mod headers;
pub mod health;
pub mod host;
pub mod https;
pub mod human_time;
pub mod known_device;
pub mod next_page;
pub mod outermost;
pub mod page;
pub mod rate_limit;
pub mod rejection;
pub mod request_context;
pub mod session_rotation;
pub mod session_state;
pub mod session_store;
pub mod set_cookie;
pub mod visitor;
pub mod visitor_cookie;
