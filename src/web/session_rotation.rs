//! Rotation: a session continues under a new ID, so a copy of the old one is invalid.
//!
//! 1. The flows that change a credential or authenticate again, such as `flows/sudo.rs`, call
//!    `accounts::session::rotate_in_place` in a transaction, and `Visitor::rotate_session` after
//!    the commit.
//! 2. `in_place`, a middleware between actix-session and the handlers, sees that and marks the
//!    session as changed, so that actix-session calls `update` of the session store.
//! 3. `update` calls `save` below and returns the new ID itself; actix-session writes it into the
//!    cookie.
//!
//! `Session::renew` of actix-session would delete the row and insert another one: if the session
//! had just been ended, that would bring it back. A login is different: there the old session must
//! end, and `start_session` begins a new one.
//!
//! A cookie that an older key had encrypted is set again in the same way, but keeps its ID.

use actix_session::SessionExt;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::COOKIE;
use actix_web::middleware::Next;
use actix_web::web;
use serde_json::Value;

use super::cookies::SESSION;
use super::error::Error;
use super::kept_secret::NEW_SECRET;
use super::request_context::{RequestContext, Rotation, StaleCookie};
use super::visitor::Visitor;
use crate::accounts::session;
use crate::accounts::session_id::SessionId;
use crate::accounts::user_id::UserId;
use crate::database::Database;
use crate::state::AppState;

/// The key that `in_place` sets in the session's state. The store never saves it.
pub const MARK: &str = "rotated";

impl Visitor {
    /// Gives the browser the new session ID. Call it after the commit of the transaction that
    /// rotated the session.
    pub fn rotate_session(&self, new: SessionId) {
        // An attacker with a copy of the old ID may have seen it.
        self.state.remove(NEW_SECRET);
        self.context().rotation.set(Rotation::Rotated(new));
    }
}

/// Middleware that makes actix-session call the store when the cookie must be set again, and
/// removes a cookie that nobody can read. It also names the session in the log.
pub async fn in_place(
    app: web::Data<AppState>,
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let (state, context) = (req.get_session(), RequestContext::of(&req).map_err(Error::from)?);
    // actix-session could not decrypt the cookie, and did not ask the store: remove the cookie.
    let unread =
        context.session.borrow().is_none() && context.stale_cookie.get() == StaleCookie::No;
    if unread && req.headers().contains_key(COOKIE) {
        context.unreadable_cookies.borrow_mut().push(SESSION);
    }
    let span = tracing::Span::current();
    if let (Some(session), false) = (&*context.session.borrow(), span.is_disabled()) {
        span.record("session", app.keys.log_name(session.id.as_bytes()));
    }
    let response = next.call(req).await?;
    let rotation = context.rotation.take();
    if context.session.borrow().is_some() && !matches!(rotation, Rotation::None) {
        state.insert(MARK, true)?;
    }
    context.rotation.set(rotation);
    Ok(response)
}

/// For the store: saves the state under the new ID. The rotation is committed already, so the
/// browser needs the new ID even if the state cannot be saved.
pub(super) async fn save(db: &Database, new: &SessionId, user_id: Option<UserId>, state: &Value) {
    if let Err(error) = session::save_state(db, &new.hash(), user_id, state).await {
        tracing::warn!(%error, "the state of a session could not be saved");
    }
}
