//! Vestibule: getting in and staying in safely.
//!
//! Read it in this order: `routes` (every address) · `flows/login` · `flows/start_session` (the one
//! door) · `web/visitor` and `web/guard` (who may enter) · `web/session_store` and
//! `accounts/session` (the row behind the cookie) · `web/cookies` · `web/csrf`.
//!
//! Three floors, and nothing calls upwards: `flows` (what people can do) use `web` (how the site
//! speaks HTTP), which uses `accounts` (who people are: a table each). `tests/house_rules.rs` keeps
//! it so.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod app;
pub mod background;
pub mod cli;
pub mod config;
pub mod dev;
pub mod error;
pub mod flows;
pub mod keys;
pub mod mail;
pub mod routes;
pub mod schema;
pub mod stop;
pub mod supervise;
pub mod telemetry;
pub mod tls;
pub mod web;
