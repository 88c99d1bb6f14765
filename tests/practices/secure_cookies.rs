//! Secure cookies: express-session's `cookie: { secure: true, … }`, here on every cookie.
//!
//! The tests visit every page and press every button, without and with a login, and check every
//! `Set-Cookie`. This includes removals: a browser removes a `__Host-` cookie only if the removal
//! has the same attributes.

use std::collections::BTreeSet;
use std::net::TcpListener;

use scraper::Html;

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::page::{selector, text_of};
use crate::support::people::{ADA, GRACE};
use crate::support::site::{Site, config};

/// Checks every response of the browser's last action. Returns how many cookies were set.
fn check(browser: &Browser) -> usize {
    for hop in &browser.hops {
        let what = format!("{} {}", hop.method, hop.url);
        let lines: Vec<&str> =
            hop.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
        if !lines.is_empty() {
            // A cache that kept this response would give one person's cookie to another.
            assert_eq!(hop.headers["cache-control"], "no-store", "{what}");
        }
        let mut names = BTreeSet::new();
        for line in lines {
            let mut parts = line.split("; ");
            let (name, value) = parts.next().unwrap_or_default().split_once('=').expect("a name");
            let attributes: BTreeSet<&str> = parts.collect();
            for wanted in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(attributes.contains(wanted), "{what}: {line} lacks {wanted}");
            }
            let spelled = |attribute: &&str| attribute.to_ascii_lowercase();
            assert!(!attributes.iter().any(|it| spelled(it).starts_with("domain")), "{line}");
            assert!(name.starts_with("__Host-"), "{what}: {line}");
            assert!(line.len() <= 4096, "{what}: {} bytes", line.len());
            assert!(names.insert(name.to_owned()), "{what} sets {name} twice");
            if value.is_empty() {
                assert!(attributes.contains("Max-Age=0"), "{what}: {line} removes nothing");
            }
        }
    }
    assert!(browser.cookies.refused.is_empty(), "{:?}", browser.cookies.refused);
    browser.raw_set_cookies().len()
}

/// Follows every link of the site and presses every button but "Log out". Returns the paths.
async fn crawl(browser: &mut Browser) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut ahead = vec!["/".to_owned()];
    while let Some(path) = ahead.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        browser.visit(&path).await;
        check(browser);
        assert_eq!(browser.status, 200, "{path}");
        let (links, buttons) = links_and_buttons(browser.html());
        ahead.extend(links.into_iter().filter(|link| link.starts_with('/')));
        for button in buttons.iter().filter(|button| *button != LOG_OUT) {
            browser.visit(&path).await;
            browser.press(button).await;
            check(browser);
        }
    }
    seen
}

fn links_and_buttons(html: &str) -> (Vec<String>, Vec<String>) {
    let page = Html::parse_document(html);
    let (anchors, all_buttons) = (selector("a[href]"), selector("form button"));
    let links = page.select(&anchors).filter_map(|link| link.attr("href"));
    let buttons = page.select(&all_buttons).map(text_of);
    (links.map(str::to_owned).collect(), buttons.collect())
}

#[tokio::test]
async fn every_cookie_of_every_page_has_the_secure_attributes() {
    let site = Site::start().await;
    let strangers = crawl(&mut site.browser()).await;
    assert!(strangers.is_superset(&["/", "/login", "/register"].map(str::to_owned).into()));
    let logged_in = crawl(&mut ADA.at(&site).await).await;
    assert!(logged_in.contains("/account/password"), "{logged_in:?}");
}

#[tokio::test]
async fn every_cookie_of_login_and_logout_has_the_secure_attributes() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/register").await;
    assert_eq!(check(&browser), 1, "the visitor's, for the form");
    browser.submit(CREATE_ACCOUNT, &[(EMAIL, GRACE.email), (PASSWORD, GRACE.password)]).await;
    assert!(check(&browser) > 0, "the visitor's, for the mail that will come back");
    ADA.create_account(&site).await;
    ADA.logs_in(&mut browser).await;
    assert!(check(&browser) > 0, "a session");
    let stale = browser.clone();
    browser.press(LOG_OUT).await;
    assert!(check(&browser) > 0, "its removal");
    assert_eq!(browser.cookie("__Host-session"), None);

    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;
    assert!(check(&browser) > 0, "a session that is kept");
    browser.keep_value("milk").await;
    assert!(check(&browser) > 0, "the same with a flash");
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, "marble caravan thunder")];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    assert!(check(&browser) > 0, "a new ID");

    let mut stale = stale;
    stale.visit("/").await;
    assert_eq!(check(&stale), 1, "the removal of what is gone");
    assert_eq!(stale.cookie("__Host-session"), None);
}

#[tokio::test]
async fn values_in_the_session_do_not_make_the_cookie_larger() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let before = browser.cookie("__Host-session").expect("a session").len();
    browser.keep_value(&"🦀".repeat(500)).await;
    check(&browser);
    assert!(browser.cookie("__Host-session").expect("a session").len().abs_diff(before) < 32);
}

/// Browsers keep cookies by host and ignore the port.
#[tokio::test]
async fn two_copies_on_localhost_do_not_log_each_other_out() {
    let site = Site::start().await;
    let ada = ADA.at(&site).await;
    assert!(ada.cookie("__Host-session").is_some(), "port 0, like 8080, leaves the names alone");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
    let other = Site::with(&[("LISTEN", &format!("127.0.0.1:{port}"))]).await;
    ADA.create_account(&other).await;

    let mut there = other.browser();
    there.clone_cookies_from(&ada);
    ADA.logs_in(&mut there).await;
    there.must_be_at("/app", 200);
    for name in ["session", "visitor", "device"] {
        let (plain, with_port) = (format!("__Host-{name}"), format!("__Host-{name}-{port}"));
        assert_eq!(there.cookie(&plain), ada.cookie(&plain), "{name} of the other copy");
        assert!(there.cookie(&with_port).is_some(), "{name}");
    }
    let mut back = site.browser();
    back.clone_cookies_from(&there);
    back.visit("/app").await;
    back.must_be_at("/app", 200);
    back.press(LOG_OUT).await;
    there.clone_cookies_from(&back);
    there.visit("/app").await;
    there.must_be_at("/app", 200);
    there.press(LOG_OUT).await;
    assert_eq!(there.cookie(&format!("__Host-session-{port}")), None);
}

#[test]
fn cookie_names_have_no_port_in_production() {
    let url = "postgres://app@localhost/app";
    let production = [
        ("ENVIRONMENT", "production"),
        ("BASE_URL", "https://login.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.7"),
        ("SMTP_URL", "smtps://mail.example.com"),
    ];
    for listen in ["127.0.0.1:8081", "127.0.0.1:8080", "0.0.0.0:443"] {
        let settings = [&production[..], &[("LISTEN", listen)]].concat();
        assert_eq!(config(url, &settings).cookie_suffix(), "", "{listen}");
    }
    let suffix = |listen| config(url, &[("LISTEN", listen)]).cookie_suffix();
    assert_eq!(["127.0.0.1:0", "127.0.0.1:8080", "127.0.0.1:9000"].map(suffix), ["", "", "-9000"]);
}
