//! One function per kind of setting. It returns the value, or what is wrong with it and an example.
//!
//! An error never repeats the value of a secret, because errors are logged.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::{Environment, SignUp};
use crate::keys::Keys;

/// The connection on which mail delivery is notified.
pub(super) const MAIL_CONNECTIONS: usize = 1;
/// The size of the pool: the least that works, and the default.
const MIN_POOL: usize = 2;
const DEFAULT_POOL: usize = 13;

pub(super) fn environment(value: &str) -> Result<Environment, String> {
    match value {
        "development" => Ok(Environment::Development),
        "production" => Ok(Environment::Production),
        _ => Err("must be development or production".to_owned()),
    }
}

pub(super) fn one_line(value: &str) -> Result<String, String> {
    let fits = value.chars().count() <= 60 && !value.contains(char::is_control);
    if fits {
        Ok(value.to_owned())
    } else {
        Err("must be one line of up to 60 characters".to_owned())
    }
}

pub(super) fn parsed<T: FromStr>(example: &str) -> impl FnOnce(&str) -> Result<T, String> {
    move |value| value.parse().map_err(|_| format!("must be {example}"))
}

/// The reason against a listener of development, if other machines can reach it.
pub(super) fn not_loopback(name: &str, address: SocketAddr) -> Option<String> {
    (!address.ip().is_loopback()).then(|| {
        format!(
            "{name} is {address}: development hides nothing from anybody who can reach it, so it \
             listens on 127.0.0.1 only; ENVIRONMENT=production for anything else",
        )
    })
}

pub(super) fn at_least(least: usize) -> impl FnOnce(&str) -> Result<usize, String> {
    move |value| {
        let number =
            value.parse().ok().filter(|number| (least..=u32::MAX as usize).contains(number));
        number.ok_or_else(|| format!("must be a number, {least} or more"))
    }
}

/// How many connections to PostgreSQL the app may have.
pub(super) fn connections(workers: usize) -> impl FnOnce(&str) -> Result<usize, String> {
    let least = workers + MAIL_CONNECTIONS + MIN_POOL;
    move |value| {
        at_least(least)(value).map_err(|_| {
            format!(
                "must be a number, {least} or more: {workers} for the sessions (one for each of \
                 WORKERS), {MAIL_CONNECTIONS} for mail, {MIN_POOL} for all else; such as {}",
                default_connections(workers),
            )
        })
    }
}

pub(super) fn default_connections(workers: usize) -> usize {
    workers + MAIL_CONNECTIONS + DEFAULT_POOL
}

pub(super) fn base_url(value: &str) -> Result<Option<Url>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(value).ok().filter(|url| {
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && bare && url.username().is_empty()
    });
    url.map(Some).ok_or_else(|| "must be an origin, such as https://login.example.com".to_owned())
}

pub(super) fn database_url(value: &str) -> Result<PgConnectOptions, String> {
    let example = "must be a PostgreSQL URL, such as postgres://user:password@localhost/vestibule";
    if !value.starts_with("postgres://") && !value.starts_with("postgresql://") {
        return Err(example.to_owned());
    }
    value.parse().map_err(|_| example.to_owned())
}

pub(super) fn secret_keys(value: &str) -> Result<SecretString, String> {
    if value.is_empty() {
        return Err("is missing; `vestibule key generate` makes one".to_owned());
    }
    Keys::parse(value)
        .map_err(|mistake| format!("{mistake}; `vestibule key generate` makes one"))?;
    Ok(value.into())
}

/// At least the 7 days in which "this wasn't me" works, because it is about the events of that
/// time.
pub(super) fn retention(value: &str) -> Result<Duration, String> {
    let parsed = duration(value).ok().filter(|time| time.as_secs() >= 7 * 86_400);
    parsed.ok_or_else(|| "must be a duration of 7d to 1 year, such as 90d".to_owned())
}

pub(super) fn duration(value: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(value).ok();
    let sane = parsed.filter(|time| (1..=366 * 86_400).contains(&time.as_secs()));
    sane.ok_or_else(|| "must be a duration of 1s to 1 year, such as 90s, 15m, 1h, 14d".to_owned())
}

pub(super) fn networks(value: &str) -> Result<Vec<IpNet>, String> {
    const PRIVATE: &str =
        "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1/128,fc00::/7,fe80::/10";
    let list = if value == "private" { PRIVATE } else { value };
    list.split(',')
        .map(str::trim)
        .filter(|network| !network.is_empty())
        .map(|network| {
            network.parse::<IpNet>().or_else(|_| Ok(network.parse::<std::net::IpAddr>()?.into()))
        })
        .collect::<Result<_, std::net::AddrParseError>>()
        .map_err(|_| {
            "must be networks, such as 10.0.0.0/8,fd00::/8, or the word private".to_owned()
        })
}

/// The IP address and port of `/metrics`.
pub(super) fn metrics_listen(value: &str) -> Result<Option<SocketAddr>, String> {
    match value {
        "" => Ok(None),
        address => parsed("an address, 127.0.0.1:9464")(address).map(Some),
    }
}

pub(super) fn log_format(value: &str) -> Result<bool, String> {
    match value {
        "json" => Ok(true),
        "pretty" => Ok(false),
        _ => Err("must be pretty or json".to_owned()),
    }
}

pub(super) fn sign_up(value: &str) -> Result<SignUp, String> {
    match value {
        "open" => Ok(SignUp::Open),
        "invited" => Ok(SignUp::Invited),
        _ => Err("must be open or invited".to_owned()),
    }
}

pub(super) fn yes_or_no(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "must be true or false".to_owned())
}

pub(super) fn on_or_off(value: &str) -> Result<bool, String> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

pub(super) fn log_filter(value: &str) -> Result<String, String> {
    let valid = tracing_subscriber::EnvFilter::try_new(value);
    valid
        .map(|_| value.to_owned())
        .map_err(|_| "must be a filter, such as info,sqlx=warn".to_owned())
}
