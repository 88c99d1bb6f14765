//! Back button: after the owner has logged out, the next person at the computer presses Back, and
//! the browser shows a page of the account that it has kept.
//!
//! Why it matters: no password is needed, and the server does not notice, because it gets no
//! request. Browsers keep pages in their cache, and whole pages with their state in the
//! back-forward cache. So the test requests every route as a logged-in user. A real Chromium
//! presses Back in `tests/browser/privacy.rs`.
//! Stops in: `src/web/headers.rs` (`add` sets `no-store`); `static/app.js` reloads a page from the
//! back-forward cache.
//! Sources: ASVS 5.0 14.3.2; WSTG-ATHN-06; CWE-525; RFC 9111 §5.2.2.5.

use reqwest::Method;

use super::routes;
use crate::support::people::ADA;
use crate::support::site::Site;

/// Files that are the same for everybody.
const STATIC: [&str; 2] = ["/static/", "/favicon.ico"];

#[tokio::test]
async fn a_browser_keeps_no_page_but_static_files() {
    let site = Site::start().await;
    let ada = ADA.at(&site).await;
    let mut private = 0;
    for (method, path) in routes().await {
        if method != Method::GET || STATIC.iter().any(|start| path.starts_with(start)) {
            continue;
        }
        let answer = ada.clone().fetch(method, &path, &[], "").await;
        let policy = answer.headers.get("cache-control").and_then(|value| value.to_str().ok());
        assert_eq!(policy, Some("no-store"), "{path}");
        private += usize::from(answer.body.contains(ADA.email));
    }
    assert!(private > 5, "only {private} pages name the user");
}
