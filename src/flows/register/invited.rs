//! The page in place of the sign-up, with `REGISTRATION=invited`.
//!
//! `GET  /register`  show  that accounts are by invitation, and what to do
//! `POST /register`  show  the same, and nothing is created
//!
//! An attacker tries to get an account without an invitation. This page replaces the sign-up, and
//! `accounts/registration.rs` no longer finds what a visitor began before the setting was changed.

use actix_web::HttpResponse;
use askama::Template;

use crate::web::error::Error;
use crate::web::page::{self, Page};
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "register/invited.html")]
struct InvitedPage {
    page: Page,
}

/// 403 and not 404: the page is no secret, and people come to it by old links. Neither a login nor
/// another form would open it. Search engines do not list a 403.
pub(super) fn show(visitor: &Visitor) -> Result<HttpResponse, Error> {
    page::closed(InvitedPage { page: visitor.page("Accounts are by invitation") })
}
