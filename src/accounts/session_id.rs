//! The session ID: the cookie holds it encrypted, the database holds its SHA-256.

use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest, Sha256};

/// The session ID: what the cookie holds. 64 alphanumerics, 381 bits (ASVS 7.2.3).
///
/// No `Debug`, no `Display`: an ID in a log would log its reader in.
#[derive(Clone)]
pub struct SessionId(String);

impl SessionId {
    const LENGTH: usize = 64;

    /// A new one from rand's generator (ChaCha12, seeded by the operating system).
    pub fn generate() -> Self {
        Self(Alphanumeric.sample_string(&mut rand::rng(), Self::LENGTH))
    }

    /// `None` for anything that `generate` cannot have made; it is never looked up.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            text.len() == Self::LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric());
        well_formed.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database knows of it.
    pub fn hash(&self) -> SessionIdHash {
        SessionIdHash(Sha256::digest(&self.0).into())
    }
}

/// The SHA-256 of a session ID: `sessions.id_hash`.
#[derive(Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct SessionIdHash([u8; 32]);
