//! Encrypts values that are stored, so that a stolen dump of the database does not contain them.
//!
//! AES-256-GCM (NIST SP 800-38D) under a random nonce. The ciphertext is bound to its owner: an
//! attacker who can write to the database cannot move it to another account.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::{Derived, Keys};

const NONCE_BYTES: usize = 12;

impl Keys {
    /// Encrypts a value of `owner` with the newest key: the nonce, then the ciphertext.
    pub fn encrypt(&self, owner: &[u8], value: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let encrypted = cipher(&self.newest)
            .encrypt(&nonce.into(), Payload { msg: value, aad: owner })
            .expect("AES-GCM encrypts values of up to 64 GiB");
        [&nonce[..], &encrypted].concat()
    }

    /// Decrypts a value of `owner` with any of the keys. `None` if it was encrypted for another
    /// owner, with a key that is no longer in `SECRET_KEYS`, or was changed.
    pub fn decrypt(&self, owner: &[u8], stored: &[u8]) -> Option<Vec<u8>> {
        let (nonce, encrypted) = stored.split_first_chunk::<NONCE_BYTES>()?;
        let nonce = (*nonce).into();
        let payload = || Payload { msg: encrypted, aad: owner };
        self.all().find_map(|key| cipher(key).decrypt(&nonce, payload()).ok())
    }

    /// `encrypt` for a place that holds text: in base64.
    pub fn encrypt_text(&self, owner: &[u8], value: &[u8]) -> String {
        BASE64.encode(self.encrypt(owner, value))
    }

    /// `decrypt` for the text of `encrypt_text`.
    pub fn decrypt_text(&self, owner: &[u8], stored: &str) -> Option<Vec<u8>> {
        self.decrypt(owner, &BASE64.decode(stored).ok()?)
    }

    /// The name of the key that encrypts, as it is stored beside each value.
    pub fn newest_name(&self) -> &str {
        &self.newest.name
    }

    /// The names of all keys, newest first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all().map(|key| key.name.as_str())
    }
}

fn cipher(key: &Derived) -> Aes256Gcm {
    Aes256Gcm::new(&key.stored.into())
}

#[cfg(test)]
mod tests {
    use crate::keys::Keys;

    #[test]
    fn a_value_is_readable_for_its_owner_only_and_with_an_older_key_too() {
        let (first, second) = (Keys::generate(), Keys::generate());
        let old = Keys::parse(&first).unwrap();
        let rotated = Keys::parse(&format!("{second},{first}")).unwrap();
        let stored = old.encrypt(b"ada", b"a secret");
        assert_eq!(rotated.decrypt(b"ada", &stored).as_deref(), Some(&b"a secret"[..]));
        assert_eq!(rotated.decrypt(b"eve", &stored), None);
        assert_eq!(Keys::parse(&second).unwrap().decrypt(b"ada", &stored), None);
        for position in 0..stored.len() {
            let mut changed = stored.clone();
            changed[position] ^= 1;
            assert_eq!(rotated.decrypt(b"ada", &changed), None, "byte {position}");
        }
        assert_eq!(rotated.decrypt(b"ada", b"short"), None);
        assert_ne!(old.encrypt(b"ada", b"a secret"), stored, "the nonce was used twice");
        assert_eq!(rotated.names().collect::<Vec<_>>()[1], old.newest_name());
    }
}
