//! Timing: the attacker measures response times, to find out who has an account.
//!
//! Why it matters: two equal responses can still take different times, by one run of Argon2 or by
//! one row more. `journeys.rs` counts runs and statements. This test measures the remaining
//! difference, for every anonymous action and both HTTP versions.
//! Stops in: `src/accounts/password/hasher.rs` (the dummy hash), `src/mail.rs` (`discard`),
//! `src/accounts/token.rs` (`Owner::Nobody`).
//! Sources: ASVS 5.0 6.3.8; CWE-208.
//!
//! Statistical, so run it by hand on a quiet machine, in a release build:
//! `cargo test --release --test main -- --ignored --nocapture attacks::timing`

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use app::accounts::password::{Hasher, Password};
use argon2::Params;
use rand::seq::SliceRandom;
use reqwest::Version;

use crate::support::browser::Browser;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::site::{Site, config};

const ROUNDS: usize = 200;
const SIGN_UP_PASSWORD: &str = "trombone velvet lighthouse";
const STATES: [&str; 4] = ["free", "take", "pend", "lock"];

type Fields = &'static [(&'static str, &'static str)];

/// Path, button, and fields by name; `…` is the email address.
const ACTIONS: [(&str, &str, Fields); 5] = [
    ("/login", LOG_IN, &[("email", "…"), ("password", "not the password of anybody")]),
    ("/register", CREATE_ACCOUNT, &[("email", "…"), ("password", SIGN_UP_PASSWORD)]),
    ("/password/reset", SEND_LINK, &[("email", "…")]),
    ("/email/verify", RESEND, &[("email", "…")]),
    ("/email/verify", CONFIRM, &[("email", "…"), ("code", "0000-0000")]),
];

/// Inserts enough people in each state that no email address is used twice.
async fn people(site: &Site) {
    let hash = site.app.hasher.hash(&Password::typed(SIGN_UP_PASSWORD)).await.expect("a hash");
    sqlx::query(
        "insert into users (id, email, email_canonical, password_hash, locked_at)
         select gen_random_uuid(), email, email, $1, case when state = 'lock' then now() end
         from unnest(array['take', 'lock']) state, generate_series(1, $2) n,
              format('%s%s@example.com', state, lpad(n::text, 5, '0')) email",
    )
    .bind(hash.as_str())
    .bind(ROUNDS as i32 * ACTIONS.len() as i32)
    .execute(&site.db.pool)
    .await
    .expect("users");
    sqlx::query(
        "insert into registrations (id, email, email_canonical, password_hash, expires_at)
         select gen_random_uuid(), email, email, $1, now() + interval '1 day'
         from generate_series(1, $2) n, format('pend%s@example.com', lpad(n::text, 5, '0')) email",
    )
    .bind(hash.as_str())
    .bind(ROUNDS as i32 * ACTIONS.len() as i32)
    .execute(&site.db.pool)
    .await
    .expect("registrations");
    site.db.run("analyze").await;
}

/// The duration of one POST alone.
async fn time(browser: &mut Browser, action: usize, address: &str) -> Duration {
    let (path, button, fields) = ACTIONS[action];
    let filled = |value: &str| if value == "…" { address.to_owned() } else { value.to_owned() };
    if button == CONFIRM {
        browser.visit("/register").await;
        browser.submit(CREATE_ACCOUNT, &[(EMAIL, address), (PASSWORD, SIGN_UP_PASSWORD)]).await;
        browser.follow_redirects = true;
    }
    browser.visit(path).await;
    let mut form = browser.form(button);
    for (name, value) in fields {
        form.forge(name, &filled(value));
    }
    browser.follow_redirects = false;
    let began = Instant::now();
    browser.send(form).await;
    let took = began.elapsed();
    browser.follow_redirects = true;
    assert!(matches!(browser.status, 303 | 422), "{button}: {}", browser.status);
    took
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn measure(site: &Site, version: Version) -> Vec<String> {
    people(site).await;
    let mut told = Vec::new();
    for (action, (_, button, _)) in ACTIONS.iter().enumerate() {
        let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        let mut browser = site.browser();
        for round in 1..=ROUNDS {
            // In random order, so that no state always follows the same other one.
            let mut states = STATES;
            states.shuffle(&mut rand::rng());
            for state in states {
                let number = action * ROUNDS + round;
                let address = format!("{state}{number:05}@example.com");
                let took = time(&mut browser, action, &address).await;
                times.entry(state).or_default().push(took);
                assert_eq!(browser.hops[0].version, version);
            }
        }
        let medians = STATES.map(|state| median(times.get_mut(state).expect("times")));
        println!("{version:?} {button:>14}: {medians:?} (free, taken, pending, locked)");
        let (least, most) = (medians.iter().min(), medians.iter().max());
        let (least, most) = (*least.expect("four"), *most.expect("four"));
        // Smaller differences are the remainder that docs/security.md describes.
        if most.checked_sub(least).unwrap() > (least / 10).max(Duration::from_micros(250)) {
            told.push(format!("{version:?} {button}: {medians:?}"));
        }
    }
    told
}

#[tokio::test]
#[ignore = "statistical: run on a quiet machine with --ignored"]
async fn no_response_time_shows_who_has_an_account() {
    let db = database().await;
    let settings = config(&db.url, &[]);
    let hasher = Hasher::new(Params::default(), 2).expect("a hasher");
    let site = Site::with_hasher(db, settings, hasher).await;
    let mut told = measure(&site, Version::HTTP_11).await;
    told.extend(measure(&Site::with_tls(&[]).await, Version::HTTP_2).await);
    assert!(told.is_empty(), "these times differ by more than noise:\n{}", told.join("\n"));
}
