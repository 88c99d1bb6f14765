//! A session with what explains it: its row, the statement that loads it, its cookie.

use std::time::Duration;

use actix_web::HttpRequest;
use uuid::Uuid;

use super::cookie::{self, SessionCookie};
use super::row::{self, Row};
use super::source::{self, Place, at};
use crate::state::AppState;
use crate::web::error::Error;
use crate::web::human_time;

/// The statement that loads a session.
pub const LOAD: Place = at("src/accounts/session.rs", "find");

pub struct Opened {
    pub row: Row,
    pub load: Place,
    pub load_sql: String,
    pub cookie: SessionCookie,
    pub attributes: String,
}

impl Opened {
    /// `None`: the session has ended while this request ran.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(app: &AppState, req: &HttpRequest, id: Uuid) -> Result<Option<Self>, Error> {
        Ok(row::of(&app.db, id).await?.map(|row| Self::with_row(app, req, row)))
    }

    pub fn with_row(app: &AppState, req: &HttpRequest, row: Row) -> Self {
        Self {
            attributes: cookie::attributes(row.remembered.then_some(row.absolute_left)),
            row,
            load: LOAD,
            load_sql: source::dedent(&LOAD.statement().unwrap_or_default()),
            cookie: SessionCookie::of(app, req),
        }
    }

    /// Seconds, as people say them.
    pub fn left(&self, seconds: &i64) -> String {
        human_time::span(Duration::from_secs(u64::try_from(*seconds).unwrap_or_default()))
    }
}
