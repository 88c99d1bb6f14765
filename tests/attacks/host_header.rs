//! Host header poisoning: the attacker requests our pages under another name, or sends the headers
//! in which a proxy names host, scheme and client.
//!
//! Why it matters: if a link in a mail or a redirect is built from the request, it points to the
//! attacker's site, and a cache keeps it for others. A forged `X-Forwarded-For` hides who guessed a
//! password, or blames somebody else.
//! Stops in: `src/web/host.rs` (`own_host_only`), `src/web/client_ip.rs` (`client_ip`),
//! `src/origin.rs` (`has_host`). Links are built from `BASE_URL` alone.
//! Sources: ASVS 5.0 4.1.3, 15.3.4; WSTG-INPV-17; CWE-644, CWE-348.

use app::keys::Keys;

use crate::support::people::ADA;
use crate::support::raw;
use crate::support::site::Site;

#[tokio::test]
async fn requests_for_another_host_are_redirected_or_rejected() {
    let site = Site::start().await;
    let host = site.app.origin.host.as_str();
    let own = format!("{}/login?next=%2Fapp", site.url);
    let wrong = [
        "Host: evil.example".to_owned(),
        format!("Host: {host}.evil.example"),
        format!("Host: evil.example:{}", site.address.port()),
        format!("Host: {host}@evil.example"),
        "Host: localhost".to_owned(),
        "Host: localhost:1".to_owned(),
        format!("Host: {}", site.address),
        "Host:".to_owned(),
    ];
    for wrong in &wrong {
        let get = format!("GET /login?next=%2Fapp HTTP/1.1\r\n{wrong}\r\n\r\n");
        let answer = raw::send(site.address, get).await;
        if answer.status == 400 {
            continue; // Not a valid host.
        }
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some(own.as_str())),
            "{wrong}"
        );
        let post = format!("POST /login HTTP/1.1\r\n{wrong}\r\nContent-Length: 0\r\n\r\n");
        let answer = raw::send(site.address, post).await;
        assert_eq!(answer.status, 421, "{wrong}");
        assert!(!answer.text().contains("evil"), "{wrong}");
        for probe in ["/healthz", "/readyz"] {
            let get = format!("GET {probe} HTTP/1.1\r\n{wrong}\r\n\r\n");
            assert_eq!(raw::send(site.address, get).await.status, 200, "{wrong}");
        }
    }
}

#[tokio::test]
async fn our_host_is_accepted_in_any_case_and_with_the_default_port() {
    let keys = Keys::generate();
    let behind_https = [("SECRET_KEYS", &*keys), ("TRUSTED_PROXIES", "127.0.0.1")];
    for (base_url, port) in [
        ("https://localhost", "443"),
        ("https://LOCALHOST:443/", "443"),
        ("http://localhost", "80"),
        ("http://Localhost:80/", "80"),
    ] {
        let settings = [&behind_https[..], &[("BASE_URL", base_url)]].concat();
        let site = Site::with(&settings).await;
        let scheme = base_url.split(':').next().unwrap_or_default();
        assert_eq!(site.url, format!("{scheme}://localhost"), "{base_url}");
        let head = format!("X-Forwarded-Proto: {scheme}\r\nContent-Length: 0\r\n\r\n");
        for host in ["localhost", "LocalHost", &format!("localhost:{port}"), "localhost:"] {
            let get = format!("GET /login HTTP/1.1\r\nHost: {host}\r\n{head}");
            assert_eq!(raw::send(site.address, get).await.status, 200, "{base_url} {host}");
            let get = format!("GET {scheme}://{host}/login HTTP/1.1\r\nHost: {host}\r\n{head}");
            assert_eq!(raw::send(site.address, get).await.status, 200, "{base_url} {host}");
            // 415: the form rejects the content type, after both checks.
            for origin in [format!("{scheme}://{host}"), format!("{scheme}://localhost")] {
                let post = format!(
                    "POST /login HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\
                     Content-Type: text/plain\r\n{head}"
                );
                let answer = raw::send(site.address, post).await;
                assert_eq!(answer.status, 415, "{base_url} {host} {origin}");
            }
        }
        for host in ["localhost:8080", "localhost:443:443", "localhost:0443", "localhost."] {
            let post = format!("POST /logout HTTP/1.1\r\nHost: {host}\r\n{head}");
            assert_eq!(raw::send(site.address, post).await.status, 421, "{base_url} {host}");
        }
    }
}

#[tokio::test]
async fn a_request_that_names_a_second_host_is_redirected_or_rejected() {
    let site = Site::start().await;
    let host = site.app.origin.host.as_str();
    for request in [
        format!("GET /login HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"),
        format!("GET /login HTTP/1.1\r\nHost: evil.example\r\nHost: {host}\r\n\r\n"),
        format!("GET http://evil.example/login HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET http://{host}/login HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        "GET /login HTTP/1.0\r\n\r\n".to_owned(),
    ] {
        let answer = raw::send(site.address, &request).await;
        match answer.status {
            400 => {}
            303 => assert_eq!(answer.header("location"), Some(&*format!("{}/login", site.url))),
            status => panic!("{request}: {status}"),
        }
        assert!(!answer.text().contains("evil"), "{request}");
    }
    let right = format!("GET http://{host}/login HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(raw::send(site.address, right).await.status, 200);
}

#[tokio::test]
async fn proxy_headers_of_an_untrusted_client_are_ignored() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut ada = site.browser();
    ada.extra_headers = [
        ("x-forwarded-for", "198.51.100.9"),
        ("x-real-ip", "198.51.100.9"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=198.51.100.9;host=evil.example;proto=https"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec();
    ADA.logs_in(&mut ada).await;
    ada.must_be_at("/app", 200);
    assert!(!ada.html().contains("evil.example"));
    assert!(!ada.headers.contains_key("strict-transport-security"), "nobody spoke https");
    let addresses: Vec<String> = sqlx::query_scalar(
        "select host(address) from sessions union select host(address) from audit_events",
    )
    .fetch_all(&site.db.pool)
    .await
    .expect("the addresses");
    assert_eq!(addresses, ["127.0.0.1"]);
}
