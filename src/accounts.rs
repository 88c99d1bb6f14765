//! Accounts: a file for each table, with its SQL, without HTTP and templates.
//!
//! A `registration` is pending until its email address is confirmed; then a user is created.
//! `users` hold a password hash and an epoch. `sessions` belong to a user and store the epoch they
//! began with; when the two differ, the session is invalid. `audit_events` record what happened.
//!
//! **Lock order.** A transaction that writes more than one row of an account locks the user first,
//! so no two of them can deadlock: `user::proof`, `token::take`, `session::start`,
//! `device::remember` and `registration::confirm` begin with it. `tests/flows/lock_order.rs` runs
//! them all at once.
//!
//! A function with one statement takes any executor; one with several takes the caller's
//! transaction, because the flow decides what commits together.

#![allow(clippy::missing_errors_doc, reason = "an undocumented error is one of the database")]

pub mod audit;
pub mod client;
pub mod credentials;
pub mod device;
pub mod password;
pub mod registration;
pub mod session;
pub mod session_id;
pub mod token;
pub mod user;
pub mod user_id;
