//! The keys derived from `SECRET_KEYS` with HKDF (RFC 5869): one for each secret and purpose.
//!
//! The first secret is the newest. It encrypts and signs; all of them decrypt and verify. So adding
//! a secret in front ends no session. Remove an old one when nothing valid is encrypted with it any
//! more ("Keys" in docs/security.md). Only the throttle uses the last secret, so removing that one
//! resets its counters.

mod encryption;

use actix_web::cookie::Key;
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The minimum length of a secret.
const MIN_BYTES: usize = 64;

/// The derived keys. No `Debug`, so that no log line can contain them.
pub struct Keys {
    newest: Derived,
    /// Newest first.
    older: Vec<Derived>,
}

struct Derived {
    cookies: Key,
    csrf: [u8; 32],
    codes: [u8; 32],
    log: [u8; 32],
    throttle: [u8; 32],
    stored: [u8; 32],
    /// Names the secret in the database, and reveals nothing about it.
    name: String,
}

impl Keys {
    /// Parses `SECRET_KEYS`.
    ///
    /// # Errors
    /// When a secret is invalid. The message is logged, so it does not contain the secret.
    pub fn parse(setting: &str) -> Result<Self, String> {
        let (newest, older) = match setting.split_once(',') {
            Some((newest, older)) => (newest, older.split(',').collect()),
            None => (setting, Vec::new()),
        };
        let older = older.into_iter().map(|key| derive(key.trim())).collect::<Result<_, _>>()?;
        Ok(Self { newest: derive(newest.trim())?, older })
    }

    /// A new random secret for `SECRET_KEYS`.
    pub fn generate() -> String {
        BASE64.encode(rand::random::<[u8; MIN_BYTES]>())
    }

    fn all(&self) -> impl Iterator<Item = &Derived> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// The keys that decrypt cookies, newest first.
    pub fn cookies(&self) -> impl Iterator<Item = &Key> {
        self.all().map(|derived| &derived.cookies)
    }

    /// The key that encrypts cookies.
    pub fn newest_cookies(&self) -> &Key {
        &self.newest.cookies
    }

    /// The keys that verify CSRF tokens, newest first.
    pub fn csrf(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.all().map(|derived| &derived.csrf)
    }

    /// The key that authenticates new CSRF tokens.
    pub fn newest_csrf(&self) -> &[u8; 32] {
        &self.newest.csrf
    }

    /// For `throttles.key_hash`. The oldest key, so that a new secret in front resets no counter.
    pub fn throttle(&self) -> [u8; 32] {
        self.older.last().unwrap_or(&self.newest).throttle
    }

    /// The MACs of a verification code for this email address, under each key, newest first.
    pub fn code_macs(&self, email_canonical: &str, code: &str) -> Vec<[u8; 32]> {
        let subject = format!("{email_canonical}\n{code}");
        self.all().map(|derived| mac(&derived.codes, subject.as_bytes())).collect()
    }

    /// A pseudonym of `subject` for the log. It is the same in every log line, and computing it
    /// needs the key.
    pub fn log_name(&self, subject: &[u8]) -> String {
        hex(&mac(&self.newest.log, subject)[..8])
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8; 32], subject: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(subject);
    mac.finalize().into_bytes().into()
}

fn derive(key: &str) -> Result<Derived, String> {
    let secret = BASE64.decode(key).map_err(|_| "is not base64".to_owned())?;
    if secret.len() < MIN_BYTES {
        return Err(format!(
            "is too short: {} bytes, at least {MIN_BYTES} are needed",
            secret.len()
        ));
    }
    // Rejects placeholders: 64 random bytes have about 57 different values, `AAAA…` has one.
    let mut seen = secret.clone();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() < 32 {
        return Err("is not random".to_owned());
    }
    let hkdf = Hkdf::<Sha256>::new(None, &secret);
    let expand = |label: &str, out: &mut [u8]| {
        hkdf.expand(label.as_bytes(), out).map_err(|error| error.to_string())
    };
    // Do not change these labels, even if the app is renamed: a new label derives another key, and
    // then all existing cookies, codes and counters are invalid.
    let (mut cookies, mut csrf, mut codes) = ([0; 64], [0; 32], [0; 32]);
    let (mut log, mut throttle) = ([0; 32], [0; 32]);
    let (mut stored, mut name) = ([0; 32], [0; 4]);
    expand("vestibule cookies", &mut cookies)?;
    expand("vestibule csrf", &mut csrf)?;
    expand("vestibule codes", &mut codes)?;
    expand("vestibule log", &mut log)?;
    expand("vestibule throttle", &mut throttle)?;
    expand("vestibule stored secrets", &mut stored)?;
    expand("vestibule key name", &mut name)?;
    let (cookies, name) = (Key::from(&cookies), hex(&name));
    Ok(Derived { cookies, csrf, codes, log, throttle, stored, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_taken_and_weak_ones_are_not() {
        let key = Keys::generate();
        assert!(Keys::parse(&key).is_ok());
        assert_eq!(Keys::parse(&format!("{key}, {key}")).unwrap().cookies().count(), 2);
        for weak in ["", "change-me", "c2hvcnQ=", &BASE64.encode([7; 64]), &format!("{key},")] {
            assert!(Keys::parse(weak).is_err(), "{weak}");
        }
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let keys = Keys::parse(&Keys::generate()).unwrap();
        let (cookies, csrf) = (keys.newest_cookies(), keys.newest_csrf());
        assert_ne!(&cookies.master()[..32], csrf);
        assert_ne!(keys.log_name(b"a"), keys.log_name(b"b"));
    }
}
