//! Brute force: many passwords for one account; sequential or concurrent, from many IP addresses,
//! with a disconnect before the response, from a stolen session, and over a long time.
//!
//! Why it matters: a counter that is written after the verification, per process or per IP address,
//! stops none of these. Concurrent guesses read the same count, a client that resets its connection
//! cancels the handler, and a botnet has an IP address for each guess.
//! Stops in: `src/throttle.rs` (`admit`: one statement, committed before the password is verified).
//! Sources: ASVS 5.0 6.1.1, 6.3.1; NIST SP 800-63B-4 §3.2.2 (100 in a row); CWE-307.

use std::time::Instant;

use app::throttle::limits::{Action, LIMITS, Scope};
use app::web::human_time;
use argon2::Params;
use futures_util::future::join_all;
use url::form_urlencoded::Serializer;

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::database::database_with;
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::raw::{self, RawConnection};
use crate::support::site::Site;

#[tokio::test]
async fn guesses_from_many_ip_addresses_share_the_limit_of_the_account() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    let answers = guess_from_many_ip_addresses(&site, ADA.email, 120).await;
    let limit = limit(Action::Login, Scope::Account);
    let evaluated = site.app.hasher.runs() - before;
    assert!(evaluated <= allowed(limit, began), "{evaluated} of 120 were evaluated");
    assert_eq!(evaluated, count(&answers, 422), "only what is evaluated is answered");
    assert_eq!(count(&answers, 422) + count(&answers, 429), 120, "{answers:?}");
}

#[tokio::test]
async fn concurrent_guesses_get_no_more_attempts_than_sequential_ones() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let form = stranger(&site, &address(0)).await;
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    let guess = async |n: usize| {
        raw::send(site.address, as_bytes(&site, &form, &address(n), ADA.email)).await.status
    };
    let answers = join_all((0..100).map(guess)).await;
    let limit = limit(Action::Login, Scope::Account);
    let evaluated = site.app.hasher.runs() - before;
    assert!(evaluated > 0 && evaluated <= allowed(limit, began), "{evaluated}: {answers:?}");
}

#[tokio::test]
async fn concurrent_logins_to_many_accounts_do_not_deadlock() {
    // A queue for all of them, so that only a deadlock or a lost connection would be a 503.
    let settings = [("ARGON2_CONCURRENCY", "4")];
    let site = Site::behind_a_proxy_on(database_with(10).await, &settings).await;
    let form = stranger(&site, &address(0)).await;
    let guess = async |n: usize| {
        let email = format!("person{}@example.com", n % 9);
        raw::send(site.address, as_bytes(&site, &form, &address(n % 7), &email)).await.status
    };
    let answers = join_all((0..100).map(guess)).await;
    assert!(answers.iter().all(|status| [422, 429].contains(status)), "{answers:?}");
    assert!(count(&answers, 422) > 0, "{answers:?}");
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(site.db.number(deadlocks).await, 0);
}

#[tokio::test]
async fn an_attempt_is_counted_if_the_client_disconnects_before_the_response() {
    // Slow enough that the client disconnects while the password is verified.
    let slow = Params::new(64 * 1024, 3, 1, None).expect("slow settings");
    let site = Site::behind_a_proxy_with(slow).await;
    ADA.create_account(&site).await;
    let limit = limit(Action::Login, Scope::Account);
    let (before, began, mut hung_up) = (site.app.hasher.runs(), Instant::now(), 0);
    let form = stranger(&site, &address(0)).await;
    for number in 0..40 {
        let mut wire = RawConnection::open(site.address).await;
        wire.write(as_bytes(&site, &form, &address(number), ADA.email)).await;
        let runs = site.app.hasher.runs();
        let looked_at = async {
            while site.app.hasher.runs() == runs {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            // 422: on a busy machine the response can arrive before the test sees the run.
            answer = wire.answer() => assert!([422, 429].contains(&answer.expect("an answer").status)),
            () = looked_at => hung_up += 1,
        }
        wire.reset();
    }
    let evaluated = site.app.hasher.runs() - before;
    assert!(hung_up >= limit.free, "only {hung_up} of 40 hung up in time");
    assert!(evaluated <= allowed(limit, began), "{evaluated} of 40 were evaluated");
}

/// A login with a wrong password, as the bytes of a request.
fn as_bytes(site: &Site, browser: &Browser, address: &str, email: &str) -> String {
    let mut form = browser.form(LOG_IN);
    browser.found(form.fill(EMAIL, email));
    browser.found(form.fill(PASSWORD, WRONG));
    let body = Serializer::new(String::new()).extend_pairs(form.pairs()).finish();
    format!(
        "POST /login HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {address}\r\n\
         Cookie: __Host-visitor={}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        site.app.origin.host,
        browser.cookie("__Host-visitor").expect("a visitor's cookie"),
        body.len(),
    )
}

#[tokio::test]
async fn the_right_password_is_not_verified_during_the_wait() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    exceed_account_limit(&site, ADA).await;
    let mut browser = stranger(&site, "203.0.113.1").await;
    let before = site.app.hasher.runs();
    assert_eq!(try_password(&mut browser, ADA.email, WRONG).await, 429);
    assert_eq!(try_password(&mut browser, ADA.email, ADA.password).await, 429);
    assert_eq!(site.app.hasher.runs(), before);
    assert_eq!(browser.field(LOG_IN, EMAIL), ADA.email, "what was typed stays");

    clock::later(&site.db, "1 hour").await;
    assert_eq!(try_password(&mut browser, ADA.email, ADA.password).await, 303);
}

#[tokio::test]
async fn eighty_failures_in_a_row_lock_out_unknown_browsers() {
    let site = Site::behind_a_proxy().await;
    let mut laptop = ADA.at(&site).await;
    let before = site.app.hasher.runs();
    let mut answers = Vec::new();
    let mut eve = stranger(&site, &address(0)).await;
    for number in 0..120 {
        clock::later(&site.db, "1 hour").await;
        set_ip_address(&mut eve, &address(number));
        answers.push(try_password(&mut eve, ADA.email, WRONG).await);
    }
    assert_eq!(site.app.hasher.runs() - before, 80, "{answers:?}");
    clock::later(&site.db, "30 days").await;
    assert_eq!(try_password(&mut eve, ADA.email, ADA.password).await, 429);
    eve.must_see("Log in on a device where you've logged in before, or reset your password.");

    laptop.visit("/login").await;
    assert_eq!(try_password(&mut laptop, ADA.email, ADA.password).await, 303);
    assert_eq!(try_password(&mut eve, ADA.email, ADA.password).await, 303);
}

#[tokio::test]
async fn the_attackers_own_logins_do_not_reset_the_counter_of_another_account() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    EVE.create_account(&site).await;
    let began = Instant::now();
    let mut answers = Vec::new();
    for _ in 0..10 {
        let mut eve = stranger(&site, "203.0.113.66").await;
        answers.push(try_password(&mut eve, ADA.email, WRONG).await);
        assert_eq!(try_password(&mut eve, EVE.email, EVE.password).await, 303);
    }
    let evaluated = count(&answers, 422);
    assert!(evaluated <= allowed(limit(Action::Login, Scope::Pair), began), "{answers:?}");
}

#[tokio::test]
async fn a_thief_with_a_session_cannot_guess_the_current_password() {
    let site = Site::behind_a_proxy().await;
    let mut thief = ADA.at(&site).await;
    thief.visit("/account/password").await;
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    for _ in 0..20 {
        let fields = [(CURRENT_PASSWORD, WRONG), (NEW_PASSWORD, EVE.password)];
        thief.submit(CHANGE_PASSWORD, &fields).await;
        if thief.status == 429 {
            thief.visit("/account/password").await;
        }
    }
    let evaluated = site.app.hasher.runs() - before;
    let limit = limit(Action::CurrentPassword, Scope::Account);
    assert!(evaluated <= allowed(limit, began), "{evaluated} of 20 were evaluated");
    // These attempts do not delay a login.
    ADA.log_in_on_new_device(&site).await;
}

/// The documentation lists the limits of the code (ASVS 6.1.1).
#[test]
fn the_limits_in_the_documentation_are_those_of_the_code() {
    let document = include_str!("../../docs/throttle.md");
    let documented: Vec<&str> = document
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let real: Vec<String> = LIMITS
        .iter()
        .map(|limit| {
            let (action, scope) = (limit.action.name(), limit.scope.name());
            let in_a_row = limit.in_a_row.map_or("–".to_owned(), |most| most.to_string());
            let [first, longest] = [limit.first_wait, limit.longest_wait].map(human_time::span);
            format!("| {action} | {scope} | {} | {first} | {longest} | {in_a_row} |", limit.free)
        })
        .collect();
    assert_eq!(documented, real);
}
