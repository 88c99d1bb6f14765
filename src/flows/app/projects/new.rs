//! A new project.
//!
//! `GET  /app/projects/new`  show    an empty form
//! `POST /app/projects/new`  submit  adds the project
//!
//! The owner is the logged-in user, and no field of the form. An attacker who adds a field
//! `user_id` or `id` changes nothing, because unknown fields are ignored (mass assignment,
//! CWE-915). Requests that arrive at once cannot pass the limit of projects together.

use actix_web::HttpResponse;

use super::{PATH, ProjectForm, new_page};
use crate::projects::{self, MOST};
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::flash::FlashKind;
use crate::web::page;
use crate::web::visitor::LoggedIn;

pub async fn show(logged_in: LoggedIn) -> Result<HttpResponse, Error> {
    page::show(new_page(&logged_in, ProjectForm::default()))
}

pub async fn submit(
    logged_in: LoggedIn,
    form: Checked<ProjectForm>,
) -> Result<HttpResponse, Error> {
    let mut form_page = match form {
        Checked::Valid(form) => new_page(&logged_in, form),
        Checked::OutOfDate(form, invalid) => {
            let mut form_page = new_page(&logged_in, form);
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    let Some(draft) = form_page.form.check(&mut form_page.page.problems) else {
        return page::invalid(form_page);
    };
    let mut tx = logged_in.begin(PATH).await?;
    if !projects::create(&mut tx, logged_in.user.id, &draft).await? {
        let problem = format!("You can have up to {MOST} projects. Delete one to add another.");
        form_page.page.reject_form(problem);
        return page::invalid(form_page);
    }
    tx.commit().await?;
    logged_in.visitor.flash(FlashKind::Good, "Project added.");
    page::redirect(PATH)
}
