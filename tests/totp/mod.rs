//! Authenticator apps: what they do for their owner. `tests/attacks/second_factor.rs` has the
//! attacks.

pub mod access;
mod account;
mod keys;
mod login;
