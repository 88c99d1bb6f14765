//! Helpers for all tests: browsers, raw sockets, a database per test, a clock that can be moved.

#![allow(dead_code, reason = "deleting a feature may leave a helper unused")]

pub mod asking;
pub mod authenticator;
pub mod authority;
pub mod browser;
pub mod clock;
pub mod cluster;
pub mod cookie_jar;
pub mod database;
mod fields;
mod form;
pub mod guesses;
pub mod labels;
pub mod mail_server;
pub mod mailbox;
pub mod mechanics;
pub mod nginx;
mod own_tls;
pub mod page;
pub mod passkey;
pub mod people;
pub mod postgres_wire;
pub mod process;
pub mod proxy;
pub mod race;
pub mod raw;
pub mod requests;
pub mod second_factor;
mod seen;
pub mod site;
pub mod source;
pub mod touches;
