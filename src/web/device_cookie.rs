//! `__Host-device`: one random value for each account that has logged in on this browser.
//!
//! The table `devices` stores their hashes; `known_device` explains what they are for.

use crate::accounts::device::DeviceToken;

/// How long the browser keeps the cookie, in seconds: a year from the last login.
pub const LIFETIME: i64 = 365 * 24 * 60 * 60;

/// How many accounts one browser is remembered for.
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

    /// The value to set, after a login.
    pub fn issued(&self) -> Option<String> {
        let issued = self.issued.as_ref()?.iter().map(DeviceToken::text);
        Some(issued.collect::<Vec<_>>().join("."))
    }
}
