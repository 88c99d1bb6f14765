//! Mass registration: a script creates accounts, or sends the form only to keep Argon2 busy.
//!
//! Why it matters: each registration costs a row and a run of Argon2, the site's slowest code.
//! Stops in: `src/flows/register.rs` (`admission::by_ip` counts per IP address, before the password
//! is hashed).
//! Sources: ASVS 5.0 2.4.1; OWASP Automated Threats OAT-019.

use std::time::Instant;

use app::throttle::limits::{Action, Scope};

use crate::support::asking::{SIGN_UP_PASSWORD, at};
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::site::Site;

#[tokio::test]
async fn one_ip_address_can_send_sixty_registrations_and_then_waits() {
    let site = Site::behind_a_proxy().await;
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    let mut last = None;
    for number in 0..90 {
        let mut script = at(&site, "203.0.113.66", "/register").await;
        let email = format!("person{number}@example.com");
        let fields = [(EMAIL, &*email), (PASSWORD, SIGN_UP_PASSWORD)];
        script.submit(CREATE_ACCOUNT, &fields).await;
        last = Some((script, email));
    }
    let evaluated = site.app.hasher.runs() - before;
    let limit = limit(Action::Register, Scope::IpAddress);
    let expected = limit.free as u64..=allowed(limit, began);
    assert!(expected.contains(&evaluated), "{evaluated} of 90 were hashed");

    let (rejected, email) = last.expect("the last one");
    rejected.must_be_at("/register", 429);
    rejected.must_see(TRY_LATER);
    assert!(rejected.headers.contains_key("retry-after"));
    assert_eq!(rejected.field(CREATE_ACCOUNT, EMAIL), email, "what was typed stays");
}
