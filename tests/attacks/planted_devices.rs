//! Planted devices: device cookies, copied or collected, as a way around the limits on guesses.
//!
//! Why it matters: a known device does not wait with strangers. With a counter of its own for each
//! cookie, fifteen of them gave 150 guesses in seconds; and a cookie planted on a shared browser
//! became a known device of whoever logged in there next.
//! Stops in: `src/accounts/limits.rs` (all known devices share 20), `src/accounts/device.rs` (a new
//! value at each login, at most 20 devices), `src/accounts/credentials.rs` (a change forgets them).
//! Sources: NIST SP 800-63B-4 §3.2.2; OWASP, "Blocking Brute Force Attacks" (device cookies).

use std::time::Instant;

use vestibule::accounts::limits::{Per, Purpose};

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::guesses::*;
use crate::support::people::{ADA, EVE};
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
async fn fifteen_stolen_cookies_guess_no_more_than_one() {
    let site = Site::behind_a_proxy().await;
    ADA.joins(&site).await;
    let mut thieves = Vec::new();
    for number in 0..15 {
        let cookie = device_of(&ADA.on_another_device(&site).await);
        thieves.push(with_cookie(&site, &address(number), &cookie).await);
    }
    let (before, began) = (site.app.hasher.runs(), Instant::now());
    for _ in 0..10 {
        for thief in &mut thieves {
            try_password(thief, ADA.email, WRONG).await;
        }
    }
    let evaluated = site.app.hasher.runs() - before;
    // 20 as known devices, and what strangers get.
    let strangers = allowed(limit(Purpose::Login, Per::Account), began);
    assert!((20..=20 + strangers).contains(&evaluated), "{evaluated} of 150 were evaluated");
}

/// NIST's limit, from everywhere and with every cookie.
#[tokio::test]
async fn strangers_and_known_devices_together_have_a_hundred_in_a_row() {
    let site = Site::behind_a_proxy().await;
    let mut owner = ADA.at(&site).await;
    let cookies = [device_of(&owner), device_of(&ADA.on_another_device(&site).await)];
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
async fn each_login_makes_copies_of_the_cookie_worthless() {
    let site = Site::behind_a_proxy().await;
    // Planted: the browser logs in as Eve first, who keeps a copy of its cookie.
    let mut shared = EVE.at(&site).await;
    let planted = device_of(&shared);
    shared.visit("/app").await;
    shared.press("Log out").await;
    ADA.joins(&site).await;
    ADA.logs_in(&mut shared).await;
    let copied = device_of(&shared);
    shared.press("Log out").await;
    ADA.logs_in(&mut shared).await;
    wear_out(&site, ADA).await;
    clock::later(&site.db, "-1 hour").await;
    for cookie in [planted, copied] {
        let mut thief = with_cookie(&site, "203.0.113.66", &cookie).await;
        assert_eq!(try_password(&mut thief, ADA.email, WRONG).await, 429);
    }
    // Both accounts still know the browser itself.
    for person in [ADA, EVE] {
        shared.press("Log out").await;
        shared.visit("/login").await;
        assert_eq!(try_password(&mut shared, person.email, person.password).await, 303);
    }
}

#[tokio::test]
async fn an_account_knows_the_twenty_devices_that_were_used_last() {
    let site = Site::behind_a_proxy().await;
    ADA.joins(&site).await;
    let mut browsers = Vec::new();
    for _ in 0..22 {
        clock::later(&site.db, "1 minute").await;
        browsers.push(ADA.on_another_device(&site).await);
    }
    assert_eq!(site.db.number("select count(*) from devices").await, 20);
    wear_out(&site, ADA).await;
    clock::later(&site.db, "-1 hour").await;
    let mut answers = Vec::new();
    for browser in &mut browsers {
        browser.visit("/app").await;
        // Sessions of an account are limited to 20 as well, so some are out already.
        if browser.path == "/app" {
            browser.press("Log out").await;
        }
        browser.visit("/login").await;
        answers.push(try_password(browser, ADA.email, WRONG).await);
    }
    assert_eq!(answers[..2], [429, 429], "{answers:?}");
    assert_eq!(answers[2..12], [422; 10], "{answers:?}");
}
