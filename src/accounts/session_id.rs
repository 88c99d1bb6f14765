//! The session ID: the cookie holds it encrypted, the database holds its SHA-256.

use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest, Sha256};

/// The session ID: 64 random alphanumeric characters, 381 bits (ASVS 7.2.3).
///
/// No `Debug` and no `Display`: anyone who reads an ID in a log could take over its session.
#[derive(Clone)]
pub struct SessionId(String);

impl SessionId {
    const LENGTH: usize = 64;

    /// A new ID from rand's generator (ChaCha12, seeded by the operating system).
    pub fn generate() -> Self {
        Self(Alphanumeric.sample_string(&mut rand::rng(), Self::LENGTH))
    }

    /// `None` for a text that `generate` cannot have made, so that it is never looked up.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            text.len() == Self::LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric());
        well_formed.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value that the database stores.
    pub fn hash(&self) -> SessionIdHash {
        SessionIdHash(Sha256::digest(&self.0).into())
    }
}

/// The SHA-256 of a session ID: `sessions.id_hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct SessionIdHash([u8; 32]);
