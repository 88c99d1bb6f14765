//! Enumeration by the throttle: who has to wait, how long, and with which words.
//!
//! Why it matters: a site with one page for everybody that counts only known accounts reveals them
//! after eleven attempts.
//! Stops in: `src/web/admission.rs` (`login` and `may_mail` count known and unknown accounts
//! alike), `src/web/rejection.rs` (`sentence` is the same for everybody).
//! Sources: ASVS 5.0 6.3.8; WSTG-IDNT-04; CWE-204.

use crate::support::asking::*;
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::people::{ADA, Person};
use crate::support::site::Site;

const NOBODY: Person = Person { email: "nob@example.com", password: ADA.password };

/// The response, without the CSRF token, the date and the typed email address.
fn answer(browser: &Browser, person: Person) -> String {
    let csrf = browser.form(LOG_IN).pairs().first().map(|(_, token)| token.to_string());
    let page = browser.html().replace(&csrf.expect("a token"), "").replace(person.email, "");
    let mut headers: Vec<String> = browser
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    format!("{}\n{}\n{page}", browser.status, headers.join("\n"))
}

#[tokio::test]
async fn logins_with_known_and_unknown_emails_are_throttled_alike() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let mut seen = Vec::new();
    for person in [ADA, NOBODY] {
        let mut statuses = Vec::new();
        for number in 0..14 {
            let mut browser = stranger(&site, &address(number)).await;
            statuses.push(try_password(&mut browser, person.email, WRONG).await);
            // Longer than any wait of this loop, so its result does not depend on the test's speed.
            clock::later(&site.db, "5 minutes").await;
        }
        seen.push(statuses);
        exceed_account_limit(&site, person).await;
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_throttled_login_shows_the_same_page_for_known_and_unknown_emails() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let (mut evaluated, mut pages) = (Vec::new(), Vec::new());
    for person in [ADA, NOBODY] {
        let before = site.app.hasher.runs();
        exceed_account_limit(&site, person).await;
        evaluated.push(site.app.hasher.runs() - before);
    }
    assert_eq!(evaluated[0], evaluated[1], "runs of Argon2");
    for (person, password) in [(ADA, WRONG), (ADA, ADA.password), (NOBODY, WRONG)] {
        pages.push(page_of_a_one_day_wait(&site, person, password).await);
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pages[0], pages[2]);
}

/// The page of a wait of one day. Requested again until no second has passed since the wait was
/// set: otherwise a slow machine would compare pages that differ by a second.
async fn page_of_a_one_day_wait(site: &Site, person: Person, password: &str) -> String {
    let mut browser = stranger(site, "192.0.2.7").await;
    loop {
        let day = "update throttles set wait_until = now() + interval '1 day'
                   where scope = 'account' and wait_until > '-infinity'";
        sqlx::query(day).execute(&site.db.pool).await.expect("the database");
        assert_eq!(try_password(&mut browser, person.email, password).await, 429);
        if browser.headers["retry-after"] == "86400" {
            return answer(&browser, person);
        }
        browser.visit("/login").await;
    }
}

#[tokio::test]
async fn requests_for_mail_are_counted_alike_for_known_and_unknown_emails() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let mut counted = Vec::new();
    for person in [ADA, NOBODY] {
        // Three of each kind are sent; then the budgets are used up.
        for number in 0..5 {
            request_reset_from(&site, &address(number), person.email).await;
            request_resend_from(&site, &address(number), person.email).await;
            registers(&site, &address(number), person.email).await;
            counted.push(counters(&site).await);
        }
        site.db.run("delete from throttles").await;
    }
    assert_eq!(counted[..5], counted[5..]);
}

async fn counters(site: &Site) -> Vec<(String, String, i32)> {
    let counters = "select action, scope, failures from throttles order by 1, 2, 3";
    sqlx::query_as(counters).fetch_all(&site.db.pool).await.expect("the counters")
}
