//! Authenticator apps (TOTP, RFC 6238): a code that only the user's phone shows.
//!
//! The pages are in `totp/`: `login.rs` and `account.rs`. The rows are in `accounts/totp.rs`, the
//! words of other pages in `web/factors/totp.rs`.

#![allow(clippy::missing_errors_doc, reason = "the error of a handler becomes a page")]

pub mod account;
pub mod keys;
pub mod login;
mod qr_code;

use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, resource, scope};

use crate::web::next_page::redirect_to;
use crate::web::{guard, sudo as sudo_mode};

/// The routes. A URL that takes only a form redirects a GET to the page of the form.
pub fn routes(site: &mut ServiceConfig) {
    let to_account = || redirect_to("/account/totp");
    // A login that waits for its second step
    site.service(resource("/login/totp").get(login::show).post(login::submit));
    // Logged in
    site.service(
        scope("/account/totp")
            .wrap(from_fn(sudo_mode::require_factor))
            .wrap(from_fn(guard::logged_in))
            .service(resource("").get(account::show))
            .service(resource("/setup").get(to_account()).post(account::setup))
            .service(resource("/turn-off").get(to_account()).post(account::remove)),
    );
}
