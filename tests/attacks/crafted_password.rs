//! Crafted password: zxcvbn tries every reading of `4`, `@`, `1` … as letters, for every part of
//! the password and against every word that it is given.
//!
//! Why it matters: 256 such characters, with a 16 KiB "email" as words, blocked an async worker for
//! 1.6 seconds, before any limit was checked. Twelve requests stopped the site for ten seconds.
//! Stops in: `src/accounts/password/hasher.rs` (`hash_new` rates in the bounded queue),
//! `src/accounts/password/strength.rs` (first 40 characters, words of a parsed email address), and
//! the limit that each form checks first.
//! Sources: ASVS 5.0 15.1.3, 15.2.2; dropbox/zxcvbn#326; CWE-400.

use std::pin::pin;

use app::accounts::password::{Hasher, Password};
use argon2::Params;
use futures_util::future::{Either, join_all, select};

use crate::support::asking::request_reset_from;
use crate::support::browser::Browser;
use crate::support::database::database;
use crate::support::guesses::set_ip_address;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::site::{Site, config};

const WEAK: &str = "passwordpassword";
const IP: &str = "192.0.2.7";

/// A browser for each form that takes a new password, and the form's button and fields.
async fn forms(site: &Site) -> Vec<(Browser, &'static str, Vec<(&'static str, &'static str)>)> {
    let mut account = ADA.at(site).await;
    account.visit("/account/password").await;
    request_reset_from(site, IP, ADA.email).await;
    let mut reset = site.browser();
    reset.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    GRACE.registers(site).await;
    let mut link = site.browser();
    link.visit(&newest(&site.db, GRACE.email).await.link("/email/verify/")).await;
    let mut register = site.browser();
    register.visit("/register").await;
    vec![
        (register, CREATE_ACCOUNT, vec![(EMAIL, "new@example.com"), (PASSWORD, WEAK)]),
        (link, CONFIRM_EMAIL, vec![(PASSWORD, WEAK)]),
        (reset, CHANGE_PASSWORD, vec![(NEW_PASSWORD, WEAK)]),
        (account, CHANGE_PASSWORD, vec![(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, WEAK)]),
    ]
}

#[tokio::test]
async fn a_new_password_is_rated_in_the_hashing_queue() {
    let db = database().await;
    let config = config(&db.url, &[]);
    let slow = Params::new(4 * 1024, 200, 1, None).expect("settings");
    let site = Site::with_hasher(db, config, Hasher::new(slow, 1).expect("a hasher")).await;
    let forms = forms(&site).await;
    // More jobs than the queue holds. A password rated outside of the queue would not get a 503.
    let password = Password::typed(ADA.password);
    let hasher = &site.app.hasher;
    let queue = pin!(join_all((0..100).map(|_| hasher.hash(&password))));
    let refused = pin!(async {
        let mut statuses = Vec::new();
        for (mut browser, button, fields) in forms {
            browser.submit(button, &fields).await;
            statuses.push(browser.status);
        }
        statuses
    });
    match select(queue, refused).await {
        Either::Right((statuses, _)) => assert_eq!(statuses, [503; 4]),
        Either::Left(_) => panic!("the queue was empty before the last answer came"),
    }
}

#[tokio::test]
async fn a_throttled_request_gets_no_password_rated() {
    let site = Site::behind_a_proxy().await;
    for (mut browser, button, fields) in forms(&site).await {
        set_ip_address(&mut browser, "203.0.113.66");
        let mut statuses = Vec::new();
        for _ in 0..61 {
            browser.submit(button, &fields).await;
            statuses.push(browser.status);
        }
        assert_eq!(statuses[..60], [422; 60], "{}", browser.path);
        assert_eq!(statuses[60], 429, "{}", browser.path);
        site.db.run("delete from throttles").await;
    }
}
