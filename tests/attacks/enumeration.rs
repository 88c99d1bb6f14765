//! Account enumeration: the attacker uses the login page to find out who has an account.
//!
//! Why it matters: a list of customers is worth money by itself, and makes guessing and phishing
//! much cheaper. Words are easy to make equal, but a header, a length or the time of one Argon2 run
//! shows as much. So the test compares whole responses, byte by byte, and counts runs of Argon2.
//! Sequences of pages are in `journeys.rs`, times in `timing.rs`.
//! Stops in: `src/flows/login.rs` (`prove`) and `src/accounts/password/hasher.rs` (the dummy hash).
//! Sources: ASVS 5.0 6.3.8; WSTG-IDNT-04; CWE-204, CWE-208.

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE, Person};
use crate::support::site::Site;

const WRONG: &str = "not the right password";
/// As long as the email addresses of Ada and Eve, because the page repeats the typed one.
const UNKNOWN: &str = "bob@example.com";
const MALFORMED: &str = "bob@@xample.com";

/// What the attacker sees of a response, without the values that differ every time.
pub(super) async fn answer(browser: &mut Browser, person: Person) -> String {
    browser.visit("/login").await;
    browser.follow_redirects = false;
    person.logs_in(browser).await;
    let form = browser.form(LOG_IN);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let mut lines: Vec<String> = browser
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| match name.as_str() {
            "set-cookie" => {
                let line = value.to_str().expect("ASCII");
                let (name, rest) = line.split_once('=').expect("a cookie");
                format!("set-cookie: {name}; {}", rest.split_once(';').unwrap_or_default().1)
            }
            name => format!("{name}: {value:?}"),
        })
        .collect();
    lines.sort();
    let body = browser.html().replace(token, "TOKEN").replace(person.email, "ADDRESS");
    format!("{}\n{}\n\n{body}", browser.status, lines.join("\n"))
}

#[tokio::test]
async fn every_failed_login_gets_the_same_response() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let locked = EVE.create_account(&site).await;
    sqlx::query("update users set locked_at = now() where id = $1")
        .bind(locked.id)
        .execute(&site.db.pool)
        .await
        .expect("to lock");

    let mut first: Option<String> = None;
    for (state, email, password) in [
        ("nobody", UNKNOWN, WRONG),
        ("a wrong password", ADA.email, WRONG),
        ("a locked account", EVE.email, WRONG),
        ("a locked account, the right password", EVE.email, EVE.password),
        ("no address", MALFORMED, WRONG),
        ("another case", "ADA@example.com", WRONG),
        ("a long password", ADA.email, "0123456789012345678901234567890123456789"),
        ("no password", ADA.email, ""),
    ] {
        let runs = site.app.hasher.runs();
        let answer = answer(&mut site.browser(), Person { email, password }).await;
        assert_eq!(site.app.hasher.runs() - runs, 1, "{state}: runs of Argon2");
        assert_eq!(&answer, first.get_or_insert_with(|| answer.clone()), "{state}");
    }
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}
