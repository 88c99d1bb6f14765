//! What the middleware and the session store found out about the session cookie of a request, for
//! pages that explain it.

use actix_session::SessionStatus;

use super::Visitor;
use crate::accounts::session::Session;
use crate::web::cookies::SESSION;
use crate::web::request_context::{Rotation, StaleCookie};

pub struct CookieFacts {
    /// The session that the cookie belongs to.
    pub session: Option<Session>,
    pub stale: StaleCookie,
    /// It could not be decrypted.
    pub unreadable: bool,
    /// An older key had encrypted it.
    pub from_older_key: bool,
    /// A value of the session has changed in this request.
    pub state_changed: bool,
}

impl Visitor {
    pub fn cookie_facts(&self) -> CookieFacts {
        let context = self.context();
        let rotation = context.rotation.take();
        let from_older_key = matches!(rotation, Rotation::Reencrypt);
        context.rotation.set(rotation);
        CookieFacts {
            session: context.session(),
            stale: context.stale_cookie.get(),
            unreadable: context.unreadable_cookies.borrow().contains(&SESSION),
            from_older_key,
            state_changed: self.state.status() == SessionStatus::Changed,
        }
    }
}
