//! Liveness and readiness probes, `robots.txt`, and the well-known path for password managers.

use actix_web::{HttpResponse, web};

use super::error::Error;
use super::page;
use crate::database;
use crate::state::AppState;

/// `GET /healthz`: liveness. Does not query the database, because a restart cannot repair that.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// `GET /readyz`: readiness. The database responds, and has the schema of this build.
pub async fn ready(app: web::Data<AppState>) -> Result<HttpResponse, Error> {
    match database::is_current(&app.db).await? {
        true => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")),
        false => Err(Error::Busy),
    }
}

/// `GET /robots.txt`: search engines may index the home, login and sign-up pages.
pub async fn robots(app: web::Data<AppState>) -> HttpResponse {
    let sign_up = if app.config.sign_up.is_open() { "Allow: /register$\n" } else { "" };
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(format!(
        "User-agent: *\nAllow: /$\nAllow: /login$\n{sign_up}Allow: /static/\nDisallow: /\n"
    ))
}

/// `GET /.well-known/change-password`: password managers open it to change a password
/// (W3C, A Well-Known URL for Changing Passwords).
pub async fn change_password() -> Result<HttpResponse, Error> {
    page::redirect("/account/password")
}
