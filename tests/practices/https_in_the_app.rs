//! HTTPS in the app itself: login and logout over HTTP/1.1 and HTTP/2, and no
//! plain HTTP beside it.

use std::sync::Arc;

use http::Request;
use reqwest::{StatusCode, Version};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::https::{gets_hsts_with_every_response, logs_in_without_cookies, rejects_plain_http};
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::raw::RawConnection;
use crate::support::site::Site;

/// A TLS connection without a browser, for requests that no browser sends.
pub async fn connect(site: &Site, protocol: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(site.authority.as_ref().expect("a site with TLS").root()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let tcp = TcpStream::connect(site.address).await.expect("a server that listens");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(client)).connect(name, tcp).await.expect("a handshake")
}

async fn takes_the_tour(mut browser: Browser, version: Version) {
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at("/app", 200);
    browser.must_see(ADA.email);
    assert!(browser.hops.iter().all(|hop| hop.version == version), "spoken: {version:?}");
    browser.press(LOG_OUT).await;
    browser.must_be_at("/login", 200);
    browser.must_see(LOGGED_OUT);
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    assert_eq!(browser.cookies.refused, []);
}

#[tokio::test]
async fn login_and_logout_work_over_http_1_and_http_2() {
    let site = Site::with_tls(&[]).await;
    assert_eq!(site.url, format!("https://localhost:{}", site.address.port()));
    ADA.create_account(&site).await;
    takes_the_tour(site.browser(), Version::HTTP_2).await;
    let browser = site.browser_with(reqwest::ClientBuilder::http1_only);
    takes_the_tour(browser, Version::HTTP_11).await;
}

#[tokio::test]
async fn a_client_with_tls_1_2_can_connect() {
    let site = Site::with_tls(&[]).await;
    let mut browser =
        site.browser_with(|client| client.tls_version_max(reqwest::tls::Version::TLS_1_2));
    browser.visit("/").await;
    browser.must_be_at("/", 200);
}

/// RFC 9113 §8.2.3: an HTTP/2 client may send each cookie in a header line of its own.
#[tokio::test]
async fn cookies_split_over_http_2_header_lines_are_joined() {
    let site = Site::with_tls(&[]).await;
    let (ada, eve) = (ADA.at(&site).await, EVE.at(&site).await);
    let pair = |browser: &Browser, name: &str| {
        format!("{name}={}", browser.cookie(name).expect("a cookie"))
    };
    let (ours, theirs) = (pair(&ada, "__Host-session"), pair(&eve, "__Host-session"));
    let visitor = pair(&ada, "__Host-visitor");
    let app = |cookies: Vec<String>| get_over_http_2(&site, "/app", cookies);

    assert_eq!(app(vec![ours.clone()]).await, 200);
    assert_eq!(app(vec![visitor.clone(), ours.clone()]).await, 200);
    assert_eq!(app(vec!["else=1".to_owned(), visitor, ours.clone(), "a=b".to_owned()]).await, 200);
    // A name that is sent twice is rejected, in any order and however the header is split.
    assert_eq!(app(vec![ours.clone(), theirs.clone()]).await, 303);
    assert_eq!(app(vec![theirs.clone(), ours.clone()]).await, 303);
    assert_eq!(app(vec![ours.clone(), "a=b".to_owned(), ours.clone()]).await, 303);
    assert_eq!(app(vec![format!("{ours}; {theirs}")]).await, 303);
    assert_eq!(app(vec![format!("a=b; {ours}"), theirs]).await, 303);
}

async fn get_over_http_2(site: &Site, path: &str, cookies: Vec<String>) -> StatusCode {
    let (mut client, connection) =
        h2::client::handshake(connect(site, "h2").await).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let mut request = Request::get(format!("{}{path}", site.url));
    for cookie in cookies {
        request = request.header("cookie", cookie);
    }
    let request = request.body(()).expect("a request");
    let (answer, _) = client.send_request(request, true).expect("to send");
    let status = answer.await.expect("an answer").status();
    connection.abort();
    status
}

/// HPACK lets a client repeat a header of kilobytes at the cost of one byte (CVE-2016-6581). Too
/// many or too large headers are rejected before the app reads any of them.
#[tokio::test]
async fn too_many_or_too_large_headers_are_rejected() {
    let site = Site::with_tls(&[]).await;
    let long = "x".repeat(2_000);
    assert_eq!(get_over_http_2(&site, "/login", vec![long.clone(); 20]).await, 200);
    for cookies in [vec![long.clone(); 80], vec!["a=b".to_owned(); 300]] {
        assert_eq!(get_over_http_2(&site, "/login", cookies).await, 431);
    }
    assert_eq!(get_over_http_2(&site, "/login", vec![]).await, 200);
}

#[tokio::test]
async fn plain_http_on_the_tls_port_gets_no_response() {
    let site = Site::with_tls(&[]).await;
    let mut wire = RawConnection::open(site.address).await;
    wire.write("GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(wire.answer().await.is_none(), "no HTTP comes back");
    let mut browser = site.browser();
    browser.visit("/login").await;
    browser.must_be_at("/login", 200);
}

#[tokio::test]
async fn plain_http_beside_tls_is_redirected_or_rejected() {
    let site = Site::with_tls(&[]).await;
    let http = site.http.expect("LISTEN_HTTP");
    rejects_plain_http(&site, http, &["/", "/login?next=%2Fapp", "/healthz", "/nowhere"]).await;
}

#[tokio::test]
async fn every_response_over_tls_has_hsts() {
    let site = Site::with_tls(&[]).await;
    gets_hsts_with_every_response(&site, ADA.at(&site).await).await;
}

#[tokio::test]
async fn over_tls_a_browser_that_rejects_cookies_is_not_told_about_safari() {
    let browser = logs_in_without_cookies(&Site::with_tls(&[]).await).await;
    assert!(!browser.sees("Safari"));
}
