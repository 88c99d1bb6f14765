//! The front page.
//!
//! `GET /`  show  what this site is, and links to sign up and log in

use actix_web::HttpResponse;
use askama::Template;

use crate::web::error::Error;
use crate::web::page::{self, Page};
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "home/reference.html")]
struct HomePage {
    page: Page,
}

pub async fn show(visitor: Visitor) -> Result<HttpResponse, Error> {
    page::show(HomePage { page: visitor.page("Log in and stay logged in safely") })
}
