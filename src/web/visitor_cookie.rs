//! `__Host-visitor`: what a browser without a session carries, so that an anonymous visit
//! writes no row.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::page::Flash;

/// What `__Host-visitor` holds. Sealed, so that nobody can write a flash for somebody else.
#[derive(Default, Serialize, Deserialize)]
pub struct VisitorCookie {
    /// 128 random bits that the CSRF tokens of a visitor are bound to; empty: no cookie yet.
    id: String,
    flash: Option<Flash>,
    #[serde(default)]
    registration: Option<Registration>,
    #[serde(skip)]
    pub changed: bool,
}

/// A registration that waits for its mail to come back. Sealed in the browser that made it, so
/// that no other browser can finish it with the password chosen here.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registration {
    pub email: String,
    /// `tokens.id`; opens nothing.
    pub token_id: Uuid,
}

impl VisitorCookie {
    pub fn registration(&self) -> Option<Registration> {
        self.registration.clone()
    }

    pub fn remember_registration(&mut self, email: &str, token_id: Uuid) {
        self.binding();
        self.registration = Some(Registration { email: email.to_owned(), token_id });
        self.changed = true;
    }

    /// What CSRF tokens are bound to, made when first asked for: only pages with a form set
    /// this cookie, and no visit writes a row.
    pub fn binding(&mut self) -> Vec<u8> {
        if self.id.is_empty() {
            self.id = BASE64.encode(rand::random::<[u8; 16]>());
            self.changed = true;
        }
        self.id.clone().into_bytes()
    }

    /// Whether the browser sent it.
    pub fn is_known(&self) -> bool {
        !self.id.is_empty()
    }

    pub fn set_flash(&mut self, flash: Flash) {
        self.binding();
        self.flash = Some(flash);
        self.changed = true;
    }

    pub fn take_flash(&mut self) -> Option<Flash> {
        self.changed |= self.flash.is_some();
        self.flash.take()
    }
}
