//! Row flood: the attacker opens public pages until the disk is full.
//!
//! Why it matters: the rate limit counts POST requests only, and every crawler, link preview and
//! mail scanner sends GET. If opening a reset link kept its proof in a session, each visit would
//! insert a row: thousands in seconds, by one client with one link.
//! Stops in: `src/web/visitor_cookie.rs` (a cookie keeps the state of a browser without a session).
//! Sources: ASVS 5.0 2.4.1, 15.2.2; CWE-770.

use super::{content, sealed};
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn no_anonymous_visit_writes_a_row() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    ada.submit(CHANGE_PASSWORD, &fields).await;
    let not_me = newest(&site.db, ADA.email).await.link("/not-me/");
    let mut stranger = site.browser();
    stranger.visit("/password/reset").await;
    stranger.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    let reset = newest(&site.db, ADA.email).await.link("/password/reset/");
    GRACE.registers(&site).await;
    let verify = newest(&site.db, GRACE.email).await.link("/email/verify/");
    let (mail, stale) = ("/dev/mailbox", sealed(&site, &"a".repeat(64)));
    let pages = ["/", "/login", "/register", "/email/verify", "/password/reset", "/app", mail];
    let links = [&*reset, "/password/reset/choose", &*not_me, &*verify, "/nothing/here"];

    let before = content(&site.db).await;
    let mut same = site.browser();
    for path in pages.iter().chain(&links).chain(&links) {
        let mut fresh = site.browser();
        let mut forgetful = site.browser();
        forgetful.plant_cookie("__Host-session", &stale);
        for browser in [&mut same, &mut fresh, &mut forgetful] {
            browser.visit(path).await;
            assert_ne!(browser.status, 500, "{path}");
        }
        assert_eq!(content(&site.db).await, before, "{path} wrote something");
    }
    same.visit(&reset).await;
    same.must_be_at("/password/reset/choose", 200);
}
