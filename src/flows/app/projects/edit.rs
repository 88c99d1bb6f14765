//! Edit a project.
//!
//! `GET  /app/projects/{id}/edit`  show    the form with the present values
//! `POST /app/projects/{id}/edit`  submit  saves them
//!
//! The form names the version that it began with (optimistic locking). If the project was changed
//! meanwhile, in another tab or on another device, nothing is saved: the page shows the present
//! values below the form, which keeps what was typed. It then names the present version, so sending
//! it again replaces that. Nothing is overwritten that its owner has not seen.
//!
//! If the project was deleted meanwhile, the response is a 404 with the form for a new project,
//! which keeps what was typed. It is the same for somebody else's project and for an ID that never
//! existed: it contains only what the sender typed.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{PATH, ProjectForm, new_page, own};
use crate::projects::{self, Project};
use crate::web::csrf::Checked;
use crate::web::error::{Error, InvalidToken};
use crate::web::flash::FlashKind;
use crate::web::page::{self, Page};
use crate::web::typed::Choice;
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "app/projects/edit.html")]
struct EditPage {
    page: Page,
    project: Project,
    form: ProjectForm,
    /// Whether the project was changed since the form was opened.
    conflict: bool,
}

const MISSING: &str =
    "We can't find this project, so nothing was saved. If it was deleted, you can add it again.";

/// The form of `new`, with what was typed.
fn missing(
    logged_in: &LoggedIn,
    form: ProjectForm,
    invalid: Option<InvalidToken>,
) -> Result<HttpResponse, Error> {
    let mut form_page = new_page(logged_in, form);
    if let Some(invalid) = invalid {
        form_page.page.reject_form(format!("{} {MISSING}", invalid.sentence()));
        return page::out_of_date(form_page);
    }
    form_page.page.reject_form(MISSING);
    page::not_found(form_page)
}

fn draw(logged_in: &LoggedIn, project: Project, form: ProjectForm) -> EditPage {
    EditPage { page: logged_in.visitor.page("Edit project"), project, form, conflict: false }
}

pub async fn show(logged_in: LoggedIn, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let project = own(&logged_in, &id).await?;
    let form = ProjectForm::of(&project);
    page::show(draw(&logged_in, project, form))
}

pub async fn submit(
    logged_in: LoggedIn,
    id: web::Path<String>,
    form: Checked<ProjectForm>,
) -> Result<HttpResponse, Error> {
    let (form, invalid) = match form {
        Checked::Valid(form) => (form, None),
        Checked::OutOfDate(form, invalid) => (form, Some(invalid)),
    };
    // Before the fields are checked: the response depends on no value that was typed.
    let project = match own(&logged_in, &id).await {
        Err(Error::NotFound) => return missing(&logged_in, form, invalid),
        project => project?,
    };
    let mut form_page = draw(&logged_in, project, form);
    if let Some(invalid) = invalid {
        form_page.page.reject_form(invalid.sentence());
        return page::out_of_date(form_page);
    }
    let Some(draft) = form_page.form.check(&mut form_page.page.problems) else {
        return page::invalid(form_page);
    };
    let (project_id, version) = (form_page.project.id, form_page.form.version);
    let mut tx = logged_in.begin(PATH).await?;
    if projects::update(&mut *tx, logged_in.user.id, project_id, version, &draft).await? {
        tx.commit().await?;
        logged_in.visitor.flash(FlashKind::Good, "Project saved.");
        return page::redirect(PATH);
    }
    // Read again: the change that was in the way may be newer than `project`.
    tx.rollback().await?;
    form_page.project = match own(&logged_in, &id).await {
        Err(Error::NotFound) => return missing(&logged_in, form_page.form, None),
        project => project?,
    };
    form_page.form.version = form_page.project.version;
    form_page.conflict = true;
    form_page.page.reject_form(
        "This project was changed since you opened it, so nothing was saved. Compare both below, \
         then save again.",
    );
    page::invalid(form_page)
}
