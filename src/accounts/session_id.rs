//! The secret behind a session: the cookie holds it sealed, the database knows its hash.

use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest, Sha256};

/// The session ID: what the cookie holds. 64 alphanumerics, 381 bits (ASVS 7.2.3).
///
/// No `Debug`, no `Display`: whoever reads it in a log is logged in.
#[derive(Clone)]
pub struct SessionId(String);

impl SessionId {
    const LENGTH: usize = 64;

    /// A new one from the operating system's generator.
    pub fn generate() -> Self {
        Self(Alphanumeric.sample_string(&mut rand::rng(), Self::LENGTH))
    }

    /// `None` for anything that `generate` cannot have made; SQL never sees it.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            text.len() == Self::LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric());
        well_formed.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database knows of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}
