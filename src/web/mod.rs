//! How the site speaks HTTP: everything between the socket and a handler.
//!
//! A request passes, from the outside in: the request log, `layer` (known cookies only, headers on
//! every response), `limit` (no flood), `https` (nothing else), `address` (the right host), `csrf`
//! (not from another site), actix-session with our `session_store`, `layer::renew_in_place`,
//! actix-identity, and the `guard` of its scope. A handler gets the result as a `Visitor` or as
//! `LoggedIn`.

pub mod address;
pub mod assets;
pub mod cookies;
pub mod csrf;
pub mod device;
pub mod form;
pub mod guard;
pub mod headers;
pub mod health;
pub mod https;
pub mod layer;
pub mod limit;
pub mod next_page;
pub mod origin;
pub mod page;
pub mod sealed;
pub mod session_state;
pub mod session_store;
pub mod set_cookie;
pub mod visit;
pub mod visitor;
pub mod visitor_cookie;
pub mod words;
