//! What is known of the request that is being answered.
//!
//! actix runs a request in one task, so a task-local that the outermost layer sets is seen by
//! everything inside: the session store, which the crate gives no request, learns from it who
//! logs in, and leaves in it the row it found and how it fared.

use std::cell::RefCell;
use std::rc::Rc;

use super::device::DeviceCookie;
use super::visitor_cookie::VisitorCookie;
use crate::accounts::client::Client;
use crate::accounts::session::Session;
use crate::accounts::session_id::SessionId;
use crate::accounts::user::User;
use crate::error;

pub struct Visit {
    pub client: Client,
    pub request_id: String,
    pub app_name: String,
    /// Valid, and read from the database for this request.
    pub session: Option<Session>,
    /// Set by `start_session`: whom the store's `save` opens a session for.
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

/// Whether the session gets a new ID in place.
#[derive(Default)]
pub enum Renewal {
    #[default]
    None,
    /// By the store, when the answer is ready.
    Wanted,
    /// In the transaction that changed a credential: this is the new ID.
    Done(SessionId),
}

/// A session cookie came, and there is no session behind it.
#[derive(Default, PartialEq, Eq)]
pub enum Stale {
    #[default]
    No,
    Gone,
    /// It lives on under a new ID: the browser has, or is about to get, a newer cookie.
    Renewed,
}

/// How the session store fared.
#[derive(Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    Fine,
    /// The session ended while the request ran.
    Gone,
    /// Another request renewed the ID first.
    RenewedElsewhere,
    DatabaseDown,
}

tokio::task_local! {
    static VISIT: Rc<RefCell<Visit>>;
}

/// Runs a request with its visit.
pub async fn scope<F: Future>(visit: Rc<RefCell<Visit>>, request: F) -> F::Output {
    VISIT.scope(visit, request).await
}

/// The same for what follows without waiting.
pub fn sync_scope<R>(visit: Rc<RefCell<Visit>>, rest: impl FnOnce() -> R) -> R {
    VISIT.sync_scope(visit, rest)
}

/// Looks at the visit, or changes it. `None` outside of a request, as in a test of the store.
pub fn with<R>(look: impl FnOnce(&mut Visit) -> R) -> Option<R> {
    VISIT.try_with(|visit| look(&mut visit.borrow_mut())).ok()
}

/// For `map_err` in the store: remembers that the database is away.
pub fn store_failed(failure: sqlx::Error) -> anyhow::Error {
    // Here, because the crate's own error shows no cause.
    tracing::error!(cause = %failure, "the session store failed");
    if error::is_unavailable(&failure) {
        with(|visit| visit.outcome = Outcome::DatabaseDown);
    }
    failure.into()
}

/// For the store: the session is over, and whatever this request wanted to keep in it is not kept.
pub fn session_gone(outcome: Outcome) -> anyhow::Error {
    with(|visit| visit.outcome = outcome);
    anyhow::anyhow!("the session ended while the request ran")
}
