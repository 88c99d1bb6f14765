//! A password as it was typed, normalised for comparison.

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// Longest password, in code points. NIST SP 800-63B-4 §3.1.1.2 asks for at least 64.
pub(super) const MAX_LENGTH: usize = 256;

/// A password as typed, NFC-normalised and otherwise untouched: not trimmed, folded or cut.
///
/// NFC, so that `é` typed on another keyboard is the same letter (NIST SP 800-63B-4 §3.1.1.2;
/// our one deviation from "exactly as received", ASVS 6.2.8).
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    pub fn typed(raw: &str) -> Self {
        Self(raw.nfc().collect::<String>().into())
    }

    /// Length in code points, as people count.
    pub fn length(&self) -> usize {
        self.expose().chars().count()
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
