//! Delete a project.
//!
//! `GET  /app/projects/{id}/delete`  show    asks whether to delete it
//! `POST /app/projects/{id}/delete`  submit  deletes it
//!
//! The page with the question works without a script, and a link to it deletes nothing: a GET
//! request never changes data, because browsers and mail programs open links by themselves.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{PATH, own, parsed, unless_missing};
use crate::projects::{self, Project};
use crate::web::csrf::{Checked, NoFields};
use crate::web::error::Error;
use crate::web::flash::FlashKind;
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "app/projects/delete.html")]
struct DeletePage {
    page: Page,
    project: Project,
}

fn draw(logged_in: &LoggedIn, project: Project) -> DeletePage {
    DeletePage { page: logged_in.visitor.page("Delete project"), project }
}

pub async fn show(logged_in: LoggedIn, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let project = own(&logged_in, &id).await?;
    page::show(draw(&logged_in, project))
}

pub async fn submit(
    logged_in: LoggedIn,
    id: web::Path<String>,
    form: Checked<NoFields>,
) -> Result<HttpResponse, Error> {
    if let Checked::OutOfDate(_, invalid) = form {
        let project = own(&logged_in, &id).await.map_err(|error| unless_missing(error, invalid))?;
        let mut form_page = draw(&logged_in, project);
        form_page.page.reject_form(invalid.sentence());
        return page::out_of_date(form_page);
    }
    let id = parsed(&id)?;
    let mut tx = logged_in.begin(PATH).await?;
    if !projects::delete(&mut *tx, logged_in.user.id, id).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    logged_in.visitor.flash(FlashKind::Good, "Project deleted.");
    page::redirect(PATH)
}
