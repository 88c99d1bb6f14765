//! The devices where you are logged in.
//!
//! `GET  /account/sessions`                show    the list of your sessions
//! `POST /account/sessions/{id}/revoke`    revoke  ends one of them
//! `POST /account/sessions/revoke-others`  others  ends all but this one
//!
//! The row of an ended session is deleted, so the next request of that browser is anonymous, on
//! every instance of the app. An attacker sends the ID of somebody else's session: it is public,
//! and the statement asks for the user too. Such an ID, one that has ended, and one that is no ID
//! get the same response. A thief can end the owner's sessions here, and the owner the thief's.

use actix_web::{HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use crate::accounts::audit::{self, Kind};
use crate::accounts::client;
use crate::accounts::session::{self, ListedSession};
use crate::web::csrf::{Checked, NoFields};
use crate::web::error::{Error, InvalidToken};
use crate::web::flash::{Flash, FlashKind};
use crate::web::human_time;
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

const PAGE: &str = "/account/sessions";

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct SessionsPage {
    page: Page,
    sessions: Vec<ListedSession>,
}

pub async fn show(logged_in: LoggedIn) -> Result<HttpResponse, Error> {
    page::show(sessions_page(&logged_in).await?)
}

async fn sessions_page(logged_in: &LoggedIn) -> Result<SessionsPage, Error> {
    let db = &logged_in.visitor.app.db;
    let sessions = session::list(db, &logged_in.user, logged_in.session.id).await?;
    Ok(SessionsPage { page: logged_in.visitor.page("Your devices"), sessions })
}

async fn out_of_date(logged_in: &LoggedIn, invalid: InvalidToken) -> Result<HttpResponse, Error> {
    let mut form_page = sessions_page(logged_in).await?;
    form_page.page.reject_form(invalid.sentence());
    page::out_of_date(form_page)
}

pub async fn revoke(
    logged_in: LoggedIn,
    id: web::Path<String>,
    form: Checked<NoFields>,
) -> Result<HttpResponse, Error> {
    if let Checked::OutOfDate(_, invalid) = form {
        return out_of_date(&logged_in, invalid).await;
    }
    let (user, this) = (&logged_in.user, logged_in.session.id);
    let mut tx = logged_in.begin(PAGE).await?;
    let ended = match Uuid::parse_str(&id.into_inner()) {
        Ok(public_id) => session::end_listed(&mut tx, user, public_id, this).await?,
        Err(_) => false,
    };
    if !ended {
        tx.rollback().await?;
        // Not an error: perhaps it was ended in another tab.
        let mut form_page = sessions_page(&logged_in).await?;
        let text = "That device is already logged out.";
        form_page.page.flash = Some(Flash::new(FlashKind::Good, text));
        return page::not_found(form_page);
    }
    audit::record(&mut tx, Kind::SessionEnded, Some(user.id), &logged_in.visitor.client).await?;
    tx.commit().await?;
    logged_in.visitor.flash(FlashKind::Good, "That device is logged out.");
    page::redirect(PAGE)
}

pub async fn others(logged_in: LoggedIn, form: Checked<NoFields>) -> Result<HttpResponse, Error> {
    if let Checked::OutOfDate(_, invalid) = form {
        return out_of_date(&logged_in, invalid).await;
    }
    let (user, client) = (Some(logged_in.user.id), &logged_in.visitor.client);
    let mut tx = logged_in.begin(PAGE).await?;
    let ended = session::end_all(&mut tx, logged_in.user.id, Some(logged_in.session.id)).await?;
    if ended > 0 {
        audit::record(&mut tx, Kind::OtherSessionsEnded, user, client).await?;
    }
    tx.commit().await?;
    logged_in.visitor.flash(FlashKind::Good, "You've been logged out everywhere else.");
    page::redirect(PAGE)
}
