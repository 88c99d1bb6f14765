//! How long sessions live.

use std::time::Duration;

/// How long one session lives: without activity, and in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub idle: Duration,
    pub absolute: Duration,
}

impl Timeouts {
    /// For an anonymous session: it begins when a page of yours stores a value in it.
    pub const ANONYMOUS: Self =
        Self { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(60 * 60) };
}

/// The timeouts of every kind of login, and how many sessions one user keeps.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    pub ordinary: Timeouts,
    pub remembered: Timeouts,
    pub sessions_per_user: i64,
}

impl Lifetimes {
    pub fn of(&self, remembered: bool) -> Timeouts {
        if remembered { self.remembered } else { self.ordinary }
    }
}
