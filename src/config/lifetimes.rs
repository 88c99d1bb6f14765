//! The timeouts of sessions.

use std::time::Duration;

/// The idle timeout and the absolute timeout of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub idle: Duration,
    pub absolute: Duration,
}

impl Timeouts {
    /// For a visitor who is not logged in, once a page of yours stores a value in the session.
    pub const ANONYMOUS: Self =
        Self { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(60 * 60) };
}

/// The timeouts of ordinary and remembered logins, and how many sessions a user may have.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    pub ordinary: Timeouts,
    pub remembered: Timeouts,
    pub sessions_per_user: i64,
    /// How recent an authentication must be for an action that can hurt.
    pub sudo_window: Duration,
}

impl Lifetimes {
    pub fn of(&self, remembered: bool) -> Timeouts {
        if remembered { self.remembered } else { self.ordinary }
    }
}
