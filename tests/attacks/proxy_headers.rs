//! Forged proxy headers: the attacker sends `X-Forwarded-For` and `X-Forwarded-Proto`, through a
//! proxy, without one, or past it directly to the app.
//!
//! Why it matters: a client that can choose the counted IP address guesses passwords without limit,
//! and the audit log holds a wrong one. A client whose plain HTTP passes for https gets pages and
//! forms over an unencrypted connection. A redirect to https that uses the request's host sends the
//! browser to the attacker's site.
//! Stops in: `src/web/client_ip.rs` (`client_ip`, `is_https`), `src/web/https.rs` (`only`).
//! Sources: ASVS 5.0 4.1.2, 4.1.3, 12.2.1, 15.3.4; OWASP WSTG-INPV-17; adam-p, "The perils of the
//! 'real' client IP".

use super::get;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::raw::{self, RawResponse};
use crate::support::site::Site;

/// The tests connect from 127.0.0.1, as a proxy on this machine would.
const PROXY: &[(&str, &str)] = &[("TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")];
const STRANGER: &[(&str, &str)] = &[("TRUSTED_PROXIES", "10.0.0.0/8")];

/// Header lines, and the IP address that is counted and stored.
#[rustfmt::skip]
const BY_PROXY: &[(&[u8], &str)] = &[
    (b"X-Forwarded-For: 198.51.100.9", "198.51.100.9"),
    (b"X-Forwarded-For: 6.6.6.6, 198.51.100.9", "198.51.100.9"),
    (b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 198.51.100.9", "198.51.100.9"),
    (b"X-Forwarded-For: 127.0.0.1, 10.0.0.1, 198.51.100.9", "198.51.100.9"),
    (b"X-Forwarded-For: 6.6.6.6, 198.51.100.9, 10.0.0.7", "198.51.100.9"),
    (b"X-Forwarded-For: 6.6.6.6, [2001:db8::7]:4711", "2001:db8::7"),
    // A byte that is not text makes its own entry invalid, and not that of the proxy.
    (b"X-Forwarded-For: \xff, 198.51.100.9", "198.51.100.9"),
    (b"X-Forwarded-For: 6.6.6.6, \xff", "127.0.0.1"),
    (b"X-Forwarded-For: 6.6.6.6,", "127.0.0.1"),
    (b"Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nTrue-Client-IP: 6.6.6.6", "127.0.0.1"),
];
#[rustfmt::skip]
const PAST_THE_PROXY: &[(&[u8], &str)] = &[
    (b"X-Forwarded-For: 6.6.6.6", "127.0.0.1"),
    (b"X-Forwarded-For: 6.6.6.6, 10.0.0.7", "127.0.0.1"),
    (b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 10.0.0.7", "127.0.0.1"),
];

/// Logs in with a wrong password, and returns the IP address in the audit log.
async fn address_of_a_failed_login(site: &Site, header_lines: &[u8]) -> String {
    let mut browser = site.browser();
    browser.visit("/login").await;
    let mut form = browser.form(LOG_IN);
    form.fill(EMAIL, ADA.email).and_then(|()| form.fill(PASSWORD, "wrong")).expect("fields");
    let body =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form.pairs()).finish();
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: {}\r\nCookie: __Host-visitor={}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n",
        site.app.origin.host,
        browser.cookie("__Host-visitor").expect("a cookie"),
        body.len(),
    );
    let request = [head.as_bytes(), header_lines, b"\r\n\r\n", body.as_bytes()].concat();
    assert_eq!(raw::send(site.address, request).await.status, 422);
    let last = "select host(address) from audit_events order by id desc limit 1";
    sqlx::query_scalar(last).fetch_one(&site.db.pool).await.expect("an event")
}

#[tokio::test]
async fn behind_a_proxy_a_client_cannot_forge_its_ip_address() {
    let site = Site::with(PROXY).await;
    for (lines, address) in BY_PROXY {
        let kept = address_of_a_failed_login(&site, lines).await;
        assert_eq!(kept, *address, "{}", lines.escape_ascii());
    }
}

#[tokio::test]
async fn a_client_that_bypasses_the_proxy_cannot_forge_its_ip_address() {
    let site = Site::with(STRANGER).await;
    for (lines, address) in PAST_THE_PROXY {
        let kept = address_of_a_failed_login(&site, lines).await;
        assert_eq!(kept, *address, "{}", lines.escape_ascii());
    }
}

async fn post(site: &Site, header_lines: &[u8]) -> RawResponse {
    let head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n";
    raw::send(site.address, [head, header_lines, b"\r\n"].concat()).await
}

/// Whether a GET is redirected to https and a POST rejected, both without cookies and HSTS.
async fn is_kept_out(site: &Site, header_lines: &[u8]) -> bool {
    let (got, posted) = (get(site, "/login", header_lines).await, post(site, header_lines).await);
    let out = (got.status, posted.status) == (308, 403);
    assert!(out || (got.status, posted.status) == (200, 415), "{got:?} {posted:?}");
    for answer in [&got, &posted] {
        assert_eq!(answer.header("strict-transport-security").is_none(), out, "{answer:?}");
        assert!(!out || answer.header("set-cookie").is_none(), "{answer:?}");
    }
    out
}

#[tokio::test]
async fn behind_a_proxy_the_last_forwarded_proto_decides_about_https() {
    let settings = [PROXY, &[("BASE_URL", "https://localhost")]].concat();
    let site = Site::with(&settings).await;
    for https in ["https", "HTTPS", "http, https", "http\r\nX-Forwarded-Proto: https"] {
        let lines = format!("X-Forwarded-Proto: {https}\r\n");
        assert!(!is_kept_out(&site, lines.as_bytes()).await, "{https}");
    }
    for lines in [
        "",
        "X-Forwarded-Proto: http\r\n",
        "X-Forwarded-Proto: https, http\r\n",
        "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n",
        "X-Forwarded-Proto: https,\r\n",
        "X-Forwarded-Proto: wss\r\n",
        "Forwarded: proto=https\r\nX-Forwarded-Ssl: on\r\nFront-End-Https: on\r\n",
    ] {
        assert!(is_kept_out(&site, lines.as_bytes()).await, "{lines}");
    }
}

#[tokio::test]
async fn a_client_that_bypasses_the_proxy_cannot_claim_https() {
    let settings = [STRANGER, &[("BASE_URL", "https://localhost")]].concat();
    let site = Site::with(&settings).await;
    for lines in ["", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Proto: http, https\r\n"] {
        assert!(is_kept_out(&site, lines.as_bytes()).await, "{lines}");
    }
    // Probes do not connect through the proxy.
    assert_eq!(get(&site, "/healthz", b"").await.status, 200);
}

#[tokio::test]
async fn the_redirect_to_https_always_names_our_own_host() {
    let settings = [PROXY, &[("BASE_URL", "https://localhost")]].concat();
    let site = Site::with(&settings).await;
    for start in [
        "GET / HTTP/1.1\r\nHost: evil.example",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-Original-URL: //evil.example",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost",
        "GET //evil.example/ HTTP/1.1\r\nHost: localhost",
        "GET /\\evil.example/ HTTP/1.1\r\nHost: localhost",
        "GET @evil.example/ HTTP/1.1\r\nHost: localhost",
        "GET .evil.example HTTP/1.1\r\nHost: localhost",
        "GET ?@evil.example HTTP/1.1\r\nHost: localhost",
    ] {
        let answer = raw::send(site.address, format!("{start}\r\n\r\n")).await;
        if answer.status == 400 {
            continue;
        }
        assert_eq!(answer.status, 308, "{start}");
        let location = answer.header("location").expect("a Location");
        let home = url::Url::parse(location).expect("an address");
        assert_eq!(home.origin().ascii_serialization(), "https://localhost", "{start}");
        assert!(
            home.username().is_empty() && location.starts_with("https://localhost/"),
            "{start}"
        );
    }
}
