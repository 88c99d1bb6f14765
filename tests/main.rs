//! The tests of the app, in one binary, because linking one is faster than linking many.
//!
//! `flows`: what the app does for its user, one file per flow. `practices`: one file per practice
//! of safe sessions. `attacks`: one file per attack. `mail`: from the outbox to the mail server.
//! `dev`: the pages of development. `lesson`: the pages that explain the site. `settings`: how an
//! operator configures, starts and checks the app. `cli`: the operator's commands for accounts.
//! `traps`: surprising behaviour of libraries, the reason for some of our code.
//! `session_store_alone`: the example that uses the store without the rest of the app.

#![allow(unreachable_pub, reason = "modules of tests share their items with each other")]

mod support;

mod attacks;
mod cli;
mod dev;
mod flows;
mod lesson;
mod mail;
mod passkeys;
mod practices;
#[path = "../reference/session_store_alone.rs"]
mod session_store_alone;
mod settings;
mod totp;
#[path = "../reference/traps/mod.rs"]
mod traps;
