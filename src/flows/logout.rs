//! Log out.
//!
//! `POST /logout`  submit  the session's row is gone, and its cookie
//!
//! Only POST: a link or an image on another site would log people out with GET. It answers the
//! same when the session is already over, and takes the cookie away then too.

use actix_identity::Identity;
use actix_web::HttpResponse;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::session;
use crate::error::Error;
use crate::web::csrf::Form;
use crate::web::page;
use crate::web::visit::{self, Stale};
use crate::web::visitor::Visitor;

#[derive(Deserialize)]
pub struct LogoutForm {}

pub async fn submit(
    visitor: Visitor,
    identity: Option<Identity>,
    form: Result<Form<LogoutForm>, Error>,
) -> Result<HttpResponse, Error> {
    // Without a session there is nothing to protect, and the token of an old tab belongs to nothing
    // any more: whoever presses the button there wants to be out, and is.
    let lives = visit::with(|visit| visit.session.is_some() || visit.stale == Stale::Renewed);
    if lives != Some(false) {
        form?;
    }
    if let Some(session) = visit::with(|visit| visit.session.take()).flatten() {
        let user_id = session.user.map(|user| user.id);
        let mut tx = visitor.app.db.begin().await?;
        session::end(&mut *tx, session.id).await?;
        audit::record(&mut tx, Kind::LoggedOut, user_id, &visitor.client).await?;
        tx.commit().await?;
    }
    if let Some(identity) = identity {
        identity.logout();
    }
    visitor.leave("You are logged out.");
    page::go_to("/login")
}
