//! One run of Argon2id, in memory that the caller lends; `password::Hasher` bounds how many.

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// A PHC string, without `Debug`: it belongs in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// What the database holds.
    pub fn stored(phc: String) -> Self {
        Self(phc)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but stored under weaker settings than today's: hash it anew (ASVS 11.4.2).
    RightButWeak,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("too many passwords are being checked")]
    Busy,
    #[error("argon2: {0}")]
    Argon2(#[from] argon2::Error),
    #[error("a stored password hash cannot be read: {0}")]
    Stored(#[from] phc::Error),
    #[error("the hashing job ended early: {0}")]
    Job(#[from] tokio::task::JoinError),
}

/// Hashes a password under a fresh salt.
pub fn hash(
    params: &Params,
    password: &[u8],
    memory: &mut Vec<Block>,
) -> Result<PasswordHash, HashError> {
    let salt = phc::Salt::generate();
    let output = argon2id(params, password, &salt, Params::DEFAULT_OUTPUT_LEN, memory)?;
    let hash = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: params.try_into().map_err(|_| phc::Error::ParamValueInvalid)?,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(PasswordHash(hash.to_string()))
}

/// Whether `password` is the one behind `stored`, whose own settings count; `today` tells
/// whether they are still good enough.
pub fn verify(
    today: &Params,
    password: &[u8],
    stored: &PasswordHash,
    memory: &mut Vec<Block>,
) -> Result<Verdict, HashError> {
    let stored = phc::PasswordHash::new(stored.as_str())?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(phc::Error::MissingField.into());
    };
    let params = Params::try_from(&stored).map_err(|_| phc::Error::ParamValueInvalid)?;
    let weak = params.m_cost() < today.m_cost() || params.t_cost() < today.t_cost();
    // `Output` compares in constant time.
    let right = argon2id(&params, password, salt, expected.len(), memory)? == *expected;
    Ok(match (right, weak) {
        (false, _) => Verdict::Wrong,
        (true, false) => Verdict::Right,
        (true, true) => Verdict::RightButWeak,
    })
}

fn argon2id(
    params: &Params,
    password: &[u8],
    salt: &[u8],
    length: usize,
    memory: &mut Vec<Block>,
) -> Result<phc::Output, HashError> {
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::new());
    }
    let mut output = vec![0; length];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, &mut output, memory.as_mut_slice())?;
    Ok(phc::Output::new(&output)?)
}
