//! "Your session, opened up": the cards that the lesson adds to the dashboard.
//!
//! `flows/app.rs` takes `Cards` as a parameter and includes `templates/lesson/dashboard.html`.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::cookie::{self, SessionCookie};
use super::row::{self, Row};
use super::source::{self, Place, at};
use crate::web::error::Error;
use crate::web::human_time;
use crate::web::visitor::LoggedIn;

/// The statement that loads a session.
pub const LOAD: Place = at("src/accounts/session.rs", "find");

/// The cards of this request. `None`: the lesson is off.
pub struct Cards(pub Option<Opened>);

/// The session of this request, with everything that the cards show.
pub struct Opened {
    pub row: Row,
    pub load: Place,
    pub load_sql: String,
    pub cookie: SessionCookie,
    pub attributes: String,
}

impl Opened {
    /// Seconds, as people say them.
    pub fn left(&self, seconds: &i64) -> String {
        human_time::span(Duration::from_secs(u64::try_from(*seconds).unwrap_or_default()))
    }
}

impl FromRequest for Cards {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, logged_in) = (req.clone(), LoggedIn::from_request(req, payload).into_inner());
        Box::pin(async move { open(&req, &logged_in?).await.map(Self) })
    }
}

async fn open(req: &HttpRequest, logged_in: &LoggedIn) -> Result<Option<Opened>, Error> {
    let app = &logged_in.visitor.app;
    if !super::opens_sessions(&app.config) {
        return Ok(None);
    }
    // It ended while this request ran: the page is drawn without cards.
    let Some(row) = row::of(&app.db, logged_in.session.id).await? else { return Ok(None) };
    Ok(Some(Opened {
        attributes: cookie::attributes(row.remembered.then_some(row.absolute_left)),
        row,
        load: LOAD,
        load_sql: source::dedent(&LOAD.statement().unwrap_or_default()),
        cookie: SessionCookie::of(app, req),
    }))
}
