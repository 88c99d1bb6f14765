//! Passkeys: what they do for their owner. `tests/attacks/passkeys.rs` has the attacks.

pub mod access;
mod account;
mod login;
mod sudo;
