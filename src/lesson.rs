//! The lesson: pages that explain this site with the session of the visitor who opens them.
//!
//! `GET  /practices`         every practice: risk, code, test, and the evidence for this visitor
//! `GET  /practices/{name}`  one of them, with its code
//! `GET  /dev/session`       the session of this browser, and the statements of this request
//! `POST /lesson/…`          the buttons "Try it" of the dashboard
//!
//! `LESSON=on`, the default in development, shows all of it. In production it shows `/practices`
//! only, for a demonstration; everything else stays a 404. An attacker with a stolen session reads
//! here what the account pages show, and four bytes of the hash of its ID, the epochs, and the
//! session's name in the log. No page shows a session ID, a whole hash, a token or the data of
//! another user.

#![allow(clippy::missing_errors_doc, reason = "the error of a handler becomes a page")]

pub mod cookie;
pub mod dashboard;
pub mod errors;
pub mod inspector;
pub mod opened;
pub mod password_change;
pub mod practices;
pub mod row;
pub mod source;
pub mod statements;
pub mod try_it;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig, resource, scope};

use crate::config::Config;
use crate::state::AppState;
use crate::web::csrf;
use crate::web::guard;
use crate::web::next_page::redirect_to;

/// Whether this site shows whole sessions: only in development.
pub fn opens_sessions(config: &Config) -> bool {
    config.lesson && config.environment.is_development()
}

pub fn routes(site: &mut ServiceConfig) {
    site.configure(practices::routes);
    let end_session = resource("/end-session").get(try_it::ended).post(try_it::end);
    let no_token =
        resource("/no-token").wrap(from_fn(try_it::without_token)).wrap(from_fn(guard::logged_in));
    // The middleware that is added last handles each request first.
    let cross_site = resource("/cross-site")
        .wrap(from_fn(csrf::reject_cross_site))
        .wrap(from_fn(try_it::as_another_site));
    let password = resource("/password").wrap(from_fn(guard::logged_in));
    let inspector = resource("/dev/session").wrap(from_fn(only_with_open_sessions));
    site.app_data(errors::EXPLAIN).service(inspector.get(inspector::show)).service(
        scope("/lesson")
            .wrap(from_fn(only_with_open_sessions))
            .service(end_session)
            .service(no_token.get(redirect_to("/app")).post(try_it::unreached))
            .service(cross_site.get(redirect_to("/app")).post(try_it::unreached))
            .service(password.get(redirect_to("/app")).post(password_change::submit)),
    );
}

/// Middleware: where the site does not show whole sessions, the page is a 404.
async fn only_with_open_sessions(
    app: web::Data<AppState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    guard::only_if(opens_sessions(&app.config), req, next).await
}
