//! Surprising behaviour of libraries, one file each: the reasons for some of our code.
//!
//! If a test fails after an update, the library has changed, and our workaround may be deleted.

mod anonymous_values_make_rows;
mod argon2_blocks_its_thread;
mod body_has_no_time_limit;
mod body_limits_differ;
mod cloned_request_panics;
mod concurrent_requests_lose_values;
mod connection_info_believes_the_client;
mod cookie_is_only_an_id;
mod cookie_names_are_decoded;
mod cookie_prefix_is_not_checked;
mod cookies_have_one_key;
mod delete_misses_a_login;
mod error_text_reaches_the_client;
mod escaping_depends_on_the_file_name;
mod every_request_loads_the_session;
mod extractors_check_no_token;
mod forms_decode_anything;
mod http_errors_skip_the_app;
mod identity_deadlines;
mod identity_is_a_value_of_the_session;
mod invalid_cookie_is_kept;
mod login_keeps_what_was_planted;
mod logout_may_keep_the_session;
mod logs_hold_the_query;
mod max_age_is_for_all;
mod middleware_error_drops_the_logout;
mod middleware_order;
mod panic_closes_the_connection;
mod passkey_challenge_is_valid_twice;
mod passkeys_are_not_discoverable;
mod pool_pings_on_release;
mod postgresql_errors;
mod purge_then_login_is_lost;
mod renew_is_delete_then_save;
mod reset_cancels_the_handler;
mod routes_answer_404;
mod session_key_prints_itself;
mod session_update_persists_nothing;
mod signed_cookie_ignores_its_name;
mod slow_request_undoes_a_logout;
mod smtp_url_is_plain_text;
mod sqlx_defaults;
mod store_error_is_a_bare_500;
mod stored_hash_decides_the_cost;
mod streamed_body_changes_nothing;
mod time_to_live_is_relative;
mod totp_code_is_valid_twice;
mod two_logins_are_two_sessions;
mod unreadable_session_keeps_its_id;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_identity::Identity;
use actix_session::Session;
use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::body::{MessageBody, to_bytes};
use actix_web::cookie::time::Duration;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::COOKIE;
use actix_web::middleware::DefaultHeaders;
use actix_web::test::TestRequest;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpMessage, HttpRequest, HttpServer, web};

type State = HashMap<String, String>;

/// The smallest session store that works, in memory. It records its calls, and can fail.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Sessions>>);

#[derive(Default)]
struct Sessions {
    /// The state of each session, as JSON.
    rows: HashMap<String, String>,
    calls: Vec<&'static str>,
    /// The time to live of the last `save` or `update`.
    ttl: Option<Duration>,
    /// The method that fails.
    failing: Option<&'static str>,
    on_update: OnUpdate,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum OnUpdate {
    /// Inserts the row if it is missing. (actix-session's Redis store does so under a new ID, and
    /// the response sets that one.)
    #[default]
    Insert,
    /// Writes nothing if the row is missing, and reports no error.
    Ignore,
    /// Moves the state to a new key.
    NewKey,
}

impl Memory {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().expect("no panic while it was locked")
    }

    /// The calls since the last call of this function.
    fn calls(&self) -> String {
        std::mem::take(&mut self.sessions().calls).join(" ")
    }

    fn record(&self, call: &'static str) -> Result<(), anyhow::Error> {
        let mut sessions = self.sessions();
        sessions.calls.push(call);
        anyhow::ensure!(sessions.failing != Some(call), "{call} fails");
        Ok(())
    }

    fn write(&self, key: &SessionKey, state: &State, ttl: Duration) {
        let mut sessions = self.sessions();
        let json = serde_json::to_string(state).expect("strings");
        sessions.rows.insert(key.as_ref().to_owned(), json);
        sessions.ttl = Some(ttl);
    }
}

impl SessionStore for Memory {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        self.record("load").map_err(LoadError::Other)?;
        let row = self.sessions().rows.get(key.as_ref()).cloned();
        let state = row.map(|json| serde_json::from_str(&json)).transpose();
        state.map_err(|error| LoadError::Deserialization(error.into()))
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        self.record("save").map_err(SaveError::Other)?;
        let key = generate_session_key();
        self.write(&key, &state, *ttl);
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        self.record("update").map_err(UpdateError::Other)?;
        let known = self.sessions().rows.contains_key(key.as_ref());
        let on_update = self.sessions().on_update;
        let key = match on_update {
            OnUpdate::Ignore if !known => return Ok(key),
            OnUpdate::Ignore | OnUpdate::Insert => key,
            OnUpdate::NewKey => {
                self.sessions().rows.remove(key.as_ref());
                generate_session_key()
            }
        };
        self.write(&key, &state, *ttl);
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        self.record("update_ttl")
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.record("delete")?;
        self.sessions().rows.remove(key.as_ref());
        Ok(())
    }
}

/// Stores a value in the session.
async fn keep(session: Session) -> &'static str {
    session.insert("kept", 1).expect("to keep it");
    ""
}

/// The value that `keep` has stored.
async fn kept(session: Session) -> String {
    format!("{:?}", session.get::<u32>("kept").expect("a number"))
}

/// Logs Ada in.
async fn log_in(req: HttpRequest) -> &'static str {
    Identity::login(&req.extensions(), "ada".to_owned()).expect("no error");
    ""
}

/// The name of the user who is logged in.
async fn who(identity: Option<Identity>) -> String {
    identity.and_then(|identity| identity.id().ok()).unwrap_or_else(|| "nobody".to_owned())
}

/// Ends the session.
async fn log_out(session: Session) -> &'static str {
    session.purge();
    ""
}

/// The routes of the functions above.
fn routes(app: &mut ServiceConfig) {
    app.route("/keep", web::get().to(keep))
        .route("/kept", web::get().to(kept))
        .route("/login", web::get().to(log_in))
        .route("/who", web::get().to(who))
        .route("/logout", web::get().to(log_out));
}

/// A header that every response should have.
fn default_headers() -> DefaultHeaders {
    DefaultHeaders::new().add(("x-frame-options", "DENY"))
}

/// Runs an app on a port of its own, and returns its address.
fn serve(routes: fn(&mut ServiceConfig)) -> SocketAddr {
    let server = HttpServer::new(move || App::new().configure(routes).wrap(default_headers()));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    address
}

struct Answer {
    status: u16,
    /// `name=value` of the cookie that was set.
    cookie: String,
    /// The whole `Set-Cookie` header.
    set_cookie: String,
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
    let set_cookie = set.as_ref().map(ToString::to_string).unwrap_or_default();
    let cookie = set.map(|cookie| cookie.stripped().encoded().to_string()).unwrap_or_default();
    let body = to_bytes(response.into_body()).await.ok().expect("a body");
    Answer { status, cookie, set_cookie, body: String::from_utf8_lossy(&body).into_owned() }
}
