//! Surprising behaviour of libraries, one file each: the reasons for some of our code.
//!
//! If a test fails after an update, the library has changed, and our workaround may be deleted.

mod cookie_names_are_decoded;
mod login_keeps_what_was_planted;
mod purge_then_login_is_lost;
mod session_update_persists_nothing;
mod store_error_is_a_bare_500;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::body::{MessageBody, to_bytes};
use actix_web::cookie::time::Duration;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::COOKIE;
use actix_web::test::TestRequest;

type State = HashMap<String, String>;

/// The smallest session store that works, in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<HashMap<String, State>>>);

impl SessionStore for Memory {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        Ok(self.0.lock().expect("one thread").get(key.as_ref()).cloned())
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let saved = self.update(generate_session_key(), state, ttl).await;
        saved.map_err(|error| SaveError::Other(error.into()))
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        self.0.lock().expect("one thread").insert(key.as_ref().to_owned(), state);
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.0.lock().expect("one thread").remove(key.as_ref());
        Ok(())
    }
}

struct Answer {
    status: u16,
    /// `name=value` of the cookie that was set.
    cookie: String,
    body: String,
}

/// A GET with this `Cookie` header.
fn get(path: &str, cookie: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header((COOKIE, cookie))
}

async fn answer<R, B: MessageBody>(
    service: &impl Service<R, Response = ServiceResponse<B>, Error = actix_web::Error>,
    request: R,
) -> Answer {
    let response = service.call(request).await.expect("an answer");
    let status = response.status().as_u16();
    let set = response.response().cookies().next();
    let cookie = set.map(|cookie| cookie.stripped().encoded().to_string()).unwrap_or_default();
    let body = to_bytes(response.into_body()).await.ok().expect("a body");
    Answer { status, cookie, body: String::from_utf8_lossy(&body).into_owned() }
}
