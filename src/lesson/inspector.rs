//! `GET /dev/session`: the session of this browser, and what this request did for it. In
//! development only.
//!
//! It shows the row, the cookie and whether this response sets it, the last rotations of the
//! session ID, and the statements that this request has run. Anybody may open it and sees their own
//! session only, without the ID, the values and the whole hash.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use time::OffsetDateTime;

use super::cookie::{self, CookieInResponse};
use super::opened::Opened;
use super::statements::{self, Statement};
use crate::accounts::audit;
use crate::state::AppState;
use crate::web::error::Error;
use crate::web::factors;
use crate::web::human_time::{self, Time};
use crate::web::page::{self, Page};
use crate::web::visitor::Visitor;

/// How many events of the account are searched for rotations.
const EVENTS: i64 = 100;
/// How many rotations are shown.
const ROTATIONS: usize = 5;

/// The stored names of the events that come with a new session ID, and why it is new.
const REASONS: [(&str, &str); 7] = [
    ("login", "A login: a session with a new ID began; one that the browser had before ended"),
    ("login.new-device", "A login on a new device: a session with a new ID began"),
    ("email.verify", "A verified email address: the first session of the account began"),
    ("sudo", "A re-authentication: a copy of the ID must not get the rights of sudo mode"),
    ("account.password", "A changed password: copies of the ID of before must be invalid"),
    ("email.change", "A changed email address"),
    ("account.recovery-codes", "New recovery codes were made"),
];

/// Why a session got a new ID, if this event comes with one.
pub fn reason_of(event: &str) -> Option<&'static str> {
    let of_factor = || {
        let change = factors::event_named(event).filter(|kind| !kind.is_alarming);
        change.map(|_| "A second factor was added, replaced or removed")
    };
    let known = REASONS.iter().find(|(name, _)| *name == event).map(|(_, reason)| *reason);
    known.or_else(of_factor)
}

#[derive(Template)]
#[template(path = "lesson/session.html")]
struct SessionPage {
    page: Page,
    /// `None`: this browser has no session.
    opened: Option<Opened>,
    cookie: CookieInResponse,
    rotations: Vec<Rotation>,
    /// `None`: the log of this process has no layer for them.
    statements: Option<Vec<Statement>>,
}

struct Rotation {
    event: String,
    reason: &'static str,
    at: Time,
}

pub async fn show(visitor: Visitor, req: HttpRequest) -> Result<HttpResponse, Error> {
    // Takes the flash, which changes the session.
    let page = visitor.page("The session of this browser");
    let facts = visitor.cookie_facts();
    let session = facts.session.as_ref().map(|session| session.id);
    let opened = match session {
        Some(id) => Opened::of(&visitor.app, &req, id).await?,
        None => None,
    };
    let began = opened.as_ref().map(|opened| opened.row.created_at);
    page::show(SessionPage {
        cookie: cookie::in_response(&facts),
        rotations: match began {
            Some(began) => rotations(&visitor.app, &visitor, began).await?,
            None => Vec::new(),
        },
        statements: statements::so_far(),
        opened,
        page,
    })
}

/// The rotations of a session that began then, newest first. An event names its account, browser
/// and IP address and no session, so those of another session with all three equal are among them.
async fn rotations(
    app: &AppState,
    visitor: &Visitor,
    began: OffsetDateTime,
) -> sqlx::Result<Vec<Rotation>> {
    let Some(user) = &visitor.user else { return Ok(Vec::new()) };
    let events = audit::list(&app.db, user.id, None, EVENTS).await?.into_iter();
    // A login is recorded in the transaction before that of its session.
    let began = began - time::Duration::seconds(5);
    let ours = events.filter(|event| {
        let sender = event.address.map(|address| address.addr());
        event.created_at >= began
            && sender == Some(visitor.client.address)
            && event.user_agent == visitor.client.user_agent
    });
    let rotations = ours.filter_map(|event| {
        let reason = reason_of(&event.name)?;
        Some(Rotation { event: event.name, reason, at: human_time::moment(event.created_at) })
    });
    Ok(rotations.take(ROTATIONS).collect())
}
