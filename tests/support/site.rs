//! The real server, on a port of its own, with a database of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use app::accounts::password::Hasher;
use app::config::Config;
use app::database::{self, ACQUIRE_TIMEOUT};
use app::keys::Keys;
use app::server::{self, Listeners};
use app::state::AppState;
use app::web::rate_limit::RateLimit;
use argon2::Params;
use futures_util::future::join_all;
use reqwest::{Certificate, ClientBuilder};

use super::authority::CertificateAuthority;
use super::browser::Browser;
use super::database::{Database, database_with};
use super::mechanics;

/// How long a request waits for a database connection: long, for a busy machine.
const LONG_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// Few, because each may keep a connection, and many sites run at once.
const WORKERS: usize = 2;

/// A running site. It stops when this is dropped.
pub struct Site {
    pub db: Database,
    pub app: Data<AppState>,
    pub address: SocketAddr,
    /// The address of `LISTEN_HTTP`.
    pub http: Option<SocketAddr>,
    /// `http://localhost:PORT`, or the value of `BASE_URL`.
    pub url: String,
    /// The authority that signed the site's certificate.
    pub authority: Option<Arc<CertificateAuthority>>,
    server: StopOnDrop,
}

impl Site {
    pub async fn start() -> Site {
        Site::with(&[]).await
    }

    /// With other settings, named as in `.env.example`.
    pub async fn with(settings: &[(&str, &str)]) -> Site {
        Site::on(database_with(10).await, settings).await
    }

    /// With `ENVIRONMENT=production`, behind a proxy that speaks HTTPS.
    pub async fn in_production() -> Site {
        Site::in_production_with(&[]).await
    }

    pub async fn in_production_with(settings: &[(&str, &str)]) -> Site {
        let production = [
            ("ENVIRONMENT", "production"),
            ("BASE_URL", "https://localhost"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
            ("SMTP_URL", "smtps://mail.example.com"),
        ];
        Site::with(&[&production, settings].concat()).await
    }

    /// With throttle and rate limit, as in production. Most other sites have neither, because all
    /// requests of a test have one IP address.
    pub async fn with_real_limits(settings: &[(&str, &str)]) -> Site {
        Site::limited(database_with(10).await, settings, cheapest(), Limits::All).await
    }

    /// With the throttle but no rate limit, behind a proxy that reports the IP address: a test can
    /// have many.
    pub async fn behind_a_proxy() -> Site {
        Site::behind_a_proxy_with(cheapest()).await
    }

    pub async fn behind_a_proxy_with(argon2: Params) -> Site {
        Site::proxied(database_with(10).await, &[], argon2).await
    }

    /// Behind a proxy, on this database and with these settings.
    pub async fn behind_a_proxy_on(db: Database, settings: &[(&str, &str)]) -> Site {
        Site::proxied(db, settings, cheapest()).await
    }

    async fn proxied(db: Database, settings: &[(&str, &str)], argon2: Params) -> Site {
        let settings = [&[("TRUSTED_PROXIES", "127.0.0.0/8")], settings].concat();
        Site::limited(db, &settings, argon2, Limits::ThrottleOnly).await
    }

    async fn limited(
        db: Database,
        settings: &[(&str, &str)],
        argon2: Params,
        limits: Limits,
    ) -> Site {
        let config = config(&db.url, settings);
        let hasher = Hasher::new(argon2, config.argon2_concurrency).expect("a hasher");
        Site::run(db, config, hasher, LONG_ACQUIRE_TIMEOUT, limits)
    }

    pub async fn on(db: Database, settings: &[(&str, &str)]) -> Site {
        let config = config(&db.url, settings);
        let hasher = Hasher::new(cheapest(), config.argon2_concurrency).expect("a hasher");
        Site::with_hasher(db, config, hasher).await
    }

    /// With production's time limit for getting a database connection. Other sites wait longer, so
    /// that a busy machine does not cause a 503.
    pub async fn with_production_timeout(db: Database, settings: &[(&str, &str)]) -> Site {
        let config = config(&db.url, settings);
        let hasher = Hasher::new(cheapest(), config.argon2_concurrency).expect("a hasher");
        Site::run(db, config, hasher, ACQUIRE_TIMEOUT, Limits::None)
    }

    pub async fn with_hasher(db: Database, config: Config, hasher: Hasher) -> Site {
        Site::run(db, config, hasher, LONG_ACQUIRE_TIMEOUT, Limits::None)
    }

    fn run(
        db: Database,
        config: Config,
        hasher: Hasher,
        acquire_timeout: Duration,
        limits: Limits,
    ) -> Site {
        let listeners = Listeners::open(&config).expect("free ports");
        let address = listeners.main.local_addr().expect("its address");
        let http = listeners.http.as_ref().map(|http| http.local_addr().expect("its address"));
        let (options, most) = (database::options(&config), config.pool_connections());
        let pool = database::Database::new(options, most, acquire_timeout);
        let mut app = AppState::new(config, address.port(), pool, hasher).expect("the state");
        if limits == Limits::None {
            app.throttle = app.throttle.without_limits();
        }
        let rate_limit = match limits {
            Limits::All => RateLimit::default(),
            Limits::ThrottleOnly | Limits::None => RateLimit::without_limits(),
        };
        let app = Data::new(app);
        let server = server::serve(app.clone(), rate_limit, listeners, mechanics::routes);
        let server = server.expect("the server").server;
        let handle = server.handle();
        tokio::spawn(server);
        let url = app.origin.url.clone();
        Site { db, app, address, http, url, authority: None, server: StopOnDrop(handle) }
    }

    /// Stops the server and returns its database, for the next server.
    pub async fn stop(self) -> Database {
        self.server.0.stop(false).await;
        self.db
    }

    /// Opens all connections of the app's pool, and leaves them idle.
    pub async fn open_all_connections(&self) {
        let connections = self.app.config.pool_connections();
        drop(join_all((0..connections).map(|_| self.app.db.acquire())).await);
        while self.app.db.idle() < connections as usize {
            tokio::task::yield_now().await;
        }
    }

    /// A new browser without cookies, as on a new device.
    pub fn browser(&self) -> Browser {
        self.browser_with(|client| client)
    }

    /// A new browser with other connection settings.
    pub fn browser_with(&self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Browser {
        let root = self.authority.as_ref().map(|authority| {
            Certificate::from_der(&authority.root()).expect("the root of the test")
        });
        Browser::with(&self.url, |client| change(client.tls_certs_only(root)))
    }
}

/// Stops the server when dropped. A type of its own, so that `Site::stop` can move `db` out.
struct StopOnDrop(ServerHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        drop(self.0.stop(false));
    }
}

/// The limits of a site.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limits {
    All,
    ThrottleOnly,
    None,
}

/// The lowest cost that Argon2 allows, so that tests are fast.
fn cheapest() -> Params {
    Params::new(Params::MIN_M_COST, 1, 1, None).expect("the cheapest settings")
}

/// Settings of development, on a free port.
pub fn config(database_url: &str, settings: &[(&str, &str)]) -> Config {
    let mut values: HashMap<String, String> = HashMap::from([
        ("DATABASE_URL".to_owned(), database_url.to_owned()),
        ("SECRET_KEYS".to_owned(), Keys::generate()),
        ("LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("WORKERS".to_owned(), WORKERS.to_string()),
        ("ENVIRONMENT".to_owned(), "development".to_owned()),
        // The pages as in production. `tests/lesson` and the browser tests turn it on.
        ("LESSON".to_owned(), "off".to_owned()),
    ]);
    values.extend(settings.iter().map(|(name, value)| (name.to_string(), value.to_string())));
    Config::from_values(values).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}
