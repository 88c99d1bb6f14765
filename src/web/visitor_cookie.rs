//! `__Host-visitor`: values that a browser keeps without a session, so that an anonymous visit
//! writes no row of `sessions`.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::flash::Flash;
use crate::accounts::registration::Begun;
use crate::accounts::token::{Purpose, TokenHash};
use crate::email::Email;

/// The content of `__Host-visitor`. The cookie is encrypted, so an attacker cannot forge a flash.
#[derive(Default, Serialize, Deserialize)]
pub struct VisitorCookie {
    /// 128 random bits that the visitor's CSRF tokens are bound to. Empty: there is no cookie yet.
    id: String,
    flash: Option<Flash>,
    #[serde(default)]
    registration: Option<PendingRegistration>,
    /// The hash of the reset token whose link was opened in this browser, in base64. In a session,
    /// each visit of a reset link would write a row.
    #[serde(default)]
    reset_proof: Option<String>,
    /// The email address for which a reset link was last requested in this browser.
    #[serde(default)]
    reset_requested: Option<String>,
    #[serde(skip)]
    pub changed: bool,
}

/// The registration that was begun in this browser. It is in the encrypted cookie, so no other
/// browser can verify the email address with the password that was chosen here.
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingRegistration {
    /// `registrations.id`. It grants nothing without the link or the code from the email.
    pub id: Uuid,
    pub email: String,
    /// Unix time, for the cookie's `Max-Age`. The row in the database decides whether the
    /// registration has expired.
    expires_at: i64,
    /// Unix time: `Begun::ends_at`.
    #[serde(default)]
    ends_at: i64,
}

impl VisitorCookie {
    /// Parses the cookie, and drops a registration that has expired.
    pub fn parse(json: &str) -> Option<Self> {
        let mut cookie: Self = serde_json::from_str(json).ok()?;
        cookie.registration.take_if(|registration| registration.seconds_left() <= 0);
        Some(cookie)
    }

    pub fn registration(&self) -> Option<PendingRegistration> {
        self.registration.clone()
    }

    pub fn remember_registration(&mut self, email: &Email, begun: &Begun) {
        self.binding();
        self.registration = Some(PendingRegistration {
            id: begun.id,
            email: email.as_str().to_owned(),
            expires_at: begun.expires_at.unix_timestamp(),
            ends_at: begun.ends_at.unix_timestamp(),
        });
        self.changed = true;
    }

    /// Keeps the registration as long as the row, if there still is one: with the row's own time,
    /// `Max-Age` would say that an account was created or deleted since.
    pub fn extend_registration(&mut self) {
        let Some(registration) = &mut self.registration else { return };
        let extended = OffsetDateTime::now_utc() + Purpose::Verify.lifetime();
        let extended = extended.unix_timestamp().min(registration.ends_at);
        registration.expires_at = registration.expires_at.max(extended);
        self.changed = true;
    }

    /// Removes the pending registration of this email address.
    pub fn forget_registration(&mut self, email: &Email) {
        let this = |registration: &mut PendingRegistration| registration.is_for(email);
        self.changed |= self.registration.take_if(this).is_some();
    }

    pub fn reset_proof(&self) -> Option<TokenHash> {
        TokenHash::parse(self.reset_proof.as_ref()?)
    }

    /// Sets or removes the reset proof, forgets the email address that it was requested for, and
    /// changes the binding. So an attacker who planted this cookie has neither the proof nor a
    /// valid token for its form.
    pub fn set_reset_proof(&mut self, token_hash: Option<&TokenHash>) {
        self.reset_proof = token_hash.map(TokenHash::text);
        self.reset_requested = None;
        self.id.clear();
        self.binding();
    }

    pub fn reset_requested(&self) -> Option<String> {
        self.reset_requested.clone()
    }

    pub fn set_reset_requested(&mut self, email: Option<&Email>) {
        self.binding();
        self.reset_requested = email.map(|email| email.as_str().to_owned());
        self.changed = true;
    }

    /// `Max-Age` of the cookie: a registration survives a restart of the browser. `None`: the
    /// browser keeps the cookie until it is closed.
    pub fn seconds_left(&self) -> Option<i64> {
        self.registration.as_ref().map(PendingRegistration::seconds_left)
    }

    /// The value that CSRF tokens are bound to. It is made at the first call, so a page without a
    /// form sets no cookie.
    pub fn binding(&mut self) -> Vec<u8> {
        if self.id.is_empty() {
            self.id = BASE64.encode(rand::random::<[u8; 16]>());
            self.changed = true;
        }
        self.id.clone().into_bytes()
    }

    /// Whether the browser sent the cookie, or this response will set it.
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

impl PendingRegistration {
    pub fn is_for(&self, email: &Email) -> bool {
        Email::parse(&self.email).is_ok_and(|own| own.canonical() == email.canonical())
    }

    fn seconds_left(&self) -> i64 {
        self.expires_at - OffsetDateTime::now_utc().unix_timestamp()
    }
}
