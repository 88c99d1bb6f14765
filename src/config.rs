//! Every setting: its name, its default, its check. All mistakes are reported at once.
//!
//! The settings are read from the environment and, in development, from `.env`. No other file reads
//! the environment. `.env.example` lists every setting.
//! `config/parse.rs` checks single values, `config/unsafe_settings.rs` unsafe combinations.

mod env_file;
mod https;
mod lifetimes;
pub mod mail;
mod parse;
mod tls;
mod unsafe_settings;

use std::collections::HashMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use argon2::Params;
use ipnet::IpNet;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use url::Url;

pub use lifetimes::{Lifetimes, Timeouts};
use mail::MailSettings;
use parse::*;
pub use tls::{Certificate, TlsSettings};
pub use unsafe_settings::Waiver;

/// The default of `ENVIRONMENT`.
const DEFAULT_ENVIRONMENT: &str = if cfg!(debug_assertions) { "development" } else { "production" };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Development,
    Production,
}

impl Environment {
    pub fn is_development(self) -> bool {
        self == Self::Development
    }
}

/// Who can create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Anyone.
    Open,
    /// People whom an operator has invited.
    Invited,
}

impl SignUp {
    pub fn is_open(self) -> bool {
        self != Self::Invited
    }
}

/// All settings, checked.
pub struct Config {
    pub environment: Environment,
    pub app_name: String,
    pub listen: SocketAddr,
    pub tls: TlsSettings,
    pub mail: MailSettings,
    /// `None`, only in development: localhost, with the port of `listen`.
    pub base_url: Option<Url>,
    pub database: PgConnectOptions,
    /// The threads that handle requests. Each keeps a connection for loading sessions.
    pub workers: usize,
    /// All connections of the app. `pool_connections` is the part that requests share.
    pub database_max_connections: u32,
    /// How long the app waits for the database when it starts.
    pub database_wait: Duration,
    pub secret_keys: SecretString,
    pub lifetimes: Lifetimes,
    pub sign_up: SignUp,
    /// In code points.
    pub password_min_length: usize,
    /// Whether every account must have a second factor (ASVS 6.3.3).
    pub require_second_factor: bool,
    pub argon2: Params,
    pub argon2_concurrency: usize,
    /// How long audit events are kept.
    pub audit_retention: Duration,
    pub trusted_proxies: Vec<IpNet>,
    /// Where Prometheus reads the metrics. `None`: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    pub log_json: bool,
    pub log_filter: String,
    /// Whether `/practices` exists and, in development, the rest of `src/lesson.rs`.
    pub lesson: bool,
    pub allow_unsafe: Vec<Waiver>,
}

/// All mistakes in the settings, one line each.
#[derive(Debug)]
pub struct Mistakes(pub Vec<String>);

impl Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "the settings need your attention:")?;
        self.0.iter().try_for_each(|mistake| writeln!(f, "  - {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads the environment and, in development, `.env`. The environment overrides the file, and
    /// only the environment can set `ENVIRONMENT`.
    ///
    /// # Errors
    /// Lists every invalid value or, if there is none, every unsafe combination.
    pub fn load() -> Result<Self, Mistakes> {
        let file = Path::new(".env");
        let process: HashMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let environment = process.get("ENVIRONMENT").map(|value| value.trim());
        let environment =
            environment.filter(|value| !value.is_empty()).unwrap_or(DEFAULT_ENVIRONMENT);
        if environment != "development" {
            let loaded = Self::from_values(process);
            return loaded.map_err(|Mistakes(mut mistakes)| {
                if file.exists() {
                    mistakes.push(".env is read in development only".to_owned());
                }
                Mistakes(mistakes)
            });
        }
        let mut values = env_file::read(file).map_err(|mistake| Mistakes(vec![mistake]))?;
        if values.remove("ENVIRONMENT").is_some_and(|value| !value.trim().is_empty()) {
            let mistake = ".env sets ENVIRONMENT: set it where the app is started, or leave it out";
            return Err(Mistakes(vec![mistake.to_owned()]));
        }
        values.extend(process);
        Self::from_values(values)
    }

    /// The end of each cookie's name. Browsers separate cookies by host and not by port, so two
    /// copies of this app on localhost would log each other out (expressjs/session#124). In
    /// development, the port makes their cookie names different, unless it is 8080.
    pub fn cookie_suffix(&self) -> String {
        match self.listen.port() {
            0 | 8080 => String::new(),
            port if self.environment.is_development() => format!("-{port}"),
            _ => String::new(),
        }
    }

    /// The size of the pool: without the connections of the workers and of mail delivery.
    pub fn pool_connections(&self) -> u32 {
        self.database_max_connections - (self.workers + MAIL_CONNECTIONS) as u32
    }

    /// Whether development is behind a private forwarded port, such as that of a Codespace. The
    /// forwarder connects from this machine by plain HTTP and speaks HTTPS only to the browser. It
    /// may send `localhost` as the `Host`.
    pub fn forwarded_port(&self) -> bool {
        self.allow_unsafe.contains(&Waiver::ForwardedPort)
    }

    /// Checks these values. For `load` and for tests.
    ///
    /// # Errors
    /// As those of `load`.
    pub fn from_values(values: HashMap<String, String>) -> Result<Self, Mistakes> {
        let mut read = Reader { values, mistakes: Vec::new() };
        let config = read.config();
        let mut mistakes = read.mistakes;
        if let Some(config) = &config {
            mistakes.extend(unsafe_settings::of(config));
        }
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(Mistakes(mistakes)),
        }
    }
}

struct Reader {
    values: HashMap<String, String>,
    mistakes: Vec<String>,
}

impl Reader {
    /// Checks every setting and collects the mistakes. `None` when there is one.
    fn config(&mut self) -> Option<Config> {
        let environment = self.setting("ENVIRONMENT", DEFAULT_ENVIRONMENT, environment);
        let production = environment == Some(Environment::Production);
        let log_default = if production { "json" } else { "pretty" };
        let lesson_default = if production { "off" } else { "on" };
        let cores = std::thread::available_parallelism().map_or(1, usize::from).to_string();

        let app_name = self.setting("APP_NAME", "Vestibule", one_line);
        let listen = self.setting("LISTEN", "127.0.0.1:8080", parsed("an address, 127.0.0.1:8080"));
        let tls = self.tls();
        let mail = self.mail();
        let base_url = self.setting("BASE_URL", "", base_url);
        let database = self.setting("DATABASE_URL", "", database_url);
        let workers = self.setting("WORKERS", &cores, at_least(1));
        let per_worker = workers.unwrap_or(1);
        let default = default_connections(per_worker).to_string();
        let max_connections =
            self.setting("DATABASE_MAX_CONNECTIONS", &default, connections(per_worker));
        let database_wait = self.setting("DATABASE_WAIT", "30s", duration);
        let secret_keys = self.setting("SECRET_KEYS", "", secret_keys);
        let idle = self.setting("SESSION_IDLE_TIMEOUT", "1h", duration);
        let absolute = self.setting("SESSION_ABSOLUTE_TIMEOUT", "24h", duration);
        let remember_idle = self.setting("REMEMBER_IDLE_TIMEOUT", "14d", duration);
        let remember_absolute = self.setting("REMEMBER_ABSOLUTE_TIMEOUT", "30d", duration);
        let sudo_window = self.setting("SUDO_WINDOW", "10m", duration);
        let sessions_per_user = self.setting("SESSIONS_PER_USER", "20", at_least(1));
        let sign_up = self.setting("REGISTRATION", "open", sign_up);
        let min_length = self.setting("PASSWORD_MIN_LENGTH", "15", at_least(8));
        let require_second_factor = self.setting("REQUIRE_SECOND_FACTOR", "false", yes_or_no);
        let memory = self.setting("ARGON2_MEMORY", "19456", at_least(7168));
        let iterations = self.setting("ARGON2_ITERATIONS", "2", at_least(1));
        let lanes = self.setting("ARGON2_LANES", "1", at_least(1));
        let concurrency = self.setting("ARGON2_CONCURRENCY", &cores, at_least(1));
        let audit_retention = self.setting("AUDIT_RETENTION", "365d", retention);
        let trusted_proxies = self.setting("TRUSTED_PROXIES", "", networks);
        let metrics_listen = self.setting("METRICS_LISTEN", "", metrics_listen);
        let log_json = self.setting("LOG_FORMAT", log_default, log_format);
        let log_filter = self.setting("RUST_LOG", "info", log_filter);
        let lesson = self.setting("LESSON", lesson_default, on_or_off);
        let allow_unsafe = self.setting("ALLOW_UNSAFE", "", Waiver::list);

        let argon2 = Params::new(memory? as u32, iterations? as u32, lanes? as u32, None);
        let argon2 =
            argon2.map_err(|error| self.mistakes.push(format!("ARGON2_MEMORY: {error}"))).ok();
        Some(Config {
            environment: environment?,
            app_name: app_name?,
            listen: listen?,
            tls: tls?,
            mail: mail?,
            base_url: base_url?,
            database: database?,
            workers: workers?,
            database_max_connections: max_connections? as u32,
            database_wait: database_wait?,
            secret_keys: secret_keys?,
            lifetimes: Lifetimes {
                ordinary: Timeouts { idle: idle?, absolute: absolute? },
                remembered: Timeouts { idle: remember_idle?, absolute: remember_absolute? },
                sessions_per_user: sessions_per_user? as i64,
                sudo_window: sudo_window?,
            },
            sign_up: sign_up?,
            password_min_length: min_length?,
            require_second_factor: require_second_factor?,
            argon2: argon2?,
            argon2_concurrency: concurrency?,
            audit_retention: audit_retention?,
            trusted_proxies: trusted_proxies?,
            metrics_listen: metrics_listen?,
            log_json: log_json?,
            log_filter: log_filter?,
            lesson: lesson?,
            allow_unsafe: allow_unsafe?,
        })
    }

    /// Checks one setting. An empty value means the default, as in `.env.example`.
    fn setting<T>(
        &mut self,
        name: &str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value =
            self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let parsed = parse(value.unwrap_or(default));
        parsed.map_err(|mistake| self.mistakes.push(format!("{name} {mistake}"))).ok()
    }
}
