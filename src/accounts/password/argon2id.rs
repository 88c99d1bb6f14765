//! One run of Argon2, in memory that the caller provides. `Hasher` limits the concurrent runs.
//!
//! New hashes are Argon2id. `stored_hash` also runs the other variants, for hashes that name them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::zeroize::Zeroize;

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

/// Memory for one run at a time, to be reused, and the counter of all runs. Between two runs it is
/// all zeros: its content would let an attacker test a password at a fraction of the cost.
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

/// Runs Argon2, counts the run, and wipes the memory. All hashing and verifying calls this
/// function.
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
    let blocks = &mut memory.blocks[..needed];
    let result = argon2.hash_password_into_with_memory(password, salt, output, &mut *blocks);
    blocks.iter_mut().for_each(Zeroize::zeroize);
    result
}

#[cfg(test)]
mod tests {
    use argon2::{AssociatedData, ParamsBuilder};

    use super::*;

    fn is_wiped(memory: &Memory) -> bool {
        memory.blocks.iter().flat_map(|block| block.as_ref()).all(|word| *word == 0)
    }

    #[test]
    fn the_test_vector_of_rfc_9106_comes_out_of_reused_memory() {
        let data = AssociatedData::new(&[4; 12]).expect("associated data");
        let params = ParamsBuilder::new().m_cost(32).t_cost(3).p_cost(4).data(data).build();
        let params = params.expect("settings");
        let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params);
        let argon2 = argon2.expect("a secret");
        let mut memory = Memory::default();
        for _ in 0..2 {
            let mut output = [0; 32];
            run(&argon2, &[1; 32], &[2; 16], &mut output, &mut memory).expect("a hash");
            let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
        }
    }

    #[test]
    fn reused_memory_gives_the_hashes_of_fresh_memory_and_is_wiped() {
        let mut memory = Memory::default();
        // Larger and smaller than the memory that is kept, and with other variants.
        for (number, (kib, passes, lanes)) in
            [(8, 1, 1), (256, 2, 1), (64, 3, 4), (512, 1, 2), (8, 2, 1)].into_iter().enumerate()
        {
            let params = Params::new(kib, passes, lanes, None).expect("settings");
            for algorithm in [Algorithm::Argon2id, Algorithm::Argon2i, Algorithm::Argon2d] {
                let argon2 = Argon2::new(algorithm, Version::V0x13, params.clone());
                let (password, salt) = (format!("password {number}"), [number as u8; 16]);
                let (mut reused, mut fresh) = ([0; 32], [0; 32]);
                run(&argon2, password.as_bytes(), &salt, &mut reused, &mut memory).expect("a hash");
                argon2
                    .hash_password_into(password.as_bytes(), &salt, &mut fresh)
                    .expect("the same hash");
                assert_eq!(reused, fresh);
                assert!(is_wiped(&memory));
            }
        }
    }

    #[test]
    fn memory_for_an_imported_hash_is_not_kept() {
        let today = Params::new(64, 1, 1, None).expect("settings");
        let mut memory = Memory::default();
        hash(&today, b"password", &mut memory).expect("a hash");
        memory.shrink(&today);
        assert_eq!(memory.blocks.len(), today.block_count());
        let imported = Params::new(256, 1, 1, None).expect("settings");
        hash(&imported, b"password", &mut memory).expect("a hash");
        memory.shrink(&today);
        assert_eq!(memory.blocks.capacity(), 0);
    }
}
