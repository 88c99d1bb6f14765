//! Secrets in the state of a session, from one page to the next: encrypted for their user, so that
//! a stolen dump of the database does not contain them.

use super::visitor::LoggedIn;

/// The key of the secret of a factor that is being set up. Every rotation of the session ID removes
/// it: an attacker who has seen it under an earlier ID must not know the one that is set up later.
pub const NEW_SECRET: &str = "new_secret";

/// The key of recovery codes that are still to be shown.
pub const RECOVERY_CODES: &str = "recovery_codes";

impl LoggedIn {
    /// Keeps a secret under this key until it is removed or the session ends.
    pub fn keep_secret(&self, key: &'static str, secret: &[u8]) {
        let encrypted = self.visitor.app.keys.encrypt_text(self.user.id.as_bytes(), secret);
        // Fails only for values that cannot be serialized to JSON.
        let _ = self.visitor.state.insert(key, encrypted);
    }

    /// The secret under this key, if there is one that can be decrypted.
    pub fn kept_secret(&self, key: &str) -> Option<Vec<u8>> {
        let stored: String = self.visitor.state.get(key).ok()??;
        self.visitor.app.keys.decrypt_text(self.user.id.as_bytes(), &stored)
    }

    /// Removes the secret under this key.
    pub fn forget_secret(&self, key: &str) {
        self.visitor.state.remove(key);
    }
}
