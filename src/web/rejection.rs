//! The message and the `Retry-After` of a 429 response.

use std::time::Duration;

use super::human_time;
use crate::throttle::Rejection;

/// The message for the visitor. It is the same whether or not the account exists.
pub fn sentence(rejection: Rejection) -> String {
    match rejection {
        Rejection::Wait(wait) => {
            // `span` shows two units and drops the rest, so round the wait up first.
            let shown = match wait.as_secs() {
                seconds @ 86_400.. => seconds.next_multiple_of(3_600),
                seconds @ 3_600.. => seconds.next_multiple_of(60),
                seconds => seconds,
            };
            let shown = human_time::span(Duration::from_secs(shown));
            format!("Too many attempts. Wait {shown}, then try again.")
        }
        // Names both solutions, because the known device may be lost.
        Rejection::LockedOut => "Too many failed attempts in a row. Log in on a device where \
             you've logged in before, or reset your password."
            .to_owned(),
    }
}

/// The value of `Retry-After`.
pub fn seconds(rejection: Rejection) -> u64 {
    match rejection {
        Rejection::Wait(wait) => wait.as_secs(),
        // Waiting does not help. A day keeps automatic clients from retrying.
        Rejection::LockedOut => 24 * 60 * 60,
    }
}
