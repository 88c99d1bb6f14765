//! Guessing passwords: from which IP address, how often, and how many guesses a limit allows.

use std::time::Instant;

use app::throttle::limits::{self, Action, Limit, Scope};

use super::browser::Browser;
use super::labels::*;
use super::people::Person;
use super::site::Site;

pub const WRONG: &str = "not the password of anybody";

/// The limit of an action and scope, as `docs/throttle.md` lists it.
pub fn limit(action: Action, scope: Scope) -> &'static Limit {
    limits::find(action, scope).expect("a limit")
}

/// How many attempts a limit admits in the time since `began`: the free ones, then one after the
/// first wait, one after twice that, and so on.
pub fn allowed(limit: &Limit, began: Instant) -> u64 {
    let first_waits = began.elapsed().as_secs() / limit.first_wait.as_secs();
    limit.free as u64 + u64::from((first_waits + 1).ilog2())
}

/// The `number`th of many IP addresses.
pub fn address(number: usize) -> String {
    format!("198.51.{}.{}", number / 250, number % 250 + 1)
}

/// The browser has this IP address from now on, as reported by the proxy.
pub fn set_ip_address(browser: &mut Browser, address: &str) {
    browser.extra_headers = vec![("x-forwarded-for", address.to_owned())];
}

/// A new browser with this IP address, with the login page open.
pub async fn stranger(site: &Site, address: &str) -> Browser {
    let mut browser = site.browser();
    set_ip_address(&mut browser, address);
    browser.visit("/login").await;
    browser
}

/// Submits the open login page. Returns the status: 303 after a login, or that of the error page.
pub async fn try_password(browser: &mut Browser, email: &str, password: &str) -> u16 {
    browser.submit(LOG_IN, &[(EMAIL, email), (PASSWORD, password)]).await;
    browser.hops.first().expect("an answer").status
}

/// Tries wrong passwords for one account in sequence, each from a new IP address.
pub async fn guess_from_many_ip_addresses(site: &Site, email: &str, times: usize) -> Vec<u16> {
    let mut browser = stranger(site, &address(0)).await;
    let mut answers = Vec::new();
    for number in 0..times {
        set_ip_address(&mut browser, &address(number));
        answers.push(try_password(&mut browser, email, WRONG).await);
    }
    answers
}

/// Makes enough attempts that the account has to wait, and prolongs the wait to an hour.
pub async fn exceed_account_limit(site: &Site, person: Person) {
    let free = limit(Action::Login, Scope::Account).free as usize;
    guess_from_many_ip_addresses(site, person.email, free).await;
    prolong_waits(site, Scope::Account).await;
    let mut browser = stranger(site, &address(free)).await;
    assert_eq!(try_password(&mut browser, person.email, WRONG).await, 429);
}

/// Makes each wait of this scope last an hour from now on. A limit's first wait is a second: on a
/// slow machine it could end before the next attempt of a test. Returns the number of waits.
pub async fn prolong_waits(site: &Site, scope: Scope) -> u64 {
    let waits = "update throttles set wait_until = now() + interval '1 hour'
                 where scope = $1 and wait_until not in ('-infinity', 'infinity')";
    let waits = sqlx::query(waits).bind(scope.name()).execute(&site.db.pool).await;
    waits.expect("the database").rows_affected()
}

pub fn count(answers: &[u16], status: u16) -> u64 {
    answers.iter().filter(|answer| **answer == status).count() as u64
}
