//! Password spraying: one password is tried on many accounts, on each only once.
//!
//! Why it matters: no counter of an account reaches its limit. A counter per IP address is useless
//! if a login to the attacker's own account resets it, or if each of 2^64 IPv6 addresses has one.
//! Stops in: `src/throttle/limits.rs` (`Scope::IpAddress`, `network`), `src/throttle.rs`
//! (`succeeded` subtracts only one attempt).
//! Sources: ASVS 5.0 6.3.1; OWASP Credential Stuffing Prevention Cheat Sheet; CWE-307.

use std::time::Instant;

use app::throttle::limits::{Action, Scope};

use crate::support::guesses::*;
use crate::support::people::EVE;
use crate::support::site::Site;

#[tokio::test]
async fn one_ip_address_cannot_try_one_password_on_500_accounts() {
    let site = Site::behind_a_proxy().await;
    let mut sprayer = stranger(&site, "203.0.113.66").await;
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    for number in 0..500 {
        let email = format!("person{number}@example.com");
        try_password(&mut sprayer, &email, "correct horse battery staple").await;
    }
    let evaluated = site.app.hasher.runs() - before;
    let limit = limit(Action::Login, Scope::IpAddress);
    assert!(evaluated <= allowed(limit, began), "{evaluated} of 500 were evaluated");
    let rows = sqlx::query_scalar::<_, i64>("select count(*) from throttles");
    let rows = rows.fetch_one(&site.db.pool).await.expect("the database");
    assert!(rows <= 1 + 2 * evaluated as i64, "{rows} rows: a rejected attempt leaves none");

    set_ip_address(&mut sprayer, "203.0.113.67");
    assert_eq!(try_password(&mut sprayer, "person@example.com", WRONG).await, 422);
}

#[tokio::test]
async fn the_attackers_own_logins_do_not_reset_the_counter_of_the_ip_address() {
    let site = Site::behind_a_proxy().await;
    EVE.create_account(&site).await;
    let (mut evaluated, began) = (0, Instant::now());
    for number in 0..100 {
        let mut sprayer = stranger(&site, "203.0.113.66").await;
        let email = format!("person{number}@example.com");
        evaluated += u64::from(try_password(&mut sprayer, &email, WRONG).await == 422);
        if number % 10 == 0 {
            try_password(&mut sprayer, EVE.email, EVE.password).await;
        }
    }
    let limit = limit(Action::Login, Scope::IpAddress);
    assert!(evaluated <= allowed(limit, began), "{evaluated} of 100 were evaluated");
}

#[tokio::test]
async fn the_ipv6_addresses_of_one_customer_share_a_counter() {
    let site = Site::behind_a_proxy().await;
    let mut sprayer = stranger(&site, "2001:db8:1:2::1").await;
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    for number in 0..100 {
        set_ip_address(&mut sprayer, &format!("2001:db8:1:2:{number:x}::1"));
        try_password(&mut sprayer, &format!("person{number}@example.com"), WRONG).await;
    }
    let evaluated = site.app.hasher.runs() - before;
    let limit = limit(Action::Login, Scope::IpAddress);
    assert!(evaluated <= allowed(limit, began), "{evaluated} of 100 were evaluated");
    set_ip_address(&mut sprayer, "2001:db8:1:3::1");
    assert_eq!(try_password(&mut sprayer, "person@example.com", WRONG).await, 422);
}
