//! Planted devices: the attacker copies or collects device cookies, to bypass limits on guesses.
//!
//! Why it matters: a known device is not counted with unknown browsers. With a counter per cookie,
//! fifteen cookies gave 150 guesses in seconds. A cookie planted in a shared browser became a known
//! device of the next person who logged in there.
//! Stops in: `src/throttle/limits.rs` (known devices share 20), `src/accounts/device.rs` (a new
//! value per login, at most 20), `src/accounts/credentials.rs` (a change forgets them).
//! Sources: NIST SP 800-63B-4 §3.2.2; OWASP, "Blocking Brute Force Attacks" (device cookies).

use std::time::Instant;

use app::accounts::device::{self, DeviceToken};
use app::throttle::limits::{Action, Scope};

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE, Person};
use crate::support::site::Site;

const DEVICE: &str = "__Host-device";

fn device_of(browser: &Browser) -> String {
    browser.cookie(DEVICE).expect("a device cookie")
}

async fn with_cookie(site: &Site, ip: &str, cookie: &str) -> Browser {
    let mut browser = stranger(site, ip).await;
    browser.plant_cookie(DEVICE, cookie);
    browser
}

#[tokio::test]
async fn fifteen_stolen_device_cookies_share_one_limit_of_guesses() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let mut thieves = Vec::new();
    for number in 0..15 {
        let cookie = device_of(&ADA.log_in_on_new_device(&site).await);
        thieves.push(with_cookie(&site, &address(number), &cookie).await);
    }
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    for _ in 0..10 {
        for thief in &mut thieves {
            try_password(thief, ADA.email, WRONG).await;
        }
    }
    let evaluated = site.app.hasher.runs() - before;
    // 20 as known devices, and then the limit of unknown browsers.
    let strangers = allowed(limit(Action::Login, Scope::Account), began);
    assert!((20..=20 + strangers).contains(&evaluated), "{evaluated} of 150 were evaluated");
}

/// NIST's limit, for all IP addresses and device cookies together.
#[tokio::test]
async fn unknown_browsers_and_known_devices_share_100_failures_in_a_row() {
    let site = Site::behind_a_proxy().await;
    let mut owner = ADA.at(&site).await;
    let cookies = [device_of(&owner), device_of(&ADA.log_in_on_new_device(&site).await)];
    let before = site.app.hasher.runs();
    for number in 0..130 {
        clock::later(&site.db, "1 hour").await;
        let mut thief = with_cookie(&site, &address(number), &cookies[number % 2]).await;
        try_password(&mut thief, ADA.email, WRONG).await;
    }
    assert_eq!(site.app.hasher.runs() - before, 100);
    owner.visit("/app").await;
}

#[tokio::test]
async fn each_login_invalidates_copies_of_the_device_cookie() {
    let site = Site::behind_a_proxy().await;
    // Eve logs in first, on a shared browser, and keeps a copy of its cookie.
    let mut shared = EVE.at(&site).await;
    let planted = device_of(&shared);
    shared.visit("/app").await;
    shared.press(LOG_OUT).await;
    ADA.create_account(&site).await;
    ADA.logs_in(&mut shared).await;
    let copied = device_of(&shared);
    shared.press(LOG_OUT).await;
    ADA.logs_in(&mut shared).await;
    exceed_account_limit(&site, ADA).await;
    for cookie in [planted, copied] {
        let mut thief = with_cookie(&site, "203.0.113.66", &cookie).await;
        assert_eq!(try_password(&mut thief, ADA.email, WRONG).await, 429);
    }
    // The browser itself is still a known device of both accounts.
    for person in [ADA, EVE] {
        shared.press(LOG_OUT).await;
        shared.visit("/login").await;
        assert_eq!(try_password(&mut shared, person.email, person.password).await, 303);
    }
}

/// Eve has a copy of Ada's device cookie, and logs in to her own account repeatedly.
#[tokio::test]
async fn the_owners_device_stays_known_after_logins_with_a_copy_of_its_cookie() {
    let site = Site::behind_a_proxy().await;
    let mut owner = ADA.at(&site).await;
    EVE.create_account(&site).await;
    let mut eve = with_cookie(&site, "203.0.113.66", &device_of(&owner)).await;
    let known = "select count(*) from devices d join users u on u.id = d.user_id
                 where u.email like 'ada%'";
    for _ in 0..4 {
        EVE.logs_in(&mut eve).await;
        eve.must_be_at("/app", 200);
        eve.press(LOG_OUT).await;
        assert_eq!(site.db.number(known).await, 1);
    }
    // Ada need not wait. Her login replaces her device value, so Eve's copy becomes invalid.
    owner.visit("/app").await;
    owner.press(LOG_OUT).await;
    exceed_account_limit(&site, ADA).await;
    assert_eq!(try_password(&mut owner, ADA.email, ADA.password).await, 303);
    // Ada's login has reset the counter of her account, so it is filled again.
    exceed_account_limit(&site, ADA).await;
    eve.visit("/login").await;
    assert_eq!(try_password(&mut eve, ADA.email, WRONG).await, 429);
}

#[tokio::test]
async fn a_browser_is_remembered_for_the_five_accounts_that_logged_in_last() {
    let site = Site::behind_a_proxy().await;
    let mut browser = site.browser();
    let people: Vec<Person> =
        (0..6).map(|n| Person { email: format!("person{n}@example.com").leak(), ..ADA }).collect();
    for person in &people {
        person.create_account(&site).await;
        person.logs_in(&mut browser).await;
        browser.press(LOG_OUT).await;
    }
    assert_eq!(device_of(&browser).split('.').count(), 5);
    for (number, person) in people.iter().enumerate() {
        exceed_account_limit(&site, *person).await;
        browser.visit("/login").await;
        let answer = try_password(&mut browser, person.email, WRONG).await;
        assert_eq!(answer, if number == 0 { 429 } else { 422 }, "{number}");
        clock::later(&site.db, "3 days").await;
    }
}

/// Otherwise the values of one account would push those of others out of the cookie.
#[tokio::test]
async fn the_device_cookie_drops_values_that_no_account_knows() {
    let site = Site::behind_a_proxy().await;
    let mut browser = EVE.at(&site).await;
    browser.press(LOG_OUT).await;
    ADA.create_account(&site).await;
    ADA.logs_in(&mut browser).await;
    let mut passwords = [ADA.password, EVE.password, "marble kangaroo umbrella"];
    for _ in 0..3 {
        browser.visit("/account/password").await;
        let fields = [(CURRENT_PASSWORD, passwords[0]), (NEW_PASSWORD, passwords[1])];
        browser.submit(CHANGE_PASSWORD, &fields).await;
        browser.must_be_at("/account", 200);
        passwords.rotate_left(1);
        assert_eq!(device_of(&browser).split('.').count(), 2);
    }
}

/// A thief's login has verified the password, and then the owner's change commits.
#[tokio::test]
async fn a_login_that_races_with_a_password_change_makes_no_device_known() {
    let site = Site::start().await;
    let ada = ADA.create_account(&site).await;
    let before = ada.session_epoch;
    site.db.run("update users set session_epoch = session_epoch + 1").await;
    let mut tx = site.db.pool.begin().await.expect("the database");
    let new = DeviceToken::generate().hash();
    let remembered = device::remember(&mut tx, &[], new, ada.id, before).await;
    assert!(remembered.expect("the database").is_none());
    tx.commit().await.expect("the database");
    assert_eq!(site.db.number("select count(*) from devices").await, 0);
}

#[tokio::test]
async fn an_account_knows_the_twenty_devices_that_were_used_last() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let mut browsers = Vec::new();
    for _ in 0..22 {
        clock::later(&site.db, "1 minute").await;
        browsers.push(ADA.log_in_on_new_device(&site).await);
    }
    assert_eq!(site.db.number("select count(*) from devices").await, 20);
    exceed_account_limit(&site, ADA).await;
    let mut answers = Vec::new();
    for browser in &mut browsers {
        browser.visit("/app").await;
        // An account has at most 20 sessions, so some browsers are already logged out.
        if browser.path == "/app" {
            browser.press(LOG_OUT).await;
        }
        browser.visit("/login").await;
        answers.push(try_password(browser, ADA.email, WRONG).await);
    }
    assert_eq!(answers[..2], [429, 429], "{answers:?}");
    assert_eq!(answers[2..12], [422; 10], "{answers:?}");
}
