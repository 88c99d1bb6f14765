//! `__Host-device`: a browser that has logged in before does not wait with strangers.
//!
//! One random value for each browser; the table `devices` says which accounts know it. Each login
//! gives the browser a new value, so a copy of the cookie, taken from a shared browser or planted
//! in it, is invalid after the next login there.

use uuid::Uuid;

use super::visit;
use super::visitor::Visitor;
use crate::accounts::device::{self, DeviceToken};
use crate::accounts::email::Email;
use crate::accounts::limits::{Key, Purpose};
use crate::accounts::throttle::{Attempt, Refusal};
use crate::error::Error;

/// How long the browser keeps the cookie, in seconds: a year from the last login.
pub const LIFETIME: i64 = 365 * 24 * 60 * 60;

/// The value that the browser sent, and the one that the response sets.
#[derive(Default)]
pub struct DeviceCookie {
    sent: Option<DeviceToken>,
    issued: Option<DeviceToken>,
}

impl DeviceCookie {
    /// `None` when it is no token.
    pub fn receive(&mut self, value: &str) -> Option<()> {
        self.sent = DeviceToken::parse(value);
        self.sent.as_ref().map(drop)
    }

    /// The value to set, after a login.
    pub fn issued(&self) -> Option<String> {
        self.issued.as_ref().map(DeviceToken::text)
    }
}

/// The hash of the cookie that this browser sent.
pub fn sent() -> Option<[u8; 32]> {
    visit::with(|visit| visit.device.sent.as_ref().map(DeviceToken::hash)).flatten()
}

/// The hash of this browser's cookie, when the account of `email` has logged in here before.
pub async fn known_to(visitor: &Visitor, email: &Email) -> Result<Option<[u8; 32]>, Error> {
    let Some(token_hash) = sent() else { return Ok(None) };
    Ok(device::is_known(&visitor.app.db, &token_hash, email).await?.then_some(token_hash))
}

/// Counts an attempt to log in: on the device and on all known devices together when this account
/// knows it, otherwise on the account, the IP address and the pair of them.
pub async fn admit(visitor: &Visitor, typed: &str) -> Result<Result<Attempt, Refusal>, Error> {
    let app = &visitor.app;
    let email = Email::parse(typed);
    let account = email.as_ref().map_or(typed.to_owned(), Email::canonical);
    let address = visitor.client.address;
    let of_account = [Key::Account(&account), Key::Pair(&account, address)];
    if let Ok(email) = &email
        && let Some(token_hash) = known_to(visitor, email).await?
    {
        let known = [Key::Device(token_hash, &account), Key::AllDevices(&account)];
        match app.throttle.admit(Purpose::Login, &known).await? {
            Err(Refusal::Closed) => {}
            Err(wait) => return Ok(Err(wait)),
            // A login here opens the account to new devices again.
            Ok(attempt) => {
                return Ok(Ok(app.throttle.freeing(Purpose::Login, attempt, &of_account)));
            }
        }
    }
    let [of_account, pair] = of_account;
    let keys = [of_account, pair, Key::IpAddress(address)];
    let admitted = app.throttle.admit(Purpose::Login, &keys).await?;
    // And a login on any device lets the known ones be counted by themselves again.
    let all = [Key::AllDevices(&account)];
    Ok(admitted.map(|attempt| app.throttle.freeing(Purpose::Login, attempt, &all)))
}

/// Makes this browser known to the account, under a new value of its cookie.
pub async fn remember(visitor: &Visitor, user_id: Uuid) -> Result<(), Error> {
    let (old, new) = (sent(), DeviceToken::generate());
    let mut tx = visitor.app.db.begin().await?;
    device::remember(&mut tx, old.as_ref(), &new.hash(), user_id).await?;
    tx.commit().await?;
    visit::with(|visit| visit.device.issued = Some(new));
    Ok(())
}
