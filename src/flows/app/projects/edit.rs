//! Edit a project.
//!
//! `GET  /app/projects/{id}/edit`  show    the form with the present values
//! `POST /app/projects/{id}/edit`  submit  saves them
//!
//! The form names the version that it began with (optimistic locking). If the project was changed
//! meanwhile, in another tab or on another device, nothing is saved: the page shows the present
//! values below the form, which keeps what was typed. It then names the present version, so sending
//! it again replaces that. Nothing is overwritten that its owner has not seen.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{PATH, ProjectForm, begin, own, unless_missing};
use crate::projects::{self, Project};
use crate::web::csrf::Checked;
use crate::web::error::Error;
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
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            let project =
                own(&logged_in, &id).await.map_err(|error| unless_missing(error, invalid))?;
            let mut form_page = draw(&logged_in, project, form);
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    // Before the fields are checked: somebody else's project gets a 404, whatever was typed.
    let mut form_page = draw(&logged_in, own(&logged_in, &id).await?, form);
    let Some(draft) = form_page.form.check(&mut form_page.page.problems) else {
        return page::invalid(form_page);
    };
    let (project_id, version) = (form_page.project.id, form_page.form.version);
    let mut tx = begin(&logged_in).await?;
    if projects::update(&mut *tx, logged_in.user.id, project_id, version, &draft).await? {
        tx.commit().await?;
        logged_in.visitor.flash(FlashKind::Good, "Project saved.");
        return page::redirect(PATH);
    }
    // Read again: the change that was in the way may be newer than `project`.
    tx.rollback().await?;
    form_page.project = own(&logged_in, &id).await?;
    form_page.form.version = form_page.project.version;
    form_page.conflict = true;
    form_page.page.reject_form(
        "This project was changed since you opened it, so nothing was saved. Compare both below, \
         then save again.",
    );
    page::invalid(form_page)
}
