//! The practices of this site, a short page each.
//!
//! `GET /practices`         index  every practice, with the risk that it is about
//! `GET /practices/{name}`  show   one of them: what the app does, its code, its tests, and the
//!                                 evidence for this visitor
//!
//! `PRACTICES` is the one list. It gives these pages, the tables in `README.md` and
//! `docs/practices.md`, and the tests in `tests/lesson/practices.rs`, which fail when a file, a
//! symbol, a test or a patch that it names is gone.
//!
//! With `LESSON=on` the pages exist in production too. There an attacker reads the listed items of
//! the source, so leave it off if yours is secret. Settings are shown only if every response or
//! every account shows them too, or if they help nobody: names of cookies, timeouts, the cost of a
//! hash. The waivers of `ALLOW_UNSAFE` are shown in development only, the number of concurrent
//! hashes, the secrets and the IP addresses of proxies nowhere. The thief of a session learns what
//! the account pages show, four bytes of the hash of its ID, and the settings of the password's
//! hash. Nothing depends on another account. No page writes a row of its own, and none sets a
//! cookie but to show a message once.

mod accounts;
pub mod evidence;
pub mod facts;
mod guide;
mod passkeys;
pub mod prose;
mod requests;
mod second_factors;
mod sessions;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::source::{Excerpt, Place};
use crate::state::AppState;
use crate::web::error::Error;
use crate::web::guard;
use crate::web::page::{self, Page};
use crate::web::visitor::Visitor;
use evidence::{Evidence, Value};
use facts::Facts;

/// A practice and everything that its page shows. In the texts, backticks enclose code.
pub struct Practice {
    /// In the URL of its page.
    pub name: &'static str,
    pub title: &'static str,
    /// What an attacker gains without it, in a sentence.
    pub risk: &'static str,
    /// What this app does.
    pub does: &'static str,
    /// The items that do it, the most important one first.
    pub code: &'static [Place],
    /// The tests that show it.
    pub tests: &'static [Place],
    /// The patch in `reference/patches/` that removes it, for `reference/prove-attacks`.
    pub patch: Option<&'static str>,
    /// What an Express app does instead.
    pub express: &'static str,
    /// What of it this visitor can see now.
    evidence: fn(&Facts) -> Vec<Evidence>,
}

impl Practice {
    pub fn evidence_for(&self, facts: &Facts) -> Vec<Evidence> {
        (self.evidence)(facts)
    }
}

/// Practices under one heading.
pub struct Group {
    pub title: &'static str,
    pub practices: &'static [Practice],
}

pub static PRACTICES: &[Group] = &[
    Group { title: "In every guide to sessions", practices: &guide::PRACTICES },
    Group { title: "Further practices of sessions", practices: &sessions::PRACTICES },
    Group { title: "Passwords, emails and attempts", practices: &accounts::PRACTICES },
    Group { title: "Second factors", practices: &second_factors::PRACTICES },
    Group { title: "Passkeys", practices: &passkeys::PRACTICES },
    Group { title: "Requests, responses and operation", practices: &requests::PRACTICES },
];

/// All practices, in the order of the pages.
pub fn all() -> impl Iterator<Item = &'static Practice> {
    PRACTICES.iter().flat_map(|group| group.practices)
}

pub fn routes(site: &mut ServiceConfig) {
    let (all, one) = (resource("/practices"), resource("/practices/{name}"));
    site.service(all.wrap(from_fn(only_in_the_lesson)).get(index))
        .service(one.wrap(from_fn(only_in_the_lesson)).get(show));
}

#[derive(Template)]
#[template(path = "lesson/practices.html")]
struct IndexPage {
    page: Page,
    groups: &'static [Group],
    count: usize,
}

#[derive(Template)]
#[template(path = "lesson/practice.html")]
struct PracticePage {
    page: Page,
    practice: &'static Practice,
    evidence: Vec<Evidence>,
    excerpts: Vec<Excerpt>,
    previous: Option<&'static Practice>,
    next: Option<&'static Practice>,
}

pub async fn index(visitor: Visitor) -> Result<HttpResponse, Error> {
    page::show(IndexPage {
        page: visitor.page("Practices"),
        groups: PRACTICES,
        count: all().count(),
    })
}

pub async fn show(
    req: HttpRequest,
    visitor: Visitor,
    name: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let at = all().position(|practice| practice.name == *name).ok_or(Error::NotFound)?;
    let neighbour = |at: Option<usize>| at.and_then(|at| all().nth(at));
    let practice = neighbour(Some(at)).ok_or(Error::NotFound)?;
    let facts = Facts::of(&req, &visitor).await?;
    page::show(PracticePage {
        page: visitor.page(practice.title),
        evidence: practice.evidence_for(&facts),
        excerpts: practice.code.iter().filter_map(|place| place.excerpt()).collect(),
        practice,
        previous: neighbour(at.checked_sub(1)),
        next: neighbour(at.checked_add(1)),
    })
}

/// Middleware: without the lesson, the pages do not exist, for no method.
async fn only_in_the_lesson(
    app: web::Data<AppState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    guard::only_if(app.config.lesson, req, next).await
}
