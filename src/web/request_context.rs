//! `RequestContext`: data about the current request that middleware, store and extractors share.
//!
//! `outermost::complete` makes one for each request and puts it into the request's extensions.
//! Extractors and pages hold a clone of it. Only `web/` can read its fields; handlers use the
//! methods of `Visitor`.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use actix_web::HttpMessage;

use super::device_cookie::DeviceCookie;
use super::visitor_cookie::VisitorCookie;
use crate::accounts::client::Client;
use crate::accounts::session::Session;
use crate::accounts::session_id::{SessionId, SessionIdHash};
use crate::accounts::user::User;

/// A shared reference to the data, so it is cheap to clone.
#[derive(Clone)]
pub struct RequestContext(Rc<ContextData>);

pub struct ContextData {
    pub(super) client: Client,
    pub(super) request_id: String,
    /// The valid session that the store loaded for this request.
    pub(super) session: RefCell<Option<Session>>,
    /// The user for whom the store's `save` begins a session.
    pub(super) login: RefCell<Option<Login>>,
    /// Whether this request begins a session, and the one that it replaces.
    pub(super) begins_session: Cell<bool>,
    pub(super) replaced: Cell<Option<SessionIdHash>>,
    pub(super) rotation: Cell<Rotation>,
    pub(super) stale_cookie: Cell<StaleCookie>,
    pub store_failure: Cell<Option<StoreFailure>>,
    /// `Max-Age` of the cookie of a new session. `None`: the browser keeps it until it is closed.
    pub(super) cookie_max_age: Cell<Option<i64>>,
    pub(super) visitor_cookie: RefCell<VisitorCookie>,
    pub(super) device_cookie: RefCell<DeviceCookie>,
    /// Our cookies that could not be read: the response removes them.
    pub(super) unreadable_cookies: RefCell<Vec<&'static str>>,
}

/// A user who has just authenticated, for `RequestContext::begin_login`.
#[derive(Clone)]
pub struct Login {
    /// As read together with the password hash, with the epoch.
    pub user: User,
    pub remembered: bool,
    pub second_factor: bool,
}

/// Whether and how the response sets the session cookie again.
#[derive(Default)]
pub enum Rotation {
    #[default]
    None,
    /// With the same session ID, because an older key had encrypted the cookie. With a new ID, a
    /// lost response would log the browser out.
    Reencrypt,
    /// With a new session ID, which was committed together with a credential change.
    Rotated(SessionId),
}

/// Whether the browser sent a session cookie for which there is no valid session.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum StaleCookie {
    #[default]
    No,
    /// The session has ended, or never existed.
    Gone,
    /// The ID was rotated or replaced. The browser has received, or will soon receive, the new one.
    Rotated,
}

/// Why the session store failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StoreFailure {
    /// The session ended while the request ran.
    SessionEnded,
    DatabaseUnavailable,
}

impl RequestContext {
    pub fn new(client: Client, request_id: String) -> Self {
        Self(Rc::new(ContextData {
            client,
            request_id,
            session: RefCell::default(),
            login: RefCell::default(),
            begins_session: Cell::default(),
            replaced: Cell::default(),
            rotation: Cell::default(),
            stale_cookie: Cell::default(),
            store_failure: Cell::default(),
            cookie_max_age: Cell::default(),
            visitor_cookie: RefCell::default(),
            device_cookie: RefCell::default(),
            unreadable_cookies: RefCell::default(),
        }))
    }

    /// The context of this request.
    ///
    /// # Errors
    /// When `outermost::complete` does not wrap the app.
    pub fn of(req: &impl HttpMessage) -> anyhow::Result<Self> {
        let context = req.extensions().get::<Self>().cloned();
        context.ok_or_else(|| anyhow::anyhow!("the request has no RequestContext"))
    }

    /// Makes the session store begin a session for this user. Only `start_session` may call it. It
    /// also calls `Identity::login`, and the store checks that both name the same user.
    pub fn begin_login(&self, login: Login) {
        self.begins_session.set(true);
        self.login.replace(Some(login));
    }

    pub(super) fn session(&self) -> Option<Session> {
        self.session.borrow().clone()
    }

    /// The value that CSRF tokens are bound to: a random value of the session or visitor cookie.
    pub(super) fn csrf_binding(&self) -> Vec<u8> {
        match &*self.session.borrow() {
            Some(session) => session.csrf_binding.clone(),
            None => self.visitor_cookie.borrow_mut().binding(),
        }
    }

    /// Whether the browser sent neither a session cookie nor a visitor cookie that can be read.
    pub(super) fn has_no_cookies(&self) -> bool {
        let stale = self.stale_cookie.get() != StaleCookie::No;
        self.session.borrow().is_none() && !stale && !self.visitor_cookie.borrow().is_known()
    }
}

impl Deref for RequestContext {
    type Target = ContextData;

    fn deref(&self) -> &ContextData {
        &self.0
    }
}
