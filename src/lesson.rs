//! The lesson: pages that explain this site with the session of whoever looks at them.
//!
//! `GET  /practices`         every practice: risk, code, test, and the evidence for this visitor
//! `GET  /practices/{name}`  one of them, with its code
//! `GET  /dev/session`       the session of this browser, and the statements of this request
//! `POST /lesson/…`          the buttons "Try it" of the dashboard
//!
//! `LESSON=on`, the default in development, shows all of it. In production it shows `/practices`
//! only, for a demonstration; everything else stays a 404. An attacker with a stolen session reads
//! here what the account pages show too. No page shows a session ID, a whole hash, a token or the
//! data of another user. `docs/make-it-yours.md` lists what to delete with this file.

#![allow(clippy::missing_errors_doc, reason = "the error of a handler becomes a page")]

pub mod cookie;
pub mod dashboard;
pub mod errors;
pub mod opened;
pub mod practices;
pub mod row;
pub mod source;

use actix_web::web::ServiceConfig;

use crate::config::Config;

/// Whether this site shows whole sessions: only in development.
pub fn opens_sessions(config: &Config) -> bool {
    config.lesson && config.environment.is_development()
}

pub fn routes(site: &mut ServiceConfig) {
    site.app_data(errors::EXPLAIN).configure(practices::routes);
}
