//! Accounts: one file for each table, with its SQL. HTTP and templates are elsewhere.
//!
//! A `registration` is a sign-up; when its email address is verified, a user is created. `users`
//! hold a password hash and an epoch. `sessions` store a copy of the epoch; when it differs from
//! the user's, the session is invalid. `audit_events` record what happened.
//!
//! **Lock order.** A transaction that writes several rows of an account locks the user's row first.
//! An audit event counts: its foreign key locks that row against a change of email. So two
//! transactions on one account cannot deadlock (`tests/flows/lock_order.rs`). The functions that
//! take the lock select `for no key update` from `users`, or insert into it.
//!
//! A function that must be part of the caller's transaction takes a `&mut Connection`, because the
//! flow decides what commits together. Others take any executor. A function that returns
//! `sqlx::Result` fails when the database does, or when a row cannot be read.

#![allow(clippy::missing_errors_doc, reason = "an undocumented error is one of the database")]

pub mod audit;
pub mod client;
pub mod credentials;
pub mod device;
pub mod half_login;
pub mod passkey;
pub mod password;
pub mod recovery_codes;
pub mod registration;
pub mod second_factor;
pub mod session;
pub mod session_id;
pub mod token;
pub mod totp;
pub mod typed_code;
pub mod user;
pub mod user_id;
