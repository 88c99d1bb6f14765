//! HTTPS by nginx in front of the app, with the settings of `deploy/nginx.conf`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::support::labels::*;
use crate::support::nginx::Nginx;
use crate::support::people::ADA;
use crate::support::raw;
use crate::support::site::Site;

/// The visitor's IP address; that of the proxy is 127.0.0.1.
const VISITOR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A site that is reached through nginx only.
async fn behind(nginx: &Nginx) -> Site {
    let url = format!("https://localhost:{}", nginx.https);
    let settings = [("BASE_URL", url.as_str()), ("TRUSTED_PROXIES", "127.0.0.1")];
    let mut site = Site::with(&settings).await;
    nginx.serve(site.address.port());
    site.authority = Some(nginx.authority.clone());
    site
}

#[tokio::test]
async fn login_and_logout_work_through_nginx_and_forged_headers_do_not() {
    let Some(nginx) = Nginx::find() else { return };
    let site = behind(&nginx).await;

    let mut browser = site.browser_with(|client| client.local_address(VISITOR));
    // Headers that an attacker forges. They must not change what the app stores.
    browser.extra_headers = ["x-forwarded-for", "x-real-ip", "forwarded", "x-forwarded-host"]
        .map(|name| (name, "203.0.113.66".to_owned()))
        .to_vec();
    browser.extra_headers.push(("x-forwarded-proto", "http".to_owned()));
    ADA.create_account(&site).await;
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    assert_eq!(browser.cookies.refused, []);
    let strict = "max-age=63072000; includeSubDomains";
    for hop in &browser.hops {
        let header = hop.headers.get_all("strict-transport-security");
        assert_eq!(header.iter().collect::<Vec<_>>(), [strict], "{}", hop.status);
        assert_eq!(hop.version, reqwest::Version::HTTP_2);
    }
    for table in ["sessions", "audit_events"] {
        let query = format!("select distinct host(address) from {table}");
        let kept = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(query));
        let kept = kept.fetch_all(&site.db.pool).await.expect("addresses");
        assert_eq!(kept, [VISITOR.to_string()], "{table}");
    }
    browser.press(LOG_OUT).await;
    browser.must_be_at("/login", 200);

    let http = SocketAddr::from((Ipv4Addr::LOCALHOST, nginx.http));
    let plain = "X-Forwarded-Proto: https\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let sent_on = raw::send(http, format!("GET /login?next=%2Fapp HTTP/1.1\r\n{plain}")).await;
    assert_eq!((sent_on.status, sent_on.header("strict-transport-security")), (308, None));
    let secure = format!("https://localhost:{}/login?next=%2Fapp", nginx.https);
    assert_eq!(sent_on.header("location"), Some(&*secure));
    let refused = raw::send(http, format!("POST /login HTTP/1.1\r\n{plain}")).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn the_error_pages_of_nginx_have_security_headers_and_pages_of_the_app_have_them_once() {
    let Some(nginx) = Nginx::find() else { return };
    let site = behind(&nginx).await;
    let mut browser = site.browser();
    let once = |headers: &HeaderMap, whose: &str| {
        for (name, part) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'"),
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ] {
            let values: Vec<_> = headers.get_all(name).iter().collect();
            let [value] = values[..] else { panic!("{whose}: {name}: {values:?}") };
            assert!(value.to_str().expect("ASCII").contains(part), "{whose}: {name}: {value:?}");
        }
    };
    browser.visit("/login").await;
    assert_eq!(browser.status, 200);
    once(&browser.headers, "the app");
    // Larger than nginx allows: the app gets no request.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = browser.fetch(Method::POST, "/login", &form, &"x".repeat(200 * 1024)).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("nginx"), "{}", answer.body);
    once(&answer.headers, "nginx");
}

#[tokio::test]
async fn nginx_logs_no_link_that_is_opened_while_the_app_is_stopped() {
    let Some(nginx) = Nginx::find() else { return };
    // Nobody listens on port 1.
    nginx.serve(1);
    let http = SocketAddr::from((Ipv4Addr::LOCALHOST, nginx.http));
    let headers = "Host: localhost\r\nReferer: https://localhost/not-me/SECRET\r\n\r\n";
    let path = "/password/reset/SECRET?next=SECRET";
    let response = raw::send(http, format!("GET {path} HTTP/1.1\r\n{headers}")).await;
    assert_eq!(response.status, 502);
    assert!(!nginx.log().contains("SECRET"), "{}", nginx.log());
}
