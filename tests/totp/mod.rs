//! Authenticator apps: what they do for their owner. `tests/attacks/authenticator_apps.rs`
//! has the attacks.

pub mod access;
mod account;
mod beside_passkeys;
mod keys;
mod login;
