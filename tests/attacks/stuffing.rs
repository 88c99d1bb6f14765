//! Credential stuffing: each leaked password is tried with the email address it leaked with.
//!
//! Why it matters: many of these guesses are right, so few are needed. A right one among the free
//! attempts logs in, which no limit can prevent; the rest of the list is not verified.
//! Stops in: `src/throttle/limits.rs` (`Scope::IpAddress`); `src/accounts/password/strength.rs`
//! rejects common passwords at registration.
//! Sources: ASVS 5.0 6.3.1; OWASP Credential Stuffing Prevention Cheat Sheet; OAT-008.

use std::time::Instant;

use app::throttle::limits::{Action, Scope};

use crate::support::guesses::*;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn one_ip_address_cannot_try_a_whole_list_of_leaked_passwords() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    GRACE.create_account(&site).await;
    let (mut wrong, began) = (0, Instant::now());
    // Ada is early in the list, Grace late.
    for number in 0..150 {
        let mut thief = stranger(&site, "203.0.113.66").await;
        if number == 140 {
            let waits = prolong_waits(&site, Scope::IpAddress).await;
            assert_eq!(waits, 1, "the IP address has to wait");
        }
        let answer = match number {
            5 => try_password(&mut thief, ADA.email, ADA.password).await,
            140 => try_password(&mut thief, GRACE.email, GRACE.password).await,
            _ => {
                let email = format!("person{number}@example.com");
                try_password(&mut thief, &email, &format!("leaked password {number}")).await
            }
        };
        wrong += u64::from(answer == 422);
        match number {
            5 => assert_eq!(answer, 303, "what is right early in the list gets in"),
            140 => assert_eq!(answer, 429, "what is right late in the list is not looked at"),
            _ => {}
        }
    }
    let limit = limit(Action::Login, Scope::IpAddress);
    assert!(wrong <= allowed(limit, began), "{wrong} wrong ones were evaluated");
    // Grace, at her own IP address, need not wait.
    let mut grace = stranger(&site, "192.0.2.7").await;
    assert_eq!(try_password(&mut grace, GRACE.email, GRACE.password).await, 303);
}
