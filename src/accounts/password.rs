//! Passwords: `strength` rates new ones, `Hasher` hashes and verifies with Argon2id.

mod argon2id;
mod hasher;
pub mod stored_hash;
pub mod strength;
mod typed;

pub use argon2id::{HashError, PasswordHash};
pub use hasher::{Hasher, NewHash};
pub use stored_hash::Verdict;
pub use typed::Password;
