//! Vestibule: logging in and staying logged in safely.
//!
//! Read it in this order: `routes` (every path) · `flows/login` · `flows/start_session` (begins
//! every session) · `web/visitor` and `web/guard` (who may see a page) · `web/session_store` and
//! `accounts/session` (the row behind the cookie) · `web/cookies` · `web/csrf`.
//!
//! Three levels: `flows` (what people can do) use `web` (how the site speaks HTTP), which uses
//! `accounts` (a file for each table). Nothing calls upwards; `tests/house_rules.rs` checks it.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod app;
pub mod background;
pub mod cli;
pub mod config;
pub mod database;
pub mod dev;
pub mod error;
pub mod flows;
pub mod keys;
pub mod mail;
pub mod routes;
pub mod stop;
pub mod supervise;
pub mod telemetry;
pub mod tls;
pub mod web;
