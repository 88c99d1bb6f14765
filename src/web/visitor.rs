//! Extractors for the sender of a request: `Visitor` is anyone, `LoggedIn` requires a login.
//!
//! Both hold the session that the store has loaded, and send no further query to the database.
//! Neither holds the `HttpRequest`: a clone that outlives the handler makes actix's router panic.

mod change;
mod cookie_facts;
mod kept;

use std::cell::OnceCell;
use std::future::{Ready, ready};

use actix_session::{Session as State, SessionExt};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::error::Error;
use super::flash::{Flash, FlashKind};
use super::next_page;
use super::page::Page;
use super::problems::Problems;
use super::request_context::{RequestContext, StaleCookie};
use crate::accounts::client::Client;
use crate::accounts::session::Session;
use crate::accounts::user::User;
use crate::accounts::user_id::UserId;
use crate::state::AppState;
pub use cookie_facts::CookieFacts;

/// The key of the flash in the state of a session.
const FLASH: &str = "flash";

/// Anyone: a visitor with or without a session.
pub struct Visitor {
    pub app: web::Data<AppState>,
    pub client: Client,
    /// The logged-in user, if there is one.
    pub user: Option<User>,
    /// Small values that belong to this session, like `req.session` in Express.
    pub state: State,
    context: RequestContext,
    pub(super) path: String,
}

impl Visitor {
    /// The data for the layout of a page. Takes the flash, so that it is shown once.
    pub fn page(&self, title: &str) -> Page {
        Page {
            app: self.app.clone(),
            context: self.context.clone(),
            csrf: OnceCell::new(),
            title: title.to_owned(),
            app_name: self.app.config.app_name.clone(),
            email: self.user.as_ref().map(|user| user.email.clone()),
            flash: self.take_flash(),
            problems: Problems::default(),
            path: self.path.clone(),
            development: self.app.config.environment.is_development(),
        }
    }

    /// Shows a message on the next page.
    pub fn flash(&self, kind: FlashKind, text: impl Into<String>) {
        let flash = Flash::new(kind, text);
        if self.context.session.borrow().is_some() {
            // Fails only for values that cannot be serialized to JSON.
            let _ = self.state.insert(FLASH, flash);
        } else {
            self.context.visitor_cookie.borrow_mut().set_flash(flash);
        }
    }

    fn take_flash(&self) -> Option<Flash> {
        let of_session = self.state.get(FLASH).ok().flatten();
        if of_session.is_some() {
            self.state.remove(FLASH);
        }
        of_session.or_else(|| self.context.visitor_cookie.borrow_mut().take_flash())
    }

    /// Whether a logout is needed: this browser has a session, or will soon receive its cookie.
    pub fn may_have_session(&self) -> bool {
        let rotated = self.context.stale_cookie.get() == StaleCookie::Rotated;
        self.context.session.borrow().is_some() || rotated
    }

    /// Takes the session out of this request. The caller deletes its row.
    pub fn take_session(&self) -> Option<Session> {
        self.context.session.take()
    }

    /// Ends the session of this browser, and shows a message on the next page.
    pub fn end_session(&self, text: &str) {
        self.state.purge();
        self.forget_reset();
        let flash = Flash::new(FlashKind::Good, text);
        self.context.visitor_cookie.borrow_mut().set_flash(flash);
    }

    /// Ends the session of this browser, unless it belongs to another user. Call it after all
    /// sessions of the user have been ended.
    pub fn end_session_of(&self, user_id: UserId, text: &str) {
        match &self.user {
            Some(user) if user.id != user_id => self.flash(FlashKind::Good, text),
            _ => self.end_session(text),
        }
    }

    pub(super) fn context(&self) -> &RequestContext {
        &self.context
    }
}

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visitor(req))
    }
}

fn visitor(req: &HttpRequest) -> Result<Visitor, Error> {
    let app = req.app_data::<web::Data<AppState>>().cloned();
    let context = RequestContext::of(req)?;
    let user = context.session.borrow().as_ref().and_then(|session| session.user.clone());
    Ok(Visitor {
        app: app.ok_or_else(|| anyhow::anyhow!("no AppState in app_data"))?,
        client: context.client.clone(),
        user,
        state: req.get_session(),
        context,
        path: req.path().to_owned(),
    })
}

/// A logged-in user and their session.
pub struct LoggedIn {
    pub visitor: Visitor,
    pub user: User,
    pub session: Session,
}

impl FromRequest for LoggedIn {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visitor(req).and_then(|visitor| {
            match (visitor.user.clone(), visitor.context.session()) {
                (Some(user), Some(session)) => Ok(Self { visitor, user, session }),
                _ => Err(next_page::log_in_first(req, &visitor.context)),
            }
        }))
    }
}
