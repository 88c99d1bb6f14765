//! Who sent the request: `Visitor` is anyone, `LoggedIn` a user. A handler's signature says which.
//!
//! Both read what the session store found for this request; neither asks the database again.
//! Neither holds the `HttpRequest`: a clone that lives past the handler panics actix's router.

mod kept;

use std::future::{Ready, ready};

use actix_session::{Session as State, SessionExt};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use uuid::Uuid;

use super::page::{Flash, FlashKind, Page};
use super::{next_page, visit};
use crate::accounts::client::Client;
use crate::accounts::session::Session;
use crate::accounts::user::User;
use crate::app::App;
use crate::error::Error;

/// Where a session keeps its flash.
const FLASH: &str = "flash";

/// Anyone: a visitor with or without a session.
pub struct Visitor {
    pub app: web::Data<App>,
    pub client: Client,
    /// Who is logged in, if anybody.
    pub user: Option<User>,
    /// Small values that belong to this session, Express's `req.session`.
    pub state: State,
    path: String,
    has_session: bool,
}

impl Visitor {
    /// The data around a page. Takes the flash, which is shown once.
    pub fn page(&self, title: &str) -> Page {
        Page {
            app: self.app.clone(),
            title: title.to_owned(),
            app_name: self.app.config.app_name.clone(),
            email: self.user.as_ref().map(|user| user.email.clone()),
            flash: self.take_flash(),
            path: self.path.clone(),
            development: self.app.config.environment.is_development(),
        }
    }

    /// Says something on the next page.
    pub fn flash(&self, kind: FlashKind, text: impl Into<String>) {
        let flash = Flash::new(kind, text);
        if self.has_session {
            // Fails only for values that cannot be written as JSON.
            let _ = self.state.insert(FLASH, flash);
        } else {
            visit::with(|visit| visit.visitor.set_flash(flash));
        }
    }

    /// Ends the session in this browser, and says something on the next page.
    pub fn leave(&self, text: &str) {
        self.state.purge();
        visit::with(|visit| {
            // Of a shared browser the next person gets nothing: no reset link that was opened.
            visit.visitor.keep_reset_proof(None);
            visit.visitor.set_flash(Flash::new(FlashKind::Good, text));
        });
    }

    /// After every session of a user has ended. This browser's may be one of them, so its cookie
    /// goes; somebody else who is logged in here stays so.
    pub fn say_ended(&self, user_id: Uuid, text: &str) {
        match &self.user {
            Some(user) if user.id != user_id => self.flash(FlashKind::Good, text),
            _ => self.leave(text),
        }
    }

    fn take_flash(&self) -> Option<Flash> {
        let of_session = self.state.get(FLASH).ok().flatten();
        if of_session.is_some() {
            self.state.remove(FLASH);
        }
        of_session.or_else(|| visit::with(|visit| visit.visitor.take_flash()).flatten())
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
    let app = req.app_data::<web::Data<App>>().cloned();
    let (client, session) = visit::with(|visit| (visit.client.clone(), visit.session.clone()))
        .ok_or_else(|| anyhow::anyhow!("no visit"))?;
    Ok(Visitor {
        app: app.ok_or_else(|| anyhow::anyhow!("no App in app_data"))?,
        client,
        has_session: session.is_some(),
        user: session.and_then(|session| session.user),
        state: req.get_session(),
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
            let session = visit::with(|visit| visit.session.clone()).flatten();
            match (visitor.user.clone(), session) {
                (Some(user), Some(session)) => Ok(Self { visitor, user, session }),
                _ => Err(next_page::log_in_first(req)),
            }
        }))
    }
}
