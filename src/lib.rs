//! Vestibule: logging in and staying logged in safely.
//!
//! Suggested reading order: `routes` (every path) · `flows/login` · `flows/start_session` (begins
//! every session of a user) · `web/visitor` and `web/guard` (access to a page) ·
//! `web/session_store` and `accounts/session` (the row behind the cookie) · `web/cookies` ·
//! `web/csrf`.
//!
//! `flows` (the pages and forms) uses `web` (HTTP), which uses `throttle` and `accounts` (users and
//! sessions). `docs/architecture.md` explains the order; `tests/house_rules.rs` enforces it.

pub mod accounts;
pub mod background;
pub mod cli;
pub mod config;
pub mod database;
pub mod deletion;
pub mod dev;
pub mod email;
pub mod flows;
pub mod keys;
pub mod lesson;
pub mod mail;
pub mod metrics;
pub mod origin;
pub mod passkeys;
pub mod projects;
pub mod routes;
pub mod server;
pub mod state;
pub mod supervise;
pub mod telemetry;
pub mod throttle;
pub mod tls;
pub mod totp;
pub mod web;
