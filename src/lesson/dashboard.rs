//! "Your session, opened up": the cards that the lesson adds to the dashboard.
//!
//! `flows/app.rs` takes `Cards` as a parameter and includes `templates/lesson/dashboard.html`. The
//! lesson is below `flows`, so the dashboard asks for its cards, and the lesson knows no flow.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::opened::Opened;
use super::practices::evidence::Evidence;
use super::practices::facts::Facts;
use super::practices::{self, Practice};
use crate::accounts::audit::{self, Event};
use crate::accounts::session::{self, ListedSession};
use crate::web::error::Error;
use crate::web::visitor::LoggedIn;

/// How many events of the account the dashboard shows.
const EVENTS: i64 = 5;

/// The practices whose evidence in this session the dashboard shows, by their names in the URL.
pub const SHOWN: [&str; 8] = [
    "id-regeneration",
    "expiration",
    "server-side-storage",
    "http-only",
    "cross-site-requests",
    "credential-changes",
    "sudo-mode",
    "your-sessions",
];

/// The cards of this request. `None`: the lesson is off.
pub struct Cards(pub Option<Dashboard>);

pub struct Dashboard {
    pub opened: Opened,
    pub practices: Vec<(&'static Practice, Evidence)>,
    pub events: Vec<Event>,
    pub devices: Vec<ListedSession>,
}

impl FromRequest for Cards {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, logged_in) = (req.clone(), LoggedIn::from_request(req, payload).into_inner());
        Box::pin(async move { cards(&req, &logged_in?).await.map(Self) })
    }
}

async fn cards(req: &HttpRequest, logged_in: &LoggedIn) -> Result<Option<Dashboard>, Error> {
    let (app, user, id) = (&logged_in.visitor.app, &logged_in.user, logged_in.session.id);
    if !super::opens_sessions(&app.config) {
        return Ok(None);
    }
    let facts = Facts::of(req, &logged_in.visitor).await?;
    let shown = practices::all().filter(|practice| SHOWN.contains(&practice.name));
    let first = |practice: &'static Practice| {
        practice.evidence_for(&facts).into_iter().next().map(|evidence| (practice, evidence))
    };
    let practices = shown.filter_map(first).collect();
    // The session ended while this request ran: the page is drawn without cards.
    let Some(login) = facts.login else { return Ok(None) };
    Ok(Some(Dashboard {
        opened: Opened::with_row(app, req, login.row),
        practices,
        events: audit::list(&app.db, user.id, None, EVENTS).await?,
        devices: session::list(&app.db, user, id).await?,
    }))
}
