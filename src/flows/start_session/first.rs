//! The first session of an account, right after it was created.

use actix_web::{HttpRequest, HttpResponse};

use super::start;
use crate::accounts::user::User;
use crate::web::error::Error;
use crate::web::next_page::HOME;
use crate::web::request_context::Login;
use crate::web::visitor::Visitor;

/// Begins a session of the user, and redirects to their home page.
pub fn start_first(
    req: &HttpRequest,
    visitor: &Visitor,
    user: User,
) -> Result<HttpResponse, Error> {
    start(req, visitor, Login { user, remembered: false, second_factor: false }, HOME)
}
