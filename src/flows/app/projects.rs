//! Your projects: a worked example of pages of your own, with a list, a search and a form.
//!
//! `GET /app/projects`           show  the newest projects
//! `GET /app/projects?q=TEXT`    show  those with this text in their name
//! `GET /app/projects?older=ID`  show  the page after this project; `newer=ID` the page before it
//!
//! `new`, `edit` and `delete` in the folder of this file change them.
//!
//! An attacker sends the ID of somebody else's project, to read, change or delete it. Each
//! statement in `src/projects.rs` asks for the owner too, so the response is the same 404 as for an
//! unknown ID, and for text that is no ID: it does not say whether the project exists. As `older`
//! or `newer`, such an ID is only a position in the attacker's own list.

pub mod delete;
pub mod edit;
pub mod new;

use actix_web::web::{ServiceConfig, resource};
use actix_web::{HttpResponse, web::Query};
use askama::Template;
use serde::Deserialize;
use time::Date;
use uuid::Uuid;

use crate::projects::{self, Draft, Project, Status};
use crate::web::error::{Error, InvalidToken};
use crate::web::human_time;
use crate::web::page::{self, Page};
use crate::web::problems::Problems;
use crate::web::typed::{Choice, Line, Lines, Number, Typed};
use crate::web::visitor::LoggedIn;

const PATH: &str = "/app/projects";
/// The longest notes, in characters. A form has 16 KiB, and a character needs up to 12 bytes in it.
pub const NOTES_MAX: usize = 1000;
/// How many projects a page shows.
const PER_PAGE: usize = 20;

/// The routes, in the scope `/app`, which requires a login.
pub fn routes(app: &mut ServiceConfig) {
    let one = |action: &str| resource(format!("/projects/{{id}}/{action}"));
    app.service(resource("/projects").get(show))
        .service(resource("/projects/new").get(new::show).post(new::submit))
        .service(one("edit").get(edit::show).post(edit::submit))
        .service(one("delete").get(delete::show).post(delete::submit));
}

#[derive(Template)]
#[template(path = "app/projects.html")]
struct ProjectsPage {
    page: Page,
    projects: Vec<Project>,
    query: ListQuery,
    /// The ends of this page, if there are projects beyond them.
    newer: Option<Uuid>,
    older: Option<Uuid>,
}

/// `Typed` also for the search: text with NUL in it would make the statement fail.
#[derive(Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    q: Typed<Option<Line<80>>>,
    #[serde(default)]
    older: String,
    #[serde(default)]
    newer: String,
}

pub async fn show(logged_in: LoggedIn, query: Query<ListQuery>) -> Result<HttpResponse, Error> {
    let mut page = logged_in.visitor.page("Projects");
    let query = query.into_inner();
    let Some(search) = query.q.check("q", &mut page.problems) else {
        let projects = Vec::new();
        return page::invalid(ProjectsPage { page, projects, query, newer: None, older: None });
    };
    let (db, user_id) = (&logged_in.visitor.app.db, logged_in.user.id);
    let search = search.unwrap_or_default();
    // One more than is shown, to know whether there are more.
    let limit = PER_PAGE as i64 + 1;
    if let Ok(than) = Uuid::parse_str(&query.newer) {
        let mut projects = projects::newer(db, user_id, &search, than, limit).await?;
        // With fewer than a page of newer ones, show the first page in full instead.
        if projects.len() >= PER_PAGE {
            let has_newer = projects.len() > PER_PAGE;
            projects.truncate(PER_PAGE);
            projects.reverse();
            let newer = projects.first().map(|project| project.id).filter(|_| has_newer);
            let older = projects.last().map(|project| project.id);
            return page::show(ProjectsPage { page, projects, query, newer, older });
        }
    }
    let than = Uuid::parse_str(&query.older).ok();
    let mut projects = projects::older(db, user_id, &search, than, limit).await?;
    let has_older = projects.len() > PER_PAGE;
    projects.truncate(PER_PAGE);
    let newer = projects.first().map(|project| project.id).filter(|_| than.is_some());
    let older = projects.last().map(|project| project.id).filter(|_| has_older);
    page::show(ProjectsPage { page, projects, query, newer, older })
}

/// The form of `new`, which `edit` shows too if the project is gone.
#[derive(Template)]
#[template(path = "app/projects/new.html")]
struct NewPage {
    page: Page,
    form: ProjectForm,
}

fn new_page(logged_in: &LoggedIn, form: ProjectForm) -> NewPage {
    NewPage { page: logged_in.visitor.page("New project"), form }
}

/// The fields of a project, in `new` and in `edit`.
#[derive(Deserialize, Default)]
pub struct ProjectForm {
    name: Typed<Line<80>>,
    notes: Typed<Option<Lines<NOTES_MAX>>>,
    status: Typed<Status>,
    due_on: Typed<Option<Date>>,
    budget: Typed<Number<0, 1_000_000>>,
    /// Hidden: the version that `edit` began with. `new` has none.
    #[serde(default)]
    version: i32,
}

impl ProjectForm {
    fn of(project: &Project) -> Self {
        Self {
            name: Typed::of(&project.name),
            notes: Typed::of(&project.notes),
            status: Typed::of(project.status.name()),
            due_on: project.due_on.map(Typed::of).unwrap_or_default(),
            budget: Typed::of(project.budget),
            version: project.version,
        }
    }

    /// The values, or messages in `problems`. Every field is checked before the first `?`, so that
    /// people see all messages at once.
    fn check(&self, problems: &mut Problems) -> Option<Draft> {
        let name = self.name.check("name", problems);
        let notes = self.notes.check("notes", problems);
        let status = self.status.check("status", problems);
        let due_on = self.due_on.check("due_on", problems);
        let budget = self.budget.check("budget", problems);
        Some(Draft {
            name: name?,
            notes: notes?.unwrap_or_default(),
            status: status?,
            due_on: due_on?,
            budget: budget?,
        })
    }
}

impl Choice for Status {
    const ALL: &'static [Self] = &[Self::Planned, Self::Active, Self::Done];

    fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Done => "done",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Planned => "Planned",
            Self::Active => "Active",
            Self::Done => "Done",
        }
    }
}

/// The ID in the URL. `NotFound` if it is none.
fn parsed(id: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(id).map_err(|_| Error::NotFound)
}

/// The project of the URL. `NotFound` unless it belongs to this user.
async fn own(logged_in: &LoggedIn, id: &str) -> Result<Project, Error> {
    let db = &logged_in.visitor.app.db;
    projects::find(db, logged_in.user.id, parsed(id)?).await?.ok_or(Error::NotFound)
}

/// The error of a form that is out of date, for a project that was not found. Without a valid token
/// nobody learns which IDs exist. Other failures stay what they are.
fn unless_missing(error: Error, invalid: InvalidToken) -> Error {
    match error {
        Error::NotFound => invalid.into(),
        error => error,
    }
}
