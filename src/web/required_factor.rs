//! `REQUIRE_SECOND_FACTOR`: a user without a second factor sets one up before anything else
//! (ASVS 6.3.3).

use actix_web::dev::ServiceRequest;
use actix_web::web;

use super::factors::KINDS;
use crate::accounts::session::Session;
use crate::state::AppState;

/// The page to set up a second factor, if one is required and missing. The session says so, which
/// costs no statement: setting one up ends every other session of the user.
pub fn missing(req: &ServiceRequest, session: &Session) -> Option<&'static str> {
    let app = req.app_data::<web::Data<AppState>>();
    let is_required = app.is_none_or(|app| app.config.require_second_factor);
    let is_set_up = KINDS.iter().any(|factor| req.path().starts_with(factor.page));
    let is_missing = is_required && session.second_factor_ago.is_none() && !is_set_up;
    is_missing.then(|| KINDS.first().map_or("/account", |factor| factor.page))
}
