//! sqlx 0.9: a pool has 10 connections, and a request waits 30 s for one of them. A connection
//! continues without TLS if the server offers none. `src/database.rs::ACQUIRE_TIMEOUT` is 1.8 s,
//! and `src/config/unsafe_settings.rs` rejects a database on another host without `verify-full`.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};

#[test]
fn the_eleventh_request_waits_30_seconds() {
    let pool = PgPoolOptions::new();
    assert_eq!(pool.get_max_connections(), 10);
    assert_eq!(pool.get_acquire_timeout(), Duration::from_secs(30));
}

#[test]
fn tls_is_preferred_and_not_required() {
    let url = "postgres://app@database.example.com/app";
    let options: PgConnectOptions = url.parse().expect("options");
    assert!(matches!(options.get_ssl_mode(), PgSslMode::Prefer));
}
