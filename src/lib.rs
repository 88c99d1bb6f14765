//! Vestibule: logging in and staying logged in safely.
//!
//! Read it in this order: `routes` (every path) · `flows/login` · `flows/start_session` (begins
//! every session) · `web/visitor` and `web/guard` (who may see a page) · `web/session_store` and
//! `accounts/session` (the row behind the cookie) · `web/cookies` · `web/csrf`.
//!
//! `flows` (what people can do) use `web` (how the site speaks HTTP), which uses `throttle` and
//! `accounts` (who people are). No module imports one above it: `tests/house_rules.rs` holds the
//! order, `docs/architecture.md` explains it.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod background;
pub mod cli;
pub mod config;
pub mod database;
pub mod dev;
pub mod email;
pub mod flows;
pub mod keys;
pub mod mail;
pub mod origin;
pub mod routes;
pub mod server;
pub mod state;
pub mod supervise;
pub mod telemetry;
pub mod throttle;
pub mod tls;
pub mod web;
