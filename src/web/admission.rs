//! Counts attempts in the throttle before a flow does the work for them.
//!
//! The exact limits, across instances, are in `throttle/limits.rs`; `rate_limit` is the coarse
//! limit in front of them.

use super::error::Error;
use super::known_device;
use super::visitor::Visitor;
use crate::email::Email;
use crate::throttle::limits::{self, Action, Key, Scope};
use crate::throttle::{Admission, Rejection};

/// Counts an attempt to log in. If this account knows the device: on the device, and on all known
/// devices together. Otherwise on the account, the IP address and the pair of them.
pub async fn login(visitor: &Visitor, typed: &str) -> Result<Admission, Error> {
    let throttle = &visitor.app.throttle;
    let email = Email::parse(typed);
    let account = email.as_ref().map_or(typed.to_owned(), Email::canonical);
    let address = visitor.client.address;
    let strangers = [Key::Account(&account), Key::Pair(&account, address)];
    if let Ok(email) = &email
        && let Some(token_hash) = known_device::find(visitor, email).await?
    {
        let known = [Key::Device(token_hash, &account), Key::AllDevices(&account)];
        match throttle.admit(Action::Login, &known).await? {
            // Too many failures in a row on known devices: counted like a stranger.
            Admission::Rejected(Rejection::LockedOut) => {}
            Admission::Rejected(wait) => return Ok(Admission::Rejected(wait)),
            // A success here lets new devices try this account again.
            Admission::Counted(attempt) => {
                let attempt = throttle.resetting(Action::Login, attempt, &strangers);
                return Ok(Admission::Counted(attempt));
            }
        }
    }
    let [of_account, pair] = strangers;
    let keys = [of_account, pair, Key::IpAddress(address)];
    Ok(match throttle.admit(Action::Login, &keys).await? {
        // A success on any device lets the known ones be counted by themselves again.
        Admission::Counted(attempt) => {
            let all = [Key::AllDevices(&account)];
            Admission::Counted(throttle.resetting(Action::Login, attempt, &all))
        }
        rejected => rejected,
    })
}

/// Counts a request on its IP address, before any work is done for it. A rejection is shown: it
/// depends on nothing but the IP address.
pub async fn by_ip(visitor: &Visitor, action: Action) -> Result<Admission, Error> {
    let key = [Key::IpAddress(visitor.client.address)];
    Ok(visitor.app.throttle.admit(action, &key).await?)
}

/// Spends one mail of this email address's budget for `action`; false when nothing is left.
///
/// Call it before you look whether the email address has an account, and show the same page either
/// way: a visible difference would tell who is written to. Where `action` has a budget per device,
/// a browser that the account knows spends that one first, so strangers cannot use up the owner's
/// mails.
pub async fn may_mail(visitor: &Visitor, action: Action, email: &Email) -> Result<bool, Error> {
    let (account, throttle) = (email.canonical(), &visitor.app.throttle);
    if limits::find(action, Scope::Device).is_some()
        && let Some(token_hash) = known_device::find(visitor, email).await?
    {
        let keys = [Key::Device(token_hash, &account), Key::AllDevices(&account)];
        if throttle.admit(action, &keys).await?.counted().is_ok() {
            return Ok(true);
        }
    }
    Ok(throttle.admit(action, &[Key::Account(&account)]).await?.counted().is_ok())
}
