//! `HalfWay`: an extractor for a visitor who has passed the first factor of a login, and not yet
//! the second one.
//!
//! The session is one of a visitor who is not logged in, under a new ID. Its state holds the random
//! ID of a row in `half_logins`, which names the user. No other page knows that ID, so the session
//! grants nothing else.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

use super::error::Error;
use super::factors::{self, Factor};
use super::flash::{Flash, FlashKind};
use super::next_page::HOME;
use super::visitor::Visitor;
use crate::accounts::half_login::{self, HalfLogin};

/// The key of the row's ID in the state of the session.
const HALF_LOGIN: &str = "half_login";

/// A visitor who has passed the first factor.
pub struct HalfWay {
    pub visitor: Visitor,
    pub login: HalfLogin,
}

impl HalfWay {
    /// The kinds of second factors that the user has.
    pub async fn factors(&self) -> sqlx::Result<Vec<&'static Factor>> {
        let owned = factors::owned_by(&self.visitor.app.db, self.login.user.id).await?;
        Ok(owned.into_iter().map(|owned| owned.factor).collect())
    }
}

impl Visitor {
    /// Begins a session without a user for the second step of a login. A session that an attacker
    /// planted ends, as at the login itself (session fixation).
    #[expect(clippy::disallowed_methods, reason = "the old session has to end here")]
    pub fn begin_half_way(&self, half_login: Uuid) {
        self.context().begins_session.set(true);
        self.state.clear();
        self.state.renew();
        // Fails only for values that cannot be serialized to JSON.
        let _ = self.state.insert(HALF_LOGIN, half_login);
    }

    fn half_login(&self) -> Option<Uuid> {
        self.state.get(HALF_LOGIN).ok().flatten()
    }
}

/// The login of this visitor that waits for its second step, if there is one.
pub async fn find(visitor: &Visitor) -> Result<Option<HalfLogin>, Error> {
    match visitor.half_login() {
        Some(id) => Ok(half_login::find(&visitor.app.db, &visitor.app.keys, id).await?),
        None => Ok(None),
    }
}

impl FromRequest for HalfWay {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(req, payload);
        Box::pin(async move {
            let visitor = visitor.await?;
            if visitor.half_login().is_none() {
                return Err(Error::LogInFirst(HOME.to_owned()));
            }
            match find(&visitor).await? {
                Some(login) => Ok(Self { visitor, login }),
                None => Err(too_late(&visitor, HOME)),
            }
        })
    }
}

/// The login has taken more than five minutes, was completed in another tab, or ended with a
/// credential change. `next`: the path after the login that begins now.
///
/// It leaves the session as it is. A response with its cookie, later than that of the request which
/// completed the login, would log the visitor out.
pub fn too_late(visitor: &Visitor, next: &str) -> Error {
    let text = "This login has expired, or was completed already. If you aren't logged in, enter \
                your password again.";
    let flash = Flash::new(FlashKind::Bad, text);
    visitor.context().visitor_cookie.borrow_mut().set_flash(flash);
    Error::LogInFirst(next.to_owned())
}
