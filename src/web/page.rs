//! The data around every page, and the responses of a handler: a page, or a redirect.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;

use super::error::{Error, see_other};
use super::flash::Flash;
use super::request_context::RequestContext;
use super::{assets, csrf, rejection};
use crate::accounts::token::{self, Purpose};
use crate::state::AppState;
use crate::throttle::Rejection;

/// First field of every page struct: what `layout.html` draws around it.
pub struct Page {
    pub app: web::Data<AppState>,
    pub(super) context: RequestContext,
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
        csrf::token(&self.app.keys, &self.context)
    }

    /// The URL of a file in `static/`; it changes when any file does.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

/// The page as asked for: 200.
pub fn show(page: impl Template) -> Result<HttpResponse, Error> {
    html(StatusCode::OK, page)
}

/// The same page again, with what is wrong and what was typed: 422.
pub fn invalid(page: impl Template) -> Result<HttpResponse, Error> {
    html(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// The same page again, with what was typed and `InvalidToken::sentence` on it: 403.
pub fn out_of_date(page: impl Template) -> Result<HttpResponse, Error> {
    html(StatusCode::FORBIDDEN, page)
}

/// The same page again, with `rejection::sentence` on it: 429.
pub fn too_many(page: impl Template, rejection: Rejection) -> Result<HttpResponse, Error> {
    let mut response = html(StatusCode::TOO_MANY_REQUESTS, page)?;
    response.headers_mut().insert(header::RETRY_AFTER, rejection::seconds(rejection).into());
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
pub fn redirect(path: &str) -> Result<HttpResponse, Error> {
    Ok(see_other(path))
}

pub fn html(status: StatusCode, page: impl Template) -> Result<HttpResponse, Error> {
    let body = page.render()?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}
