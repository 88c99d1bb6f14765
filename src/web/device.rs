//! `__Host-device`: a browser that has logged in before does not wait with strangers.
//!
//! A random value for each account that has logged in here; the table `devices` says whose. Each
//! login gives its account a new value, so a copy of the cookie, taken from a shared browser or
//! planted in it, is invalid after the owner's next login there, as long as the browser still sends
//! that value. Other accounts keep theirs: only somebody who knows an account's password changes
//! what the account knows.

use super::visit;
use super::visitor::Visitor;
use crate::accounts::device::{self, DeviceToken};
use crate::accounts::email::Email;
use crate::accounts::limits::{Key, Purpose};
use crate::accounts::throttle::{Attempt, Refusal};
use crate::accounts::user::User;
use crate::error::Error;

/// How long the browser keeps the cookie, in seconds: a year from the last login.
pub const LIFETIME: i64 = 365 * 24 * 60 * 60;

/// How many accounts one browser is remembered for.
const ACCOUNTS: usize = 5;

/// The values that the browser sent, and those that the response sets.
#[derive(Default)]
pub struct DeviceCookie {
    sent: Vec<DeviceToken>,
    issued: Option<Vec<DeviceToken>>,
}

impl DeviceCookie {
    /// `None` for anything that `issued` cannot have written.
    pub fn receive(&mut self, value: &str) -> Option<()> {
        let values = value.splitn(ACCOUNTS + 1, '.').map(DeviceToken::parse);
        self.sent = values.collect::<Option<Vec<_>>>().filter(|sent| sent.len() <= ACCOUNTS)?;
        Some(())
    }

    /// The value to set, after a login.
    pub fn issued(&self) -> Option<String> {
        let issued = self.issued.as_ref()?.iter().map(DeviceToken::text);
        Some(issued.collect::<Vec<_>>().join("."))
    }
}

/// The hashes of the values that this browser sent.
fn sent() -> Vec<[u8; 32]> {
    visit::with(|visit| visit.device.sent.iter().map(DeviceToken::hash).collect())
        .unwrap_or_default()
}

/// The hash of this browser's value for the account of `email`, when it has logged in here before.
pub async fn known_to(visitor: &Visitor, email: &Email) -> Result<Option<[u8; 32]>, Error> {
    let sent = sent();
    if sent.is_empty() {
        return Ok(None);
    }
    Ok(device::known(&visitor.app.db, &sent, email).await?)
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

/// Makes this browser known to the account, under a new value. Nothing happens when its credentials
/// have changed since `user` was read.
pub async fn remember(visitor: &Visitor, user: &User) -> Result<(), Error> {
    let (sent, new) = (sent(), DeviceToken::generate());
    let mut tx = visitor.app.db.begin().await?;
    let others = device::remember(&mut tx, &sent, &new.hash(), user.id, user.session_epoch).await?;
    tx.commit().await?;
    let Some(others) = others else { return Ok(()) };
    visit::with(|visit| {
        let mut values = visit.device.sent.clone();
        values.retain(|value| others.contains(&value.hash().to_vec()));
        values.push(new);
        let surplus = values.len().saturating_sub(ACCOUNTS);
        visit.device.issued = Some(values.split_off(surplus));
    });
    Ok(())
}
