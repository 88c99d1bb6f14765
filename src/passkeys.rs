//! Passkeys (W3C Web Authentication): log in without a password, prove a second factor,
//! re-authenticate in sudo mode.
//!
//! The pages and their requests are in `passkeys/`: `login.rs`, `account.rs` and `sudo.rs`, for
//! which `ceremony.rs` makes challenges and verifies the answers. `static/passkeys.js` talks to the
//! authenticator. The rows are in `accounts/passkey.rs`, the words of other pages in
//! `web/factors/passkey.rs`.

#![allow(clippy::missing_errors_doc, reason = "the error of a handler becomes a page")]

pub mod account;
pub mod ceremony;
pub mod login;
pub mod sudo;

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, resource, scope};
use serde_json::json;

use crate::state::AppState;
use crate::web::next_page::redirect_to;
use crate::web::{guard, sudo as sudo_mode};

/// The routes. A URL that takes only requests of the script redirects a GET to its page.
pub fn routes(site: &mut ServiceConfig) {
    let to_login = || redirect_to("/login");
    let to_sudo = || redirect_to("/sudo");
    let to_account = || redirect_to("/account/passkeys");
    // Anyone
    site.service(resource("/login/passkey/start").get(to_login()).post(login::start))
        .service(resource("/login/passkey/finish").get(to_login()).post(login::finish))
        .service(resource("/.well-known/passkey-endpoints").get(endpoints));
    // A login that waits for its second step
    site.service(resource("/login/passkey").get(login::show));
    // Logged in
    site.service(resource("/sudo/passkey/start").get(to_sudo()).post(sudo::start))
        .service(resource("/sudo/passkey/finish").get(to_sudo()).post(sudo::finish));
    site.service(
        scope("/account/passkeys")
            .wrap(from_fn(sudo_mode::require_factor))
            .wrap(from_fn(guard::logged_in))
            .service(resource("").get(account::show))
            .service(resource("/start").get(to_account()).post(account::start))
            .service(resource("/finish").get(to_account()).post(account::finish))
            .service(resource("/{id}/rename").get(to_account()).post(account::rename))
            .service(resource("/{id}/remove").get(to_account()).post(account::remove)),
    );
}

/// `GET /.well-known/passkey-endpoints`: password managers offer to add a passkey, and to manage
/// them (W3C, Passkey Endpoints Well-Known URL).
async fn endpoints(app: web::Data<AppState>) -> HttpResponse {
    let page = format!("{}/account/passkeys", app.origin.url);
    HttpResponse::Ok().json(json!({ "enroll": page, "manage": page }))
}
