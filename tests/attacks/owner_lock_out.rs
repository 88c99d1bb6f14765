//! Lock-out of the owner: the attacker guesses on purpose, so that the owner cannot log in.
//!
//! Why it matters: with a counter per account alone, anybody can lock out anybody else.
//! Stops in: `src/web/admission.rs` (`login` counts a known device by itself), `src/throttle.rs`
//! (rejected attempts are not counted, and sessions are never touched).
//! Sources: ASVS 5.0 6.1.1; OWASP "Blocking Brute Force Attacks" (device cookies).

use std::time::Instant;

use app::throttle::limits::{Action, Scope};

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::site::Site;

const DEVICE: &str = "__Host-device";

async fn logs_out(browser: &mut Browser) {
    browser.visit("/app").await;
    browser.press(LOG_OUT).await;
}

#[tokio::test]
async fn a_session_and_a_known_device_work_while_the_account_is_throttled() {
    let site = Site::behind_a_proxy().await;
    let mut laptop = ADA.at(&site).await;
    exceed_account_limit(&site, ADA).await;
    laptop.visit("/app").await;
    laptop.must_be_at("/app", 200);
    logs_out(&mut laptop).await;
    laptop.visit("/login").await;
    assert_eq!(try_password(&mut laptop, ADA.email, ADA.password).await, 303);
}

#[tokio::test]
async fn the_owner_can_log_in_on_a_new_device_after_the_wait() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    exceed_account_limit(&site, ADA).await;
    let mut phone = stranger(&site, "192.0.2.7").await;
    assert_eq!(try_password(&mut phone, ADA.email, ADA.password).await, 429);
    let seconds = phone.headers["retry-after"].to_str().expect("text").to_owned();
    phone.must_see(TRY_LATER);
    clock::later(&site.db, &format!("{seconds} seconds")).await;
    assert_eq!(try_password(&mut phone, ADA.email, ADA.password).await, 303);
}

#[tokio::test]
async fn rejected_attempts_do_not_extend_the_wait() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    exceed_account_limit(&site, ADA).await;
    let state = "select failures, wait_until::text from throttles where scope = 'account'";
    let state = || sqlx::query_as::<_, (i32, String)>(state).fetch_one(&site.db.pool);
    let before = state().await.expect("the counter");
    let answers = guess_from_many_ip_addresses(&site, ADA.email, 30).await;
    assert_eq!(count(&answers, 429), 30, "{answers:?}");
    assert_eq!(state().await.expect("the counter"), before);
}

#[tokio::test]
async fn one_device_can_be_known_to_several_accounts() {
    let site = Site::behind_a_proxy().await;
    let mut tablet = ADA.at(&site).await;
    logs_out(&mut tablet).await;
    GRACE.create_account(&site).await;
    GRACE.logs_in(&mut tablet).await;
    logs_out(&mut tablet).await;
    for person in [ADA, GRACE] {
        exceed_account_limit(&site, person).await;
        person.logs_in(&mut tablet).await;
        tablet.must_be_at("/app", 200);
        logs_out(&mut tablet).await;
        // Lets the counters of the IP addresses decrease before the next person.
        clock::later(&site.db, "2 days").await;
    }
}

#[tokio::test]
async fn the_device_cookie_has_secure_attributes_and_expires_after_a_year() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    let lines = browser.raw_set_cookies();
    let line = lines.iter().find(|line| line.starts_with("__Host-device=")).expect("the cookie");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=31536000"] {
        assert!(line.contains(attribute), "{line}");
    }
    let value = browser.cookie(DEVICE).expect("the cookie");
    let stored = "select count(*) from devices where encode(token_hash, 'escape') like $1";
    let stored = sqlx::query_scalar::<_, i64>(stored).bind(format!("%{value}%"));
    assert_eq!(stored.fetch_one(&site.db.pool).await.expect("the database"), 0);
}

#[tokio::test]
async fn a_failed_login_makes_no_device_known() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    assert_eq!(try_password(&mut browser, ADA.email, WRONG).await, 422);
    assert_eq!(browser.cookie(DEVICE), None);
}

#[tokio::test]
async fn a_device_is_known_to_its_own_accounts_only() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let mut eve = EVE.at(&site).await;
    logs_out(&mut eve).await;
    exceed_account_limit(&site, ADA).await;
    eve.visit("/login").await;
    assert_eq!(try_password(&mut eve, ADA.email, WRONG).await, 429);
}

#[tokio::test]
async fn a_thief_with_a_device_cookie_gets_twenty_guesses_in_a_row() {
    let site = Site::behind_a_proxy().await;
    let laptop = ADA.at(&site).await;
    let mut thief = stranger(&site, "203.0.113.66").await;
    thief.plant_cookie(DEVICE, &laptop.cookie(DEVICE).expect("a device cookie"));
    let device = limit(Action::Login, Scope::Device);
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    for _ in 0..40 {
        try_password(&mut thief, ADA.email, WRONG).await;
    }
    let at_once = site.app.hasher.runs() - before;
    assert!(at_once <= allowed(device, began), "{at_once} of 40 were evaluated at once");

    // After 20 failures in a row, the thief is counted like an unknown browser.
    exceed_account_limit(&site, ADA).await;
    for _ in 0..40 {
        clock::later(&site.db, "1 hour").await;
        try_password(&mut thief, ADA.email, WRONG).await;
    }
    let in_a_row = "select in_a_row::bigint from throttles where scope = 'all devices'";
    assert_eq!(site.db.number(in_a_row).await, 20);
    clock::later(&site.db, "30 days").await;
    exceed_account_limit(&site, ADA).await;
    assert_eq!(try_password(&mut thief, ADA.email, ADA.password).await, 429);
}

#[tokio::test]
async fn the_owner_can_log_in_after_a_reset_while_others_keep_guessing() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let mut owner = site.browser();
    set_ip_address(&mut owner, "192.0.2.7");
    owner.visit("/password/reset").await;
    owner.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    owner.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    owner.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, EVE.password)]).await;
    exceed_account_limit(&site, ADA).await;
    assert_eq!(try_password(&mut owner, ADA.email, EVE.password).await, 303);
}
