//! The data around every page, and the responses of a handler: a page, or a redirect.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::{assets, csrf, limit};
use crate::accounts::throttle::Refusal;
use crate::accounts::token::{self, Purpose};
use crate::app::App;
use crate::error::Error;

/// First field of every page struct: what `layout.html` draws around it.
pub struct Page {
    pub app: web::Data<App>,
    pub title: String,
    pub app_name: String,
    /// The email address of the logged-in user.
    pub email: Option<String>,
    pub flash: Option<Flash>,
    /// Of this request, so that the navigation can tell where we are.
    pub path: String,
    pub development: bool,
}

impl Page {
    /// The CSRF token for a form. Made when the form is rendered: a page without one sets no
    /// cookie.
    pub fn csrf(&self) -> String {
        csrf::token(&self.app.keys)
    }

    /// The URL of a file in `static/`; it changes when any file does.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

/// Said once, on the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub kind: FlashKind,
    pub text: String,
}

impl Flash {
    pub fn new(kind: FlashKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlashKind {
    Good,
    Bad,
}

impl FlashKind {
    pub fn class(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

/// The page as asked for: 200.
pub fn show(page: impl Template) -> Result<HttpResponse, Error> {
    html(StatusCode::OK, page)
}

/// The same page again, with what is wrong and what was typed: 422.
pub fn again(page: impl Template) -> Result<HttpResponse, Error> {
    html(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// The same page again, with what was typed and `Refused::sentence` on it: 403.
pub fn out_of_date(page: impl Template) -> Result<HttpResponse, Error> {
    html(StatusCode::FORBIDDEN, page)
}

/// The same page again, with `limit::sentence` on it: 429.
pub fn too_many(page: impl Template, refusal: Refusal) -> Result<HttpResponse, Error> {
    let mut response = html(StatusCode::TOO_MANY_REQUESTS, page)?;
    response.headers_mut().insert(header::RETRY_AFTER, limit::seconds(refusal).into());
    Ok(response)
}

/// A link that is wrong, expired or used: 404, with the next step for its purpose.
pub fn dead_link(page: Page, purpose: token::Purpose) -> Result<HttpResponse, Error> {
    html(StatusCode::NOT_FOUND, DeadLinkPage { page, purpose })
}

#[derive(Template)]
#[template(path = "dead_link.html")]
struct DeadLinkPage {
    page: Page,
    purpose: token::Purpose,
}

/// After success, so that a reload repeats nothing: 303.
pub fn go_to(path: &str) -> Result<HttpResponse, Error> {
    Ok(crate::error::see_other(path))
}

pub fn html(status: StatusCode, page: impl Template) -> Result<HttpResponse, Error> {
    let body = page.render()?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}
