//! `__Host-device`: a browser that has logged in before does not wait with strangers.
//!
//! One random value for each browser, whatever accounts it logs in to; which those are stands in
//! the table `devices`. It opens nothing, so a login that follows adopts it and keeps it.

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

/// What the browser sent, and whether it is to be sent back.
#[derive(Default)]
pub struct DeviceCookie {
    token: Option<DeviceToken>,
    issue: bool,
}

impl DeviceCookie {
    pub fn receive(&mut self, value: &str) {
        self.token = DeviceToken::parse(value);
    }

    /// The value to set, after a login.
    pub fn issued(&self) -> Option<String> {
        self.token.as_ref().filter(|_| self.issue).map(DeviceToken::text)
    }
}

/// The hash of this browser's cookie, when the account of `email` has logged in here before.
pub async fn known_to(visitor: &Visitor, email: &Email) -> Result<Option<[u8; 32]>, Error> {
    let sent = visit::with(|visit| visit.device.token.as_ref().map(DeviceToken::hash)).flatten();
    let Some(token_hash) = sent else { return Ok(None) };
    Ok(device::is_known(&visitor.app.db, &token_hash, email).await?.then_some(token_hash))
}

/// Counts an attempt to log in: on the device when this account knows it, otherwise on the
/// account, the IP address and the pair of them.
pub async fn admit(visitor: &Visitor, typed: &str) -> Result<Result<Attempt, Refusal>, Error> {
    let app = &visitor.app;
    let email = Email::parse(typed);
    let account = email.as_ref().map_or(typed.to_owned(), Email::canonical);
    let address = visitor.client.address;
    let of_account = [Key::Account(&account), Key::Pair(&account, address)];
    if let Ok(email) = &email
        && let Some(token_hash) = known_to(visitor, email).await?
    {
        let known = [Key::Device(token_hash, &account)];
        match app.throttle.admit(Purpose::Login, &known).await? {
            Err(Refusal::Closed) => {}
            Err(wait) => return Ok(Err(wait)),
            // A login here opens the account to new devices again.
            Ok(attempt) => {
                return Ok(Ok(app.throttle.freeing(Purpose::Login, attempt, &of_account)));
            }
        }
    }
    let [account, pair] = of_account;
    Ok(app.throttle.admit(Purpose::Login, &[account, pair, Key::IpAddress(address)]).await?)
}

/// After a login: this browser is known to the account from now on.
pub async fn remember(visitor: &Visitor, user_id: Uuid) -> Result<(), Error> {
    let token = visit::with(|visit| {
        visit.device.issue = true;
        visit.device.token.get_or_insert_with(DeviceToken::generate).clone()
    });
    let token = token.ok_or_else(|| anyhow::anyhow!("no visit"))?;
    Ok(device::remember(&visitor.app.db, &token.hash(), user_id).await?)
}
