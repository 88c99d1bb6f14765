//! Request flood: one IP address sends so many forms that the site can do nothing else.
//!
//! Why it matters: even a rejected attempt loads a session and queries the database, and the pool
//! has 16 connections. Pages stay available, because only POST requests are limited.
//! Stops in: `src/web/rate_limit.rs` (`limit_posts`), before the session and the form are read.
//! Sources: ASVS 5.0 2.4.1; CWE-770.

use std::time::Instant;

use futures_util::future::join_all;

use crate::support::labels::*;
use crate::support::raw;
use crate::support::site::Site;

#[tokio::test]
async fn a_flood_of_forms_from_one_ip_address_gets_429() {
    let site = Site::with_real_limits(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let post = async |address: &str| {
        let request = format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {address}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n",
            site.app.origin.host,
        );
        raw::send(site.address, request).await
    };
    let began = Instant::now();
    let answers = join_all((0..200).map(|_| post("203.0.113.66"))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    // A burst of 60, and 10 for each second of the test.
    let admitted = (answers.len() - refused.len()) as u64;
    assert!(admitted <= 60 + 10 * (began.elapsed().as_secs() + 1), "{admitted} of 200 got in");
    for answer in &refused {
        assert!(answer.header("retry-after").is_some());
        assert!(answer.header("content-security-policy").is_some());
        assert!(answer.text().contains(TRY_LATER), "{}", answer.text());
    }
    assert_ne!(post("203.0.113.67").await.status, 429, "somebody else is answered");
    let host = &site.app.origin.host;
    let page =
        format!("GET /login HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: 203.0.113.66\r\n\r\n");
    assert_eq!(raw::send(site.address, page).await.status, 200, "pages are shown all the same");
}
