//! Log out.
//!
//! `POST /logout`  submit  deletes the session's row, and removes its cookie
//!
//! Only POST: with GET, a link or an image on another site could log people out. If the session has
//! already ended, the response is the same, and also removes the cookie.

use actix_identity::Identity;
use actix_web::HttpResponse;

use crate::accounts::audit::{self, Kind};
use crate::accounts::session;
use crate::web::csrf::{Form, NoFields};
use crate::web::error::Error;
use crate::web::page;
use crate::web::visitor::Visitor;

pub async fn submit(
    visitor: Visitor,
    identity: Option<Identity>,
    form: Result<Form<NoFields>, Error>,
) -> Result<HttpResponse, Error> {
    // Without a session there is nothing to protect, and the CSRF token of an old tab is invalid.
    // The person who presses the button in that tab must still be logged out.
    if visitor.may_have_session() {
        form?;
    }
    if let Some(session) = visitor.take_session() {
        let user_id = session.user.as_ref().map(|user| user.id);
        let mut tx = visitor.app.db.begin().await?;
        if let Some(user_id) = user_id {
            // The user before the session, as in every transaction ("Lock order" in accounts.rs).
            session::hold_owner(&mut tx, user_id).await?;
        }
        session::end(&mut *tx, session.id).await?;
        audit::record(&mut tx, Kind::LoggedOut, user_id, &visitor.client).await?;
        tx.commit().await?;
    }
    if let Some(identity) = identity {
        identity.logout();
    }
    visitor.end_session("You're logged out.");
    page::redirect("/login")
}
