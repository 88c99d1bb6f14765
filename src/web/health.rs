//! For machines: whether the app is alive, whether it can serve, and the well-known paths.

use actix_web::{HttpResponse, web};

use super::error::Error;
use super::page;
use crate::database;
use crate::state::AppState;

/// `GET /healthz`: the process answers. It does not ask the database, whose outage no restart ends.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// `GET /readyz`: the database answers and has the schema that this build knows.
pub async fn ready(app: web::Data<AppState>) -> Result<HttpResponse, Error> {
    match database::is_current(&app.db).await? {
        true => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")),
        false => Err(Error::Busy),
    }
}

/// `GET /robots.txt`: nothing here is for search engines but the front page.
pub async fn robots() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("User-agent: *\nAllow: /$\nAllow: /static/\nDisallow: /\n")
}

/// `GET /.well-known/change-password`: where password managers send people
/// (W3C, A Well-Known URL for Changing Passwords).
pub async fn change_password() -> Result<HttpResponse, Error> {
    page::redirect("/account/password")
}
