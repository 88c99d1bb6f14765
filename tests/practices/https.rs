//! The site accepts requests by https only: behind a proxy that terminates TLS, plain HTTP is
//! redirected or rejected, and every https response has HSTS.

use std::net::SocketAddr;

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::raw;
use crate::support::site::Site;

const HSTS: &str = "max-age=63072000; includeSubDomains";

/// What the proxy says about a request that came by https.
const BY_HTTPS: (&str, &str) = ("x-forwarded-proto", "https");

#[tokio::test]
async fn plain_http_redirects_get_and_rejects_other_methods() {
    let settings = [("BASE_URL", "https://localhost"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let site = Site::with(&settings).await;
    rejects_plain_http(&site, site.address, &["/", "/login?next=%2Fapp", "/nowhere"]).await;
}

/// Sends plain HTTP to this address.
pub async fn rejects_plain_http(site: &Site, http: SocketAddr, paths: &[&str]) {
    for method in ["GET", "HEAD"] {
        for path in paths {
            let request =
                format!("{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", http.port());
            let answer = raw::send(http, request).await;
            assert_eq!(answer.status, 308, "{method} {path}");
            assert_eq!(answer.header("location"), Some(&*format!("{}{path}", site.url)));
            assert_eq!(answer.header("strict-transport-security"), None);
            assert_eq!(answer.header("set-cookie"), None);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.text(), "");
        }
    }
    let body = "email=ada%40example.com&password=trombone";
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "ECHO"] {
        let length = body.len();
        let request = format!(
            "{method} /login?mirror HTTP/1.1\r\nHost: localhost\r\nCookie: a=mirror\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let answer = raw::send(http, request).await;
        assert_eq!(answer.status, 403, "{method}");
        assert_eq!(answer.header("location"), None);
        assert_eq!(answer.header("set-cookie"), None);
        let text = answer.text();
        assert!(text.contains("sent without encryption"), "{text}");
        for echo in ["mirror", "ada", "trombone", method] {
            assert!(!text.contains(echo), "{echo} is repeated: {text}");
        }
    }
}

#[tokio::test]
async fn every_https_response_has_hsts() {
    let site = Site::behind_a_proxy().await;
    let mut browser = ADA.at(&site).await;
    browser.extra_headers.push((BY_HTTPS.0, BY_HTTPS.1.to_owned()));
    gets_hsts_with_every_response(&site, browser).await;
}

/// The browser of a logged-in user gets pages, a redirect and errors.
pub async fn gets_hsts_with_every_response(site: &Site, mut browser: Browser) {
    browser.follow_redirects = false;
    let asks = |browser: &Browser, status: u16| {
        assert_eq!(browser.status, status, "{}", browser.path);
        let header = browser.headers.get("strict-transport-security").expect("HSTS");
        assert_eq!(header, HSTS, "{status}");
    };
    for (path, status) in [("/", 200), ("/login", 303), ("/nowhere", 404), ("/logout", 303)] {
        browser.visit(path).await;
        asks(&browser, status);
    }
    sqlx::raw_sql("alter table users rename column created_at to made_at")
        .execute(&site.db.pool)
        .await
        .expect("a broken schema");
    browser.visit("/account").await;
    asks(&browser, 500);
}

#[tokio::test]
async fn no_http_response_has_hsts() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for path in ["/", "/app", "/nowhere"] {
        browser.visit(path).await;
        assert_eq!(browser.headers.get("strict-transport-security"), None, "{path}");
    }
}

#[tokio::test]
async fn a_browser_that_rejects_cookies_is_told_to_allow_them() {
    let browser = logs_in_without_cookies(&Site::start().await).await;
    browser.must_see("Safari keeps these cookies over https only");
}

/// A browser that rejects all cookies, after its login.
pub async fn logs_in_without_cookies(site: &Site) -> Browser {
    let mut browser = site.browser();
    browser.visit("/login").await;
    browser.cookies = Default::default();
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at("/login", 403);
    browser.must_see("allow cookies for this site");
    browser
}
