//! Rejects settings at start that are valid one by one and unsafe together.
//!
//! Development listens on this machine only, because it shows emails and sessions to any client.
//! Production rejects settings that would break a security promise of this site (ASVS 13.2, 12.3).
//! It names all reasons at once. Some reasons can be waived by name; each start logs the waivers.

use std::str::FromStr;

use sqlx::postgres::PgSslMode;

use super::parse::not_loopback;
use super::{Config, Environment, https, mail, tls};

/// A named exception, for `ALLOW_UNSAFE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiver {
    /// The database is reached without verified TLS.
    DatabaseTls,
    /// The app's role in PostgreSQL is a superuser.
    DatabaseSuperuser,
    /// No email is sent.
    NoMail,
    /// An attacker on the way to the mail server can read emails and the links in them.
    MailTls,
    /// Development is behind a forwarded port that only its developer can reach.
    ForwardedPort,
}

impl Waiver {
    pub const ALL: [Self; 5] = [
        Self::DatabaseTls,
        Self::DatabaseSuperuser,
        Self::NoMail,
        Self::MailTls,
        Self::ForwardedPort,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::DatabaseTls => "database-tls",
            Self::DatabaseSuperuser => "database-superuser",
            Self::NoMail => "no-mail",
            Self::MailTls => "mail-tls",
            Self::ForwardedPort => "forwarded-port",
        }
    }

    pub(super) fn list(value: &str) -> Result<Vec<Self>, String> {
        value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

impl FromStr for Waiver {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|waiver| waiver.name() == name);
        found.ok_or_else(|| format!("accepts {}, not {name:?}", names()))
    }
}

/// The reasons not to start with this configuration; empty when there is none.
pub(super) fn of(config: &Config) -> Vec<String> {
    let mut reasons: Vec<String> = https::refusal(config).map(str::to_owned).into_iter().collect();
    reasons.extend(tls::refusals(config));
    reasons.extend(match config.environment {
        Environment::Development => development(config),
        Environment::Production => production(config),
    });
    reasons
}

fn development(config: &Config) -> Vec<String> {
    let mut reasons = Vec::new();
    reasons.extend(not_loopback("LISTEN", config.listen));
    let metrics = config.metrics_listen;
    reasons.extend(metrics.and_then(|address| not_loopback("METRICS_LISTEN", address)));
    let local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let forwarded = config.forwarded_port();
    if let Some(url) = &config.base_url
        && !url.host_str().is_some_and(local)
        && !(forwarded && url.scheme() == "https")
    {
        reasons.push(
            "BASE_URL must be on localhost in development, or, with ALLOW_UNSAFE=forwarded-port, \
             the https URL of a forwarded port that only you can reach (docs/developing.md)"
                .to_owned(),
        );
    }
    reasons
}

fn production(config: &Config) -> Vec<String> {
    let mut reasons = Vec::new();
    if config.base_url.as_ref().is_none_or(|url| url.scheme() != "https") {
        reasons.push(
            "BASE_URL must be the https origin that visitors use, such as https://example.com"
                .to_owned(),
        );
    }
    let database = &config.database;
    let local = matches!(database.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]")
        || database.get_socket().is_some()
        || database.get_host().starts_with('/');
    let verified = matches!(database.get_ssl_mode(), PgSslMode::VerifyFull);
    if !local && !verified && !config.allow_unsafe.contains(&Waiver::DatabaseTls) {
        reasons.push(
            "DATABASE_URL is on another host: add ?sslmode=verify-full, or it may be read in \
             transit (waiver: ALLOW_UNSAFE=database-tls)"
                .to_owned(),
        );
    }
    if config.forwarded_port() {
        reasons.push("ALLOW_UNSAFE=forwarded-port is for development".to_owned());
    }
    reasons.extend(mail::refusal(config).map(str::to_owned));
    reasons
}
