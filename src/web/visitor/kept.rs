//! Values that a flow keeps in the browser's cookies from one step to the next.

use sha2::{Digest, Sha256};

use super::Visitor;
use crate::accounts::device::{DeviceHash, DeviceToken};
use crate::accounts::registration::Begun;
use crate::accounts::token::TokenHash;
use crate::email::Email;
use crate::web::visitor_cookie::PendingRegistration;

impl Visitor {
    /// The hash of the reset token whose link was opened in this browser.
    pub fn reset_proof(&self) -> Option<TokenHash> {
        self.context.visitor_cookie.borrow().reset_proof()
    }

    pub fn set_reset_proof(&self, token_hash: Option<&TokenHash>) {
        self.context.visitor_cookie.borrow_mut().set_reset_proof(token_hash);
    }

    /// The email address for which a reset link was requested in this browser.
    pub fn reset_requested(&self) -> Option<String> {
        self.context.visitor_cookie.borrow().reset_requested()
    }

    pub fn set_reset_requested(&self, email: Option<&Email>) {
        self.context.visitor_cookie.borrow_mut().set_reset_requested(email);
    }

    /// Forgets a reset that was requested or opened in this browser, because another person may use
    /// it next.
    pub fn forget_reset(&self) {
        if self.reset_proof().is_some() || self.reset_requested().is_some() {
            self.set_reset_proof(None);
        }
    }

    /// The pending registration that was begun in this browser.
    pub fn registration(&self) -> Option<PendingRegistration> {
        self.context.visitor_cookie.borrow().registration()
    }

    pub fn remember_registration(&self, email: &Email, begun: &Begun) {
        self.context.visitor_cookie.borrow_mut().remember_registration(email, begun);
    }

    pub fn extend_registration(&self) {
        self.context.visitor_cookie.borrow_mut().extend_registration();
    }

    /// Removes the pending registration of this email address.
    pub fn forget_registration(&self, email: &Email) {
        self.context.visitor_cookie.borrow_mut().forget_registration(email);
    }

    /// The hashes of the values in `__Host-device` that this browser sent.
    pub fn device_hashes(&self) -> Vec<DeviceHash> {
        self.context.device_cookie.borrow().sent.iter().map(DeviceToken::hash).collect()
    }

    /// Identifies the visitor, with or without a session: the hash of the random value to which the
    /// CSRF tokens are bound. It changes with each session ID.
    pub fn binding_hash(&self) -> Vec<u8> {
        Sha256::digest(self.context.csrf_binding()).to_vec()
    }
}
