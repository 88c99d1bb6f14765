//! A password as it was typed, after Unicode normalisation.

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// Longest password, in code points. NIST SP 800-63B-4 §3.1.1.2 asks for at least 64.
pub(super) const MAX_LENGTH: usize = 256;

/// A password as it was typed, in NFC. It is not trimmed, case-folded or truncated.
///
/// Keyboards encode `é` in two ways; NFC makes them equal (NIST SP 800-63B-4 §3.1.1.2). This is our
/// only deviation from "exactly as received" (ASVS 6.2.8).
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    pub fn typed(raw: &str) -> Self {
        Self(raw.nfc().collect::<String>().into())
    }

    /// The length in code points, which NIST SP 800-63B-4 counts as characters.
    pub fn length(&self) -> usize {
        self.expose().chars().count()
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
