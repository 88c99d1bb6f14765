//! The one door: every way in ends here, and a session begins nowhere else.
//!
//! An attacker who planted a session in the victim's browser (session fixation) finds it dead: the
//! ID is a new one. What was set before is dropped, so that nothing planted, and nothing of the
//! person who was logged in before, crosses the login: `Identity::login` alone would keep it.

use actix_identity::Identity;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::error::Error;
use crate::web::next_page::{HOME, own_path};
use crate::web::page;
use crate::web::visit::{self, Login};
use crate::web::visitor::Visitor;

/// Begins a session for somebody who has proved who they are, and leads them on.
///
/// Express people know this as `req.session.regenerate()`. `clear()` and not `purge()`: after
/// a purge actix-session drops whatever follows, the login included, without a word.
pub fn start(
    req: &HttpRequest,
    visitor: &Visitor,
    login: Login,
    next: &str,
) -> Result<HttpResponse, Error> {
    visitor.state.clear();
    let user_id = login.user.id.to_string();
    // The session store opens the session for this user, with the epoch as it was when the
    // password was read; a password changed in between has already ended it.
    visit::with(|visit| visit.login = Some(login));
    Identity::login(&req.extensions(), user_id)?;
    page::go_to(&own_path(next, HOME))
}
