//! `__Host-device`: one random value for each account that has logged in on this browser.
//!
//! The table `devices` stores the hashes of the values; `known_device` explains their use.

use crate::accounts::device::DeviceToken;

/// How long the browser keeps the cookie, in seconds: a year from the last login.
pub const MAX_AGE: i64 = 365 * 24 * 60 * 60;

/// The maximum number of accounts in one cookie.
pub(super) const ACCOUNTS: usize = 5;

/// The values that the browser sent, and those that the response sets.
#[derive(Default)]
pub struct DeviceCookie {
    pub(super) sent: Vec<DeviceToken>,
    pub(super) issued: Option<Vec<DeviceToken>>,
}

impl DeviceCookie {
    /// `None` for anything that `issued` cannot have written.
    pub fn receive(&mut self, value: &str) -> Option<()> {
        let values = value.splitn(ACCOUNTS + 1, '.').map(DeviceToken::parse);
        self.sent = values.collect::<Option<Vec<_>>>().filter(|sent| sent.len() <= ACCOUNTS)?;
        Some(())
    }

    /// The new value of the cookie, after a login.
    pub fn issued(&self) -> Option<String> {
        let issued = self.issued.as_ref()?.iter().map(DeviceToken::text);
        Some(issued.collect::<Vec<_>>().join("."))
    }
}
