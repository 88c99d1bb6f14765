//! The page that lists the devices of a user, and ends their sessions.

use secrecy::ExposeSecret;

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::people::{ADA, GRACE, Person};
use crate::support::process::Process;
use crate::support::race::race;
use crate::support::site::Site;

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";

/// A login in a new browser with this user agent.
async fn on_device(site: &Site, person: Person, user_agent: &str) -> Browser {
    let mut browser = site.browser();
    browser.user_agent = user_agent.to_owned();
    person.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser
}

async fn is_logged_in(browser: &mut Browser) -> bool {
    browser.visit("/account").await;
    browser.path == "/account"
}

/// The paths of the forms that end a session, in the order of the list.
fn revoke_paths(browser: &Browser) -> Vec<String> {
    let parts = browser.html().split("action=\"/account/sessions/").skip(1);
    let paths = parts.map(|part| part.split('"').next().unwrap_or_default());
    paths
        .filter(|path| path.ends_with("/revoke"))
        .map(|p| format!("/account/sessions/{p}"))
        .collect()
}

#[tokio::test]
async fn every_device_is_listed_in_words_with_its_timeouts() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    on_device(&site, ADA, FIREFOX).await;
    let mut phone = site.browser();
    phone.user_agent = IPHONE.to_owned();
    phone.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    phone.submit(LOG_IN, &fields).await;
    GRACE.at(&site).await;

    laptop.visit("/account").await;
    laptop.must_see("3 logged in");
    laptop.click(MANAGE).await;
    laptop.must_be_at("/account/sessions", 200);
    let text = laptop.text();
    let devices: Vec<_> =
        text.lines().filter(|line| line.contains(" on ") && !line.contains("It listens")).collect();
    // This device first, then the latest used.
    assert_eq!(
        devices,
        ["Chrome on Linux (this device)", "Safari on iPhone", "Firefox on Windows 10"]
    );
    assert_eq!(text.matches("127.0.0.1").count(), 3);
    assert_eq!(text.matches("Yes, also when the browser is closed").count(), 1);
    assert_eq!(text.matches("if it isn't used").count(), 3);
    assert_eq!(revoke_paths(&laptop).len(), 2);
}

#[tokio::test]
async fn an_ended_session_is_logged_out_on_its_next_request() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = on_device(&site, ADA, IPHONE).await;
    let mut tablet = on_device(&site, ADA, FIREFOX).await;
    laptop.visit("/account/sessions").await;
    laptop.press_beside("Safari on iPhone", END_SESSION).await;
    laptop.must_be_at("/account/sessions", 200);
    laptop.must_see("That device is logged out.");
    assert!(!is_logged_in(&mut phone).await);
    phone.must_see(SESSION_ENDED);
    assert!(is_logged_in(&mut tablet).await);
    laptop.visit("/account/sessions").await;
    laptop.must_not_see("Safari on iPhone");
}

#[tokio::test]
async fn an_ended_session_is_logged_out_on_every_app_instance() {
    let site = Site::start().await;
    let keys = site.app.config.secret_keys.expose_secret().to_owned();
    let other_instance = Process::serve_with(&site.db, &[("SECRET_KEYS", &keys)]);
    let mut laptop = ADA.at(&site).await;
    let at_site = on_device(&site, ADA, IPHONE).await;
    let mut phone = other_instance.browser();
    phone.clone_cookies_from(&at_site);
    assert!(is_logged_in(&mut phone).await);
    laptop.visit("/account/sessions").await;
    laptop.press_beside("Safari on iPhone", END_SESSION).await;
    assert!(!is_logged_in(&mut phone).await);
}

#[tokio::test]
async fn all_other_devices_are_logged_out_at_once() {
    let site = Site::start().await;
    let mut grace = GRACE.at(&site).await;
    let mut laptop = ADA.at(&site).await;
    let mut others = [on_device(&site, ADA, IPHONE).await, on_device(&site, ADA, FIREFOX).await];
    laptop.visit("/account/sessions").await;
    laptop.press(LOG_OUT_ELSEWHERE).await;
    laptop.must_be_at("/account/sessions", 200);
    laptop.must_see(LOGGED_OUT_ELSEWHERE);
    laptop.must_see("You aren't logged in anywhere else.");
    for other in &mut others {
        assert!(!is_logged_in(other).await);
    }
    assert!(is_logged_in(&mut laptop).await && is_logged_in(&mut grace).await);
}

#[tokio::test]
async fn a_session_that_ended_in_another_tab_is_no_error() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    on_device(&site, ADA, IPHONE).await;
    laptop.visit("/account/sessions").await;
    let mut other_tab = laptop.clone();
    laptop.press(END_SESSION).await;
    other_tab.press(END_SESSION).await;
    assert_eq!(other_tab.status, 404);
    other_tab.must_see("That device is already logged out.");
    other_tab.must_see("Your devices");
}

#[tokio::test]
async fn expired_sessions_and_those_before_a_password_change_are_not_listed() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    on_device(&site, ADA, FIREFOX).await;
    clock::later(&site.db, "59 minutes").await;
    laptop.visit("/app").await;
    // The touch of the laptop's session happens after its response.
    site.db.run("update sessions set last_seen_at = now() where user_agent like '%Chrome%'").await;
    clock::later(&site.db, "2 minutes").await;
    laptop.visit("/account/sessions").await;
    laptop.must_see("Chrome on Linux");
    laptop.must_not_see("Firefox");
    on_device(&site, ADA, IPHONE).await;
    laptop.visit("/account/sessions").await;
    laptop.must_see("Safari on iPhone");
    // Its row is there, but its epoch is that of an older password.
    site.db
        .run("update sessions set user_epoch = user_epoch - 1 where user_agent like '%iPhone%'")
        .await;
    laptop.visit("/account/sessions").await;
    laptop.must_not_see("Safari on iPhone");
}

#[tokio::test]
async fn a_hundred_concurrent_logins_leave_exactly_the_allowed_sessions() {
    let site = Site::with(&[("SESSIONS_PER_USER", "5")]).await;
    ADA.create_account(&site).await;
    let logins = (0..100).map(|_| {
        let mut browser = site.browser();
        async move {
            ADA.logs_in(&mut browser).await;
            browser
        }
    });
    let browsers = race(logins).await;
    let rows = site.db.number("select count(*) from sessions where user_id is not null").await;
    assert_eq!(rows, 5);
    let mut alive = 0;
    for mut browser in browsers {
        alive += i64::from(is_logged_in(&mut browser).await);
    }
    assert_eq!(alive, 5);
}
