//! Open redirect: a link to our login page whose `next` is the URL of the attacker's copy of it.
//!
//! Why it matters: the address bar shows our name while the victim types the password. Then the
//! attacker's page says "Wrong password, try again". Browsers read `\` as `/` and drop tabs and
//! newlines, so the test resolves each redirect as a browser does: with the `url` crate, which
//! follows the same standard.
//! Stops in: `src/web/next_page.rs` (`own_path`).
//! Sources: ASVS 5.0 3.7.2, 1.3.3; WSTG-CLNT-04; CWE-601; WHATWG URL.

use url::Url;

use super::get;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::raw;
use crate::support::site::Site;

const HOSTILE: &[&str] = &[
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/app",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\u{0}//evil.example",
    "/\u{0}/evil.example",
    "/app\r\nLocation: https://evil.example",
    "/%0d%0aLocation: https://evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "http:app",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://evil.example/1",
    "@evil.example",
    "user@evil.example",
    ".evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/app/..//evil.example",
    "/app/%2e%2e//evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "//evil%E3%80%82example",
    "/\u{3002}/evil.example",
    "/\u{2044}evil.example",
    "\u{ff0f}\u{ff0f}evil.example",
    "/\u{ff0f}evil.example",
    "/login?next=//evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "",
];

/// Asserts that a browser on our login page resolves `location` to a path of this site.
fn stays_here(site: &Site, location: &str, cause: &str) {
    let base = Url::parse(&site.url).expect("our address").join("/login").expect("an address");
    let target = base.join(location).unwrap_or_else(|e| panic!("{cause:?} → {location:?}: {e}"));
    assert_eq!(target.origin(), base.origin(), "{cause:?} leads to {target}");
    let one_slash = location.starts_with('/') && !location.starts_with("//");
    assert!(one_slash, "{cause:?} → {location:?}");
    // Resolved a second time, as by a script, it must not leave this site either.
    assert!(!target.path().starts_with("//"), "{cause:?} → {location:?}");
}

#[tokio::test]
async fn a_login_redirects_to_paths_of_this_site_only() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let long = format!("/{}", "a/".repeat(2_500));
    for next in HOSTILE.iter().copied().chain([long.as_str()]) {
        let mut browser = site.browser();
        let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        browser.visit(&format!("/login?next={query}")).await;
        let mut form = browser.form(LOG_IN);
        form.fill(EMAIL, ADA.email).expect("the field");
        form.fill(PASSWORD, ADA.password).expect("the field");
        // The page may have dropped `next`, but a request can still contain it.
        form.forge("next", next);
        browser.follow_redirects = false;
        browser.send(form).await;
        browser.must_be_at("/login", 303);
        stays_here(&site, browser.headers["location"].to_str().expect("ASCII"), next);
        // A browser that is already logged in is redirected immediately.
        browser.visit(&format!("/login?next={query}")).await;
        assert_eq!(browser.status, 303);
        stays_here(&site, browser.headers["location"].to_str().expect("ASCII"), next);
    }
}

#[tokio::test]
async fn the_redirect_to_the_login_page_keeps_only_paths_of_this_site() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    for path in ["/app/..//evil.example", "/app//evil.example", "/app/%2f%2fevil.example"] {
        let answer = get(&site, path, b"").await;
        assert!(matches!(answer.status, 303 | 404), "{path}: {}", answer.status);
        if let Some(location) = answer.header("location") {
            stays_here(&site, location, path);
            ada.visit(location).await;
            assert!(ada.path.starts_with('/'), "{path} led to {}", ada.path);
        }
    }
    // After a POST, `next` is the page of the form, which `Referer` names.
    for referer in ["https://evil.example/", "//evil.example", "https://localhost.evil.example/x"] {
        let request = format!(
            "POST /test/value HTTP/1.1\r\nHost: {}\r\nReferer: {referer}\r\nContent-Length: 0\r\n\r\n",
            site.app.origin.host
        );
        let answer = raw::send(site.address, request).await;
        assert_eq!(answer.header("location"), Some("/login?next=%2Ftest%2Fvalue"), "{referer}");
    }
    // Our origin as the start of another origin.
    let referer = format!("{}.evil.example//evil.example", site.url);
    let request = format!(
        "POST /test/value HTTP/1.1\r\nHost: {}\r\nReferer: {referer}\r\nContent-Length: 0\r\n\r\n",
        site.app.origin.host
    );
    let answer = raw::send(site.address, request).await;
    assert_eq!(answer.header("location"), Some("/login?next=%2Fapp"));
}
