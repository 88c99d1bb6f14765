//! Says on an error page in development which rule rejected the request, and where it lives.
//!
//! `web/error_page.rs` knows the lesson only as a function that `routes` hands in as app data. A
//! site in production has no explanation: an attacker would learn which check to try next.

use actix_web::http::StatusCode;

use super::source::{self, Place, at};
use crate::config::Config;
use crate::web::error::{Error, InvalidToken};
use crate::web::error_page::{Explain, Explanation, Failure};

pub const EXPLAIN: Explain = Explain(explain);

const ROUTES: Place = at("src/routes.rs", "all");

fn explain(config: &Config, failure: Failure<'_>) -> Option<Explanation> {
    if !super::opens_sessions(config) {
        return None;
    }
    let Some(error) = failure.error else { return made_by_actix(&failure) };
    match error {
        // Their response is a redirect to the page where one can authenticate.
        Error::LogInFirst(_) | Error::SudoFirst(_) | Error::FactorFirst(_) => None,
        Error::CrossSite => because(
            "The browser says that a page of another origin sent this form: Sec-Fetch-Site is \
             neither same-origin nor none, or Origin names another site. Of every form, this is \
             checked before the session is loaded.",
            &[at("src/web/csrf.rs", "reject_cross_site")],
        ),
        Error::InvalidToken(InvalidToken::OutOfDate) => because(
            "The CSRF token of the form is missing or forged, or was made for another session or \
             visitor cookie.",
            &[at("src/web/csrf/token.rs", "check")],
        ),
        Error::InvalidToken(InvalidToken::NoCookies { .. }) => because(
            "The form has a CSRF token, but the browser sent no cookie that it could be bound to.",
            &[at("src/web/csrf/token.rs", "check")],
        ),
        Error::NotFound => {
            let route = failure.route.unwrap_or("none");
            let rule = format!(
                "The handler of the route {route} found nothing for this URL, or this site does \
                 not have the page."
            );
            because(&rule, &[ROUTES])
        }
        Error::Malformed(_, text) => {
            let rule =
                "The request is one that no page of this site sends, or it names another Host.";
            Some(Explanation { rule: rule.to_owned(), places: vec![source::holding(text)?] })
        }
        Error::TooMany(_) => because(
            "A limit on attempts was reached: an exact one of the throttle, in PostgreSQL, or the \
             rate limit per IP address, in memory.",
            &[at("src/throttle/limits.rs", "LIMITS"), at("src/web/rate_limit.rs", "limit_posts")],
        ),
        Error::Busy => because(
            "PostgreSQL is unavailable or not migrated, or the queue for password hashing is full.",
            &[
                at("src/database.rs", "is_unavailable"),
                at("src/accounts/password/hasher.rs", "Hasher::run"),
            ],
        ),
        Error::Internal(_) => because(
            "The app failed, and no rule rejected this. The log has the cause, under the ID below.",
            &[at("src/web/error_page.rs", "log_cause")],
        ),
    }
}

/// The router made the response, and no handler ran.
fn made_by_actix(failure: &Failure<'_>) -> Option<Explanation> {
    match failure.status {
        StatusCode::NOT_FOUND => because("No route matches this path.", &[ROUTES]),
        StatusCode::METHOD_NOT_ALLOWED => {
            let route = failure.route.unwrap_or("none");
            because(&format!("The route {route} has no handler for this method."), &[ROUTES])
        }
        _ => None,
    }
}

fn because(rule: &str, places: &[Place]) -> Option<Explanation> {
    let places = places.iter().map(Place::to_string).collect();
    Some(Explanation { rule: rule.to_owned(), places })
}
