//! One run of Argon2, in memory that the caller provides. `Hasher` limits the concurrent runs.
//!
//! New hashes are Argon2id. `stored_hash` also runs the other variants, for hashes that name them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// A hash as a PHC string. No `Debug`, so that no log contains it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash that was read from the database.
    pub fn stored(phc: String) -> Self {
        Self(phc)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a stored hash cannot be verified. Contains no part of the hash, so it can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored password hash cannot be verified: {0}")]
pub struct Unreadable(pub(super) &'static str);

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("too many passwords are being checked")]
    Busy,
    #[error("argon2: {0}")]
    Argon2(#[from] argon2::Error),
    #[error("a new hash cannot be written as a PHC string: {0}")]
    Phc(#[from] phc::Error),
    #[error("the dummy hash: {0}")]
    Dummy(#[from] Unreadable),
    #[error("the hashing job ended early: {0}")]
    Job(#[from] tokio::task::JoinError),
}

/// Memory for one run at a time, to be reused, and the counter of all runs.
#[derive(Default)]
pub struct Memory {
    blocks: Vec<Block>,
    runs: Arc<AtomicU64>,
}

impl Memory {
    pub fn counted_by(runs: Arc<AtomicU64>) -> Self {
        Self { blocks: Vec::new(), runs }
    }

    /// Frees memory that only an imported hash with higher settings needed.
    pub fn shrink(&mut self, today: &Params) {
        if self.blocks.len() > today.block_count() {
            self.blocks = Vec::new();
        }
    }
}

/// Hashes a password with Argon2id, under a fresh salt.
pub(super) fn hash(
    params: &Params,
    password: &[u8],
    memory: &mut Memory,
) -> Result<PasswordHash, HashError> {
    let salt = phc::Salt::generate();
    let argon2id = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    run(&argon2id, password, &salt, &mut output, memory)?;
    let hash = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: params.try_into().map_err(|_| phc::Error::ParamValueInvalid)?,
        salt: Some(salt),
        hash: Some(phc::Output::new(&output)?),
    };
    Ok(PasswordHash(hash.to_string()))
}

/// Runs Argon2, and counts the run. All hashing and verifying calls this function.
pub(super) fn run(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Memory,
) -> Result<(), argon2::Error> {
    let needed = argon2.params().block_count();
    if memory.blocks.len() < needed {
        memory.blocks.resize(needed, Block::new());
    }
    memory.runs.fetch_add(1, Ordering::Relaxed);
    argon2.hash_password_into_with_memory(password, salt, output, memory.blocks.as_mut_slice())
}
