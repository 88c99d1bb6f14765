//! What a visitor is told whose attempt was rejected (429).

use std::time::Duration;

use super::human_time;
use crate::throttle::Rejection;

/// For the person who has to wait; the same for every account, whether it exists or not.
pub fn sentence(rejection: Rejection) -> String {
    match rejection {
        Rejection::Wait(wait) => {
            // `span` shows two units and cuts off the rest; a wait is rounded up.
            let shown = match wait.as_secs() {
                seconds @ 86_400.. => seconds.next_multiple_of(3_600),
                seconds @ 3_600.. => seconds.next_multiple_of(60),
                seconds => seconds,
            };
            let shown = human_time::span(Duration::from_secs(shown));
            format!("Too many attempts. Please wait {shown}, then try again.")
        }
        // Both ways, because the known device may be lost.
        Rejection::LockedOut => "Too many attempts in a row have failed. Log in on a device where \
             you've logged in before, or reset your password."
            .to_owned(),
    }
}

/// For `Retry-After`.
pub fn seconds(rejection: Rejection) -> u64 {
    match rejection {
        Rejection::Wait(wait) => wait.as_secs(),
        // No wait helps; a day keeps machines from retrying.
        Rejection::LockedOut => 24 * 60 * 60,
    }
}
