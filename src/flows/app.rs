//! The dashboard: the protected page, and a value that is stored in the session.
//!
//! `GET  /app`       show          who you are, and how long this session lasts
//! `POST /app/note`  keeps a note  in this session, as `req.session.note` does in Express
//!
//! Add the pages of your own product here: the scope `/app` in `routes.rs` requires a login.

pub mod projects;

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::lesson::dashboard::Cards;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::factors::{Factor, KINDS};
use crate::web::flash::FlashKind;
use crate::web::human_time::{self, Time};
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

/// The key of the note in the session.
const NOTE: &str = "note";
/// The longest note, in characters. Every request reads the whole session: keep it small.
const NOTE_MAX: usize = 500;

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage {
    page: Page,
    note: String,
    /// When the absolute timeout ends the session.
    ends: Time,
    /// The idle timeout.
    idle: String,
    /// The second factor to suggest, if the account has none. The session knows that, so this costs
    /// no statement.
    suggested: Option<&'static Factor>,
    lesson: Cards,
}

#[derive(Deserialize)]
pub struct NoteForm {
    #[serde(default)]
    note: String,
}

pub async fn show(logged_in: LoggedIn, lesson: Cards) -> Result<HttpResponse, Error> {
    let note = logged_in.visitor.state.get(NOTE)?.unwrap_or_default();
    page::show(draw(&logged_in, note, lesson))
}

pub async fn keep_note(
    logged_in: LoggedIn,
    lesson: Cards,
    form: Checked<NoteForm>,
) -> Result<HttpResponse, Error> {
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            let mut form_page = draw(&logged_in, form.note, lesson);
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    if let Some(problem) = problem(&form.note) {
        let mut form_page = draw(&logged_in, form.note, lesson);
        form_page.page.reject("note", problem);
        return page::invalid(form_page);
    }
    logged_in.visitor.state.insert(NOTE, form.note)?;
    logged_in.visitor.flash(FlashKind::Good, "Note saved.");
    page::redirect("/app")
}

fn problem(note: &str) -> Option<String> {
    if note.chars().count() > NOTE_MAX {
        return Some(format!("A note can have up to {NOTE_MAX} characters."));
    }
    // Most of all NUL, which PostgreSQL cannot store.
    let control = note.contains(char::is_control);
    control.then(|| "A note is one line of text, without control characters.".to_owned())
}

fn draw(logged_in: &LoggedIn, note: String, lesson: Cards) -> AppPage {
    let lifetimes = logged_in.visitor.app.config.lifetimes;
    AppPage {
        page: logged_in.visitor.page("Dashboard"),
        note,
        ends: human_time::moment(logged_in.session.ends_at),
        idle: human_time::span(lifetimes.of(logged_in.session.remembered).idle),
        suggested: KINDS.last().copied().filter(|_| logged_in.session.second_factor_ago.is_none()),
        lesson,
    }
}
