//! The shared state, and the middleware around every route.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use actix_identity::IdentityMiddleware;
use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity};
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use anyhow::Context;
use secrecy::ExposeSecret;
use tracing_actix_web::TracingLogger;
use uuid::Uuid;

use crate::accounts::email::Email;
use crate::accounts::password::{HashError, Hasher, Password, PasswordHash, Verdict};
use crate::accounts::strength::{self, Rules};
use crate::accounts::throttle::{Attempt, Throttle};
use crate::accounts::user::{Credentials, proof};
use crate::config::{Certificate, Config};
use crate::database::Database;
use crate::error::Error;
use crate::keys::Keys;
use crate::mail::Letterhead;
use crate::stop::{InFlight, STOP_TIMEOUT};
use crate::telemetry::RequestSpan;
use crate::web::address::{self, Strangers};
use crate::web::limit::{self, Flood};
use crate::web::origin::Origin;
use crate::web::session_store::PostgresStore;
use crate::web::{cookies, csrf, https, layer};
use crate::{routes, tls};

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Where the certificate of development is kept; ignored by git.
const SELF_SIGNED: &str = ".tls";
/// What every handler can ask for, as `web::Data<App>`.
pub struct App {
    pub config: Config,
    pub origin: Origin,
    pub db: Database,
    pub hasher: Hasher,
    pub keys: Keys,
    /// What cookie names end in, in the browser. Empty in production.
    pub cookie_suffix: String,
    pub throttle: Throttle,
    pub flood: Flood,
    pub strangers: Strangers,
    pub in_flight: InFlight,
}

impl App {
    /// Puts the parts together. `port` is the one that is listened on.
    ///
    /// # Errors
    /// When `SECRET_KEYS` cannot be parsed, which `Config` has already checked.
    pub fn new(config: Config, port: u16, db: Database, hasher: Hasher) -> anyhow::Result<Self> {
        let scheme = if config.https.certificate.is_some() { "https" } else { "http" };
        let origin = match &config.base_url {
            Some(url) => Origin::new(url),
            None => Origin::new(&format!("{scheme}://localhost:{port}").parse()?),
        };
        let keys = Keys::parse(config.secret_keys.expose_secret()).map_err(anyhow::Error::msg)?;
        let throttle = Throttle::new(db.clone(), keys.throttle());
        let cookie_suffix = config.cookie_suffix();
        let (flood, strangers, in_flight) = Default::default();
        Ok(Self {
            config,
            origin,
            db,
            hasher,
            keys,
            cookie_suffix,
            throttle,
            flood,
            strangers,
            in_flight,
        })
    }

    /// Verifies a password for an attempt that was counted. A full queue verifies nothing, so the
    /// attempt is taken back: a flood of logins must not lock out those who log in meanwhile.
    pub async fn verify(
        &self,
        attempt: &Attempt,
        password: &Password,
        stored: Option<(Uuid, &PasswordHash)>,
    ) -> Result<Verdict, Error> {
        let verdict = self.hasher.verify(password, stored).await;
        if let Err(HashError::Busy) = verdict {
            self.throttle.take_back(attempt).await?;
        }
        Ok(verdict?)
    }

    /// Hashes a new password, or says why it is refused. Expensive either way, so callers
    /// count the attempt before. `email` is the account's own: a password that repeats it is weak.
    pub async fn hash_new(
        &self,
        password: &Password,
        email: &Email,
    ) -> Result<Result<PasswordHash, strength::Refusal>, HashError> {
        let known = vec![email.as_str().to_owned(), self.config.app_name.clone()];
        let rules = Rules { minimum: self.config.password_min_length, known };
        self.hasher.hash_new(password, rules).await
    }

    /// Rehashes a right password as today's Argon2id. A failure is logged and does not fail the
    /// login.
    pub async fn renew_hash(&self, known: &Credentials, password: &Password) {
        let user_id = known.user.id;
        let renewed = async {
            let stronger = self.hasher.hash(password).await?;
            proof::rehash(&self.db, user_id, &known.password_hash, &stronger).await?;
            anyhow::Ok(())
        };
        if let Err(error) = renewed.await {
            tracing::warn!(user = %user_id, "a weak password hash was not renewed: {error:#}");
        }
    }

    /// The site's name and URL, for the foot of every mail.
    pub fn letterhead(&self) -> Letterhead<'_> {
        Letterhead { app_name: &self.config.app_name, origin: &self.origin.url }
    }
}

/// Where the site listens.
pub struct Doors {
    pub main: TcpListener,
    /// `LISTEN_HTTP`.
    pub http: Option<TcpListener>,
}

impl Doors {
    /// # Errors
    /// With the address that is taken.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let listen = |address| {
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
        };
        let http = config.https.listen_http.map(listen).transpose()?;
        Ok(Self { main: listen(config.listen)?, http })
    }
}

/// Starts the site. The middleware that is added last handles a request first.
///
/// # Errors
/// When a listener or the certificate cannot be used.
pub fn serve(app: web::Data<App>, doors: Doors) -> anyhow::Result<Server> {
    let certificate = match app.config.https.certificate.clone() {
        Some(Certificate::SelfSigned) => Some(tls::self_signed(Path::new(SELF_SIGNED))?),
        Some(Certificate::Files(files)) => Some(files),
        None => None,
    };
    let state = app.clone();
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(state.clone())
            .configure(routes::all)
            // The user of the session, for `Identity::login` and `logout`. Without deadlines:
            // they would write the session at every request; ours are in SQL.
            .wrap(IdentityMiddleware::default())
            .wrap(from_fn(layer::renew_in_place))
            .wrap(sessions(&state))
            .wrap(from_fn(csrf::refuse_cross_site))
            .wrap(from_fn(address::right_host))
            .wrap(from_fn(https::only))
            .wrap(from_fn(limit::refuse_floods))
            .wrap(from_fn(layer::complete))
            .wrap(TracingLogger::<RequestSpan>::new())
    });
    let server = server
        .workers(std::thread::available_parallelism().map_or(1, usize::from))
        // Else the end of an answer waits for the client's delayed acknowledgement: 40 ms.
        .tcp_nodelay(true)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(STOP_TIMEOUT.as_secs());
    let server = match certificate {
        Some(files) => server.listen_rustls_0_23(doors.main, tls::server_config(files)?)?,
        None => server.listen(doors.main)?,
    };
    // The same site: `https::only` redirects or rejects every request that comes in there.
    let server = match doors.http {
        Some(http) => server.listen(http)?,
        None => server,
    };
    Ok(server.run())
}

/// actix-session with our store. `Private` binds the value to the cookie's name, `Signed` does
/// not; `BrowserSession` writes no Max-Age, `web/set_cookie.rs` adds it for remembered sessions.
fn sessions(app: &web::Data<App>) -> SessionMiddleware<PostgresStore> {
    let store = PostgresStore { db: app.db.clone(), lifetimes: app.config.lifetimes };
    let newest = app.keys.cookies().next().cloned().unwrap_or_else(Key::generate);
    SessionMiddleware::builder(store, newest)
        .cookie_name(cookies::SESSION.to_owned())
        .cookie_content_security(CookieContentSecurity::Private)
        .cookie_secure(true)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .session_lifecycle(BrowserSession::default())
        .build()
}
