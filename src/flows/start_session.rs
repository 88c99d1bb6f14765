//! Begins the session of a user, for every flow that logs somebody in.
//!
//! Session fixation: an attacker planted a session in the victim's browser. The login begins a
//! session with a new ID, and the planted one ends. Its values are dropped, whether an attacker
//! planted them or another user left them: `Identity::login` alone would keep them.

mod first;
mod recorded;
mod second_step;
mod steps;

use actix_identity::Identity;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::web::error::Error;
use crate::web::next_page::{HOME, own_path};
use crate::web::page;
use crate::web::request_context::{Login, RequestContext};
use crate::web::visitor::Visitor;
pub use first::start_first;
use recorded::record;
pub use second_step::{SecondStep, prove_second_factor};
pub use steps::{after_first_factor, complete};

/// Begins a session for a user who has authenticated, and redirects to `next`.
///
/// Like `req.session.regenerate()` in Express. It calls `clear()` and not `purge()`: after a purge
/// actix-session silently ignores all later changes, the login included.
pub fn start(
    req: &HttpRequest,
    visitor: &Visitor,
    login: Login,
    next: &str,
) -> Result<HttpResponse, Error> {
    visitor.state.clear();
    visitor.forget_reset();
    let user_id = login.user.id.to_string();
    // After the handler, actix-session calls `save` of `web/session_store.rs`, which ends the old
    // session and inserts a row under a new ID. It has the epoch that was read with the password
    // hash; after a change in between, nothing is inserted.
    RequestContext::of(req)?.begin_login(login);
    Identity::login(&req.extensions(), user_id)?;
    page::redirect(&own_path(next, HOME))
}
