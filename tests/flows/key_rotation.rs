//! Key rotation: the operator adds a new first key to `SECRET_KEYS`, and removes the old one later.

use app::keys::Keys;
use reqwest::Method;
use secrecy::ExposeSecret;

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::race::race;
use crate::support::site::Site;

const SESSION: &str = "__Host-session";

/// Restarts the site with other keys; `keys` maps the old value of the setting to the new one.
async fn restarted_with(site: Site, keys: impl FnOnce(&str) -> String) -> Site {
    let keys = keys(site.app.config.secret_keys.expose_secret());
    Site::on(site.stop().await, &[("SECRET_KEYS", &keys)]).await
}

async fn with_a_new_key(site: Site) -> Site {
    restarted_with(site, |keys| format!("{},{keys}", Keys::generate())).await
}

async fn without_the_old_key(site: Site) -> Site {
    restarted_with(site, |keys| keys.split(',').next().unwrap_or_default().to_owned()).await
}

/// The same browser at the restarted site, which has another port.
fn same_browser(browser: &Browser, site: &Site) -> Browser {
    let mut same = site.browser();
    same.clone_cookies_from(browser);
    same
}

fn session_lines(browser: &Browser) -> Vec<String> {
    let mut lines = browser.raw_set_cookies();
    lines.retain(|line| line.starts_with(SESSION));
    lines
}

#[tokio::test]
async fn a_cookie_of_the_old_key_works_and_is_reencrypted() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.keep_value("still here").await;
    let row = site.db.number("select extract(epoch from ends_at)::bigint from sessions").await;

    let site = with_a_new_key(site).await;
    let mut browser = same_browser(&browser, &site);
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
    assert_eq!(session_lines(&browser).len(), 1);
    browser.visit("/app").await;
    assert_eq!(session_lines(&browser), [""; 0]);
    // The row and its absolute timeout are unchanged: no new session began.
    assert_eq!(browser.kept_value().await, "still here");
    let now = site.db.number("select extract(epoch from ends_at)::bigint from sessions").await;
    assert_eq!(now, row);

    let site = without_the_old_key(site).await;
    let mut browser = same_browser(&browser, &site);
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

/// A double-click, or a lost connection: the browser never receives the new cookie.
#[tokio::test]
async fn a_lost_response_with_a_reencrypted_cookie_logs_nobody_out() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    let site = with_a_new_key(site).await;
    for _ in 0..3 {
        // This response is lost: `browser` keeps the old cookie.
        same_browser(&browser, &site).visit("/app").await;
        let mut again = same_browser(&browser, &site);
        again.visit("/app").await;
        again.must_be_at("/app", 200);
    }
}

#[tokio::test]
async fn an_error_page_after_a_key_rotation_logs_nobody_out() {
    let requests = [("GET", "/nothing"), ("GET", "/app/nothing"), ("DELETE", "/logout")];
    for (method, path) in requests {
        let site = Site::start().await;
        let browser = ADA.at(&site).await;
        let site = with_a_new_key(site).await;
        let mut browser = same_browser(&browser, &site);
        browser.visit("/healthz").await;
        let method: Method = method.parse().expect("a method");
        let answer = browser.fetch(method.clone(), path, &[], "").await;
        let allow = answer.headers.get("allow").map(|methods| methods.to_str().expect("ASCII"));
        match method {
            Method::GET => assert_eq!((answer.status, allow), (404, None), "{path}"),
            _ => assert_eq!((answer.status, allow), (405, Some("GET, POST")), "{path}"),
        }
        browser.visit("/app").await;
        browser.must_be_at("/app", 200);
    }
}

#[tokio::test]
async fn a_cookie_that_no_key_decrypts_is_removed_once() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/login").await;
    let mut stranger = site.browser();
    stranger.visit("/login").await;
    let visitor = stranger.cookie("__Host-visitor").expect("a visitor's cookie");
    browser.plant_cookie("__Host-visitor", &visitor);
    browser.plant_cookie("__Host-device", "not a token");
    let site = without_the_old_key(with_a_new_key(site).await).await;
    // A page, a redirect, a missing page, and a wrong method.
    for (method, path, status) in [
        (Method::GET, "/", 200),
        (Method::GET, "/app", 303),
        (Method::GET, "/nothing", 404),
        (Method::DELETE, "/logout", 405),
    ] {
        let mut browser = same_browser(&browser, &site);
        browser.follow_redirects = false;
        let answer = browser.fetch(method.clone(), path, &[], "").await;
        assert_eq!(answer.status, status, "{path}");
        let mut removed = browser.raw_set_cookies();
        removed.retain(|line| line.contains("Max-Age=0"));
        assert_eq!(removed.len(), 3, "{path}: {:?}", browser.raw_set_cookies());
        for name in [SESSION, "__Host-visitor", "__Host-device"] {
            assert_eq!(browser.cookie(name), None, "{path}");
        }
        browser.fetch(method, path, &[], "").await;
        assert_eq!(browser.raw_set_cookies(), [""; 0], "{path}");
    }
    // A cookie that the same response sets anew is not removed.
    let mut browser = same_browser(&browser, &site);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_session_cookie_of_a_removed_key_is_invalid() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    let site = without_the_old_key(with_a_new_key(site).await).await;
    let mut browser = same_browser(&browser, &site);
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_form_opened_before_a_key_rotation_is_accepted() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/test/value").await;
    let open = browser.form("Keep the value");
    let token = open.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token").1;

    let site = with_a_new_key(site).await;
    let mut browser = same_browser(&browser, &site);
    browser.visit("/test/value").await;
    let mut form = browser.form("Keep the value");
    form.forge("csrf", token);
    browser.send(form).await;
    browser.must_be_at("/test/value", 200);
    browser.must_see("The value is kept.");
}

#[tokio::test]
async fn a_remembered_login_stays_remembered_under_the_new_key() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;

    let site = with_a_new_key(site).await;
    let mut browser = same_browser(&browser, &site);
    browser.visit("/app").await;
    assert_eq!(session_lines(&browser).len(), 1);
    browser.restart();
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn fifty_concurrent_requests_after_a_key_rotation_stay_logged_in() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    let site = with_a_new_key(site).await;
    let tab = same_browser(&browser, &site);
    let tabs = race((0..50).map(|_| {
        let mut tab = tab.clone();
        async move {
            tab.visit("/app").await;
            tab
        }
    }))
    .await;
    for mut tab in tabs {
        tab.must_be_at("/app", 200);
        assert_eq!(session_lines(&tab).len(), 1);
        // Every response has a valid cookie, so their order does not matter.
        tab.visit("/app").await;
        tab.must_be_at("/app", 200);
    }
    assert_eq!(site.db.number("select count(*) from sessions").await, 1);
}
