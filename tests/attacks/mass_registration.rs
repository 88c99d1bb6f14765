//! Mass registration: a script that makes accounts, or asks for them to keep Argon2 busy.
//!
//! Why it matters: each costs a row and the most expensive run of code that the site has.
//! Stops in: `src/flows/register.rs` (counted by address before anything is hashed).
//! Sources: ASVS 5.0 2.4.1; OWASP Automated Threats OAT-019.

use std::time::Instant;

use vestibule::accounts::limits::{Per, Purpose};

use crate::support::guesses::*;
use crate::support::site::Site;

#[tokio::test]
async fn one_address_makes_a_class_of_accounts_and_no_more() {
    let site = Site::behind_a_proxy().await;
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    let mut last = None;
    for number in 0..60 {
        let mut script = site.browser();
        move_to(&mut script, "203.0.113.66");
        script.visit("/register").await;
        let email = format!("person{number}@example.com");
        let fields = [("E-mail", &*email), ("Password", "whisper quarry albatross")];
        script.submit("Register", &fields).await;
        last = Some((script, email));
    }
    let evaluated = site.app.hasher.runs() - before;
    let limit = limit(Purpose::Register, Per::IpAddress);
    assert!(evaluated <= allowed(limit, began), "{evaluated} of 60 were hashed");

    let (refused, email) = last.expect("the last one");
    refused.must_be_at("/register", 429);
    refused.must_see("then try again.");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.field("Register", "E-mail"), email, "what was typed stays");
}
