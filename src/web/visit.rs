//! What is known of the request that is being answered.
//!
//! actix runs a request in one task, so everything inside `layer::complete`, which sets this
//! task-local, can read it. The crate gives the session store no request: the store reads here who
//! logs in, and writes here the row that it found and whether it failed.

use std::cell::RefCell;
use std::rc::Rc;

use super::device::DeviceCookie;
use super::visitor_cookie::VisitorCookie;
use crate::accounts::client::Client;
use crate::accounts::session::Session;
use crate::accounts::session_id::SessionId;
use crate::accounts::user::User;
use crate::database;

pub struct Visit {
    pub client: Client,
    pub request_id: String,
    pub app_name: String,
    /// The valid session that the store read from the database for this request.
    pub session: Option<Session>,
    /// Set by `start_session`: the user for whom the store's `save` begins a session.
    pub login: Option<Login>,
    pub renewal: Renewal,
    pub stale: Stale,
    pub outcome: Outcome,
    /// How long the browser keeps the session cookie; `None`: until it is closed.
    pub cookie_seconds: Option<i64>,
    pub visitor: VisitorCookie,
    pub device: DeviceCookie,
    /// Cookies of ours that no key opens: the answer removes them.
    pub unreadable: Vec<&'static str>,
}

impl Visit {
    pub fn new(client: Client, request_id: String, app_name: String) -> Self {
        Self {
            client,
            request_id,
            app_name,
            session: None,
            login: None,
            renewal: Renewal::None,
            stale: Stale::No,
            outcome: Outcome::Fine,
            cookie_seconds: None,
            visitor: VisitorCookie::default(),
            device: DeviceCookie::default(),
            unreadable: Vec::new(),
        }
    }
}

/// Somebody who has just proved who they are.
#[derive(Clone)]
pub struct Login {
    /// As read together with the password hash, epoch included.
    pub user: User,
    pub remembered: bool,
}

/// Whether the session's cookie is set anew.
#[derive(Default)]
pub enum Renewal {
    #[default]
    None,
    /// With the same ID: a key that is not the newest one has encrypted it. With a new one, an
    /// answer that never arrives would log the browser out.
    NewKey,
    /// In the transaction that changed a credential: this is the new ID.
    Done(SessionId),
}

/// A session cookie came, and there is no session behind it.
#[derive(Default, PartialEq, Eq)]
pub enum Stale {
    #[default]
    No,
    Gone,
    /// The ID was renewed; the browser has received, or will soon receive, the new cookie.
    Renewed,
}

/// Whether the session store failed, and why.
#[derive(Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    Fine,
    /// The session ended while the request ran.
    Gone,
    DatabaseDown,
}

tokio::task_local! {
    static VISIT: Rc<RefCell<Visit>>;
}

/// Runs a request with its visit.
pub async fn scope<F: Future>(visit: Rc<RefCell<Visit>>, request: F) -> F::Output {
    VISIT.scope(visit, request).await
}

/// The same for a closure, which does not wait.
pub fn sync_scope<R>(visit: Rc<RefCell<Visit>>, rest: impl FnOnce() -> R) -> R {
    VISIT.sync_scope(visit, rest)
}

/// Reads or changes the visit. `None` outside of a request, as in a test of the store.
pub fn with<R>(look: impl FnOnce(&mut Visit) -> R) -> Option<R> {
    VISIT.try_with(|visit| look(&mut visit.borrow_mut())).ok()
}

/// For `map_err` in the store: records that the database cannot be reached.
pub fn store_failed(failure: sqlx::Error) -> anyhow::Error {
    // Here, because the crate's own error shows no cause.
    tracing::error!(cause = %failure, "the session store failed");
    if database::is_unavailable(&failure) {
        with(|visit| visit.outcome = Outcome::DatabaseDown);
    }
    failure.into()
}

/// For the store: the session has ended, so what this request wanted to keep in it is lost.
pub fn session_gone(outcome: Outcome) -> anyhow::Error {
    with(|visit| visit.outcome = outcome);
    anyhow::anyhow!("the session ended while the request ran")
}
