//! The server: its listeners, and the middleware around every route.

mod certificate;
pub mod stop;

use std::net::TcpListener;
use std::time::Duration;

use actix_identity::IdentityMiddleware;
use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity};
use actix_web::cookie::SameSite;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use anyhow::Context;
use tracing_actix_web::TracingLogger;

use crate::config::Config;
use crate::state::AppState;
use crate::telemetry::RequestSpan;
use crate::web::host::{self, RejectedHosts};
use crate::web::rate_limit::{self, RateLimit};
use crate::web::session_loads::SessionLoads;
use crate::web::session_store::{self, PostgresStore};
use crate::web::{cookies, csrf, https, outermost, session_rotation};
use crate::{metrics, routes};
use stop::{InFlight, Running};

/// The time limit for receiving the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The sockets on which the site listens.
pub struct Listeners {
    pub main: TcpListener,
    /// `LISTEN_HTTP`.
    pub http: Option<TcpListener>,
}

impl Listeners {
    /// # Errors
    /// When it cannot listen on an address, for example because another process does.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let listen = |address| {
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
        };
        let http = config.tls.listen_http.map(listen).transpose()?;
        Ok(Self { main: listen(config.listen)?, http })
    }
}

/// Builds the server; `stop::run` runs it. `more_routes` adds routes to those of `routes.rs`, from
/// another crate or from a test.
///
/// # Errors
/// When it cannot listen as the settings say.
pub fn serve(
    state: web::Data<AppState>,
    rate_limit: RateLimit,
    listeners: Listeners,
    more_routes: fn(&mut ServiceConfig),
) -> anyhow::Result<Running> {
    let certificate = certificate::server_config(&state.config)?;
    let rate_limit = web::Data::new(rate_limit);
    let rejected_hosts = web::Data::new(RejectedHosts::default());
    let in_flight = web::Data::new(InFlight::default());
    let counted = in_flight.clone();
    let measured = state.config.metrics_listen.is_some();
    let workers = state.config.workers;
    // The middleware that is added last handles each request first.
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(rate_limit.clone())
            .app_data(rejected_hosts.clone())
            .app_data(counted.clone())
            .configure(routes::all)
            .configure(more_routes)
            // For `Identity::login` and `logout`. Its timeouts are off, because they would write
            // the session at every request; our SQL checks the timeouts.
            .wrap(IdentityMiddleware::default())
            .wrap(from_fn(session_rotation::in_place))
            .wrap(sessions(&state))
            .wrap(from_fn(session_store::in_context))
            .wrap(from_fn(csrf::reject_cross_site))
            .wrap(from_fn(host::own_host_only))
            .wrap(from_fn(https::https_only))
            .wrap(from_fn(rate_limit::limit_posts))
            .wrap(from_fn(outermost::complete))
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(stop::count))
            .wrap(Condition::new(measured, from_fn(metrics::observe)))
    });
    let server = server
        .workers(workers)
        // Nagle's algorithm would hold back the end of a response for a delayed ACK: 40 ms.
        .tcp_nodelay(true)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(stop::STOP_TIMEOUT.as_secs());
    let server = match certificate {
        Some(tls) => server.listen_rustls_0_23(listeners.main, tls)?,
        None => server.listen(listeners.main)?,
    };
    // The same app: `https::https_only` redirects or rejects every plain HTTP request.
    let server = match listeners.http {
        Some(http) => server.listen(http)?,
        None => server,
    };
    Ok(Running { server: server.run(), in_flight })
}

/// actix-session with our store. `Private` encrypts the cookie and authenticates its name, which
/// `Signed` does not. `BrowserSession` sets no `Max-Age`; `web/set_cookie.rs` adds it if needed.
fn sessions(state: &AppState) -> SessionMiddleware<PostgresStore> {
    let (db, lifetimes) = (state.db.clone(), state.config.lifetimes);
    let store = PostgresStore { loads: SessionLoads::new(db.clone()), db, lifetimes };
    SessionMiddleware::builder(store, state.keys.newest_cookies().clone())
        .cookie_name(cookies::SESSION.to_owned())
        .cookie_content_security(CookieContentSecurity::Private)
        .cookie_secure(true)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .session_lifecycle(BrowserSession::default())
        .build()
}
