//! What a browser keeps in `__Host-visitor` from one step to the next.

use super::super::visit;
use super::super::visitor_cookie::PendingRegistration;
use super::Visitor;
use crate::accounts::email::Email;
use crate::accounts::registration::Begun;

impl Visitor {
    /// The hash of the reset token whose link was opened in this browser.
    pub fn reset_proof(&self) -> Option<[u8; 32]> {
        visit::with(|visit| visit.visitor.reset_proof()).flatten()
    }

    pub fn keep_reset_proof(&self, token_hash: Option<&[u8; 32]>) {
        visit::with(|visit| visit.visitor.keep_reset_proof(token_hash));
    }

    /// The registration that this browser has begun and not confirmed.
    pub fn registration(&self) -> Option<PendingRegistration> {
        visit::with(|visit| visit.visitor.registration()).flatten()
    }

    pub fn remember_registration(&self, email: &Email, begun: &Begun) {
        visit::with(|visit| visit.visitor.remember_registration(email, begun));
    }

    /// Removes the pending registration of this email address.
    pub fn forget_registration(&self, email: &Email) {
        visit::with(|visit| visit.visitor.forget_registration(email));
    }
}
