//! The page for a link from an email that is invalid, expired or used, with the next step for its
//! purpose.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::error::Error;
use super::page::{Page, render_page};
use super::visitor::Visitor;
use crate::accounts::token::Purpose;

#[derive(Template)]
#[template(path = "invalid_link.html")]
struct InvalidLinkPage {
    page: Page,
    purpose: Purpose,
    /// For the field of its form: an email address that this browser knows already.
    email: String,
}

/// 404. For most links, the page has a form that requests a new one.
pub fn show(visitor: &Visitor, purpose: Purpose) -> Result<HttpResponse, Error> {
    let page = visitor.page("This link no longer works");
    let registered = visitor.registration().map(|registration| registration.email);
    let email = registered.filter(|_| purpose == Purpose::Verify).or_else(|| page.email.clone());
    let email = email.unwrap_or_default();
    render_page(StatusCode::NOT_FOUND, InvalidLinkPage { page, purpose, email })
}
