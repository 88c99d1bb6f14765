//! `Page`, the data for the layout of every page, and the responses of handlers: page or redirect.

use std::cell::OnceCell;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::json;

use super::error::{Error, see_other};
use super::flash::Flash;
use super::problems::Problems;
use super::request_context::RequestContext;
use super::{assets, csrf, rejection};
use crate::state::AppState;
use crate::throttle::Rejection;

/// The data for `layout.html`. Every page struct has it as its first field.
pub struct Page {
    pub app: web::Data<AppState>,
    pub(super) context: RequestContext,
    pub(super) csrf: OnceCell<String>,
    pub title: String,
    pub app_name: String,
    /// The email address of the logged-in user.
    pub email: Option<String>,
    pub flash: Option<Flash>,
    pub problems: Problems,
    /// The path of this request, so that the navigation can mark the current page.
    pub path: String,
    pub development: bool,
}

impl Page {
    /// The CSRF token for the forms of this page. Only a form calls it, so a page without a form
    /// sets no cookie.
    pub fn csrf(&self) -> &str {
        self.csrf.get_or_init(|| csrf::token(&self.app.keys, &self.context))
    }

    /// Shows a message at the field of this name. Call it in the order of the fields on the page.
    pub fn reject(&mut self, field: &'static str, message: impl Into<String>) {
        self.problems.add(field, message.into());
    }

    /// Shows a message for the form as a whole, above the heading.
    pub fn reject_form(&mut self, message: impl Into<String>) {
        self.problems.set_form(message.into());
    }

    /// The URL of a file in `static/`.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

/// The requested page: 200.
pub fn show(page: impl Template) -> Result<HttpResponse, Error> {
    render_page(StatusCode::OK, page)
}

/// A page of a list without the requested entry: 404.
pub fn not_found(page: impl Template) -> Result<HttpResponse, Error> {
    render_page(StatusCode::NOT_FOUND, page)
}

/// The same page again, with the errors and the typed values: 422.
pub fn invalid(page: impl Template) -> Result<HttpResponse, Error> {
    render_page(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// The same page again, with the typed values and `InvalidToken::sentence`: 403.
pub fn out_of_date(page: impl Template) -> Result<HttpResponse, Error> {
    render_page(StatusCode::FORBIDDEN, page)
}

/// A page in place of one that nobody can use at present: 403.
pub fn closed(page: impl Template) -> Result<HttpResponse, Error> {
    render_page(StatusCode::FORBIDDEN, page)
}

/// The same page again, with `rejection::sentence`: 429.
pub fn too_many(page: impl Template, rejection: Rejection) -> Result<HttpResponse, Error> {
    let mut response = render_page(StatusCode::TOO_MANY_REQUESTS, page)?;
    response.headers_mut().insert(header::RETRY_AFTER, rejection::seconds(rejection).into());
    Ok(response)
}

/// A redirect after success, so that reloading the page does not repeat the request: 303.
pub fn redirect(path: &str) -> Result<HttpResponse, Error> {
    Ok(see_other(path))
}

/// The same for a script of ours, which opens the page itself: 200.
pub fn next_json(path: &str) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(json!({ "next": path })))
}

pub fn render_page(status: StatusCode, page: impl Template) -> Result<HttpResponse, Error> {
    let body = page.render()?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}
