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
use crate::web::page::{self, Flash, FlashKind};
use crate::web::visit::{self, Stale};
use crate::web::visitor::Visitor;

#[derive(Deserialize)]
pub struct LogoutForm {}

pub async fn submit(
    visitor: Visitor,
    identity: Option<Identity>,
    form: Result<Form<LogoutForm>, Error>,
) -> Result<HttpResponse, Error> {
    // The token of a page that was drawn before the session ended belongs to nothing any more.
    // There is nothing left to protect, and whoever presses the button wants to be out.
    if visit::with(|visit| visit.stale == Stale::Gone) != Some(true) {
        form?;
    }
    if let Some(session) = visit::with(|visit| visit.session.take()).flatten() {
        let user_id = session.user.map(|user| user.id);
        let mut tx = visitor.app.db.begin().await?;
        session::end(&mut *tx, session.id).await?;
        audit::record(&mut tx, Kind::LoggedOut, user_id, &visitor.client).await?;
        tx.commit().await?;
    }
    match identity {
        Some(identity) => identity.logout(),
        None => visitor.state.purge(),
    }
    let flash = Flash::new(FlashKind::Good, "You are logged out.");
    visit::with(|visit| visit.visitor.set_flash(flash));
    page::go_to("/login")
}
