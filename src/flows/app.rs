//! The dashboard: the protected page, and a value kept in the session.
//!
//! `GET  /app`       show       who you are, and how long this session lasts
//! `POST /app/note`  keep_note  an ordinary value in this session, Express's `req.session.note`
//!
//! Put the pages of your own product here: the scope in `routes.rs` requires a login.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::flash::FlashKind;
use crate::web::human_time;
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

/// The note's name in the session.
const NOTE: &str = "note";
/// Longest note, in characters. A session is read at every request: keep it small.
const NOTE_MAX: usize = 500;

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage {
    page: Page,
    note: String,
    problem: Option<String>,
    /// When the absolute timeout ends the session.
    ends: String,
    /// The idle timeout.
    idle: String,
}

#[derive(Deserialize)]
pub struct NoteForm {
    #[serde(default)]
    note: String,
}

pub async fn show(somebody: LoggedIn) -> Result<HttpResponse, Error> {
    let note = somebody.visitor.state.get(NOTE)?.unwrap_or_default();
    page::show(draw(&somebody, note, None))
}

pub async fn keep_note(somebody: LoggedIn, form: Checked<NoteForm>) -> Result<HttpResponse, Error> {
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            let problem = Some(invalid.sentence().to_owned());
            return page::out_of_date(draw(&somebody, form.note, problem));
        }
    };
    if form.note.chars().count() > NOTE_MAX {
        let problem = format!("A note can have up to {NOTE_MAX} characters.");
        return page::invalid(draw(&somebody, form.note, Some(problem)));
    }
    // Above all NUL, which PostgreSQL cannot store.
    if form.note.contains(char::is_control) {
        let problem = "A note is one line of text, without control characters.".to_owned();
        return page::invalid(draw(&somebody, form.note, Some(problem)));
    }
    somebody.visitor.state.insert(NOTE, form.note)?;
    somebody.visitor.flash(FlashKind::Good, "Note saved.");
    page::redirect("/app")
}

fn draw(somebody: &LoggedIn, note: String, problem: Option<String>) -> AppPage {
    let lifetimes = somebody.visitor.app.config.lifetimes;
    AppPage {
        page: somebody.visitor.page("Dashboard"),
        note,
        problem,
        ends: human_time::moment(somebody.session.ends_at),
        idle: human_time::span(lifetimes.of(somebody.session.remembered).idle),
    }
}
