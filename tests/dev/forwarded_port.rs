//! Development behind a private forwarded port, allowed by `ALLOW_UNSAFE=forwarded-port`.

use crate::support::raw;
use crate::support::site::Site;

const PUBLIC: &str = "name-8080.app.github.dev";

#[tokio::test]
async fn forms_work_behind_a_private_forwarded_port() {
    let base_url = format!("https://{PUBLIC}");
    let settings = [("BASE_URL", &*base_url), ("ALLOW_UNSAFE", "forwarded-port")];
    let site = Site::with(&settings).await;
    let port = site.address.port();
    // Forwarders differ: they send the browser's Host or their own, and say https or not.
    for host in [PUBLIC, &format!("localhost:{port}"), &format!("127.0.0.1:{port}"), "localhost"] {
        for proto in ["", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Proto: http\r\n"] {
            let get = format!("GET /login HTTP/1.1\r\nHost: {host}\r\n{proto}\r\n");
            let answer = raw::send(site.address, get).await;
            assert_eq!(answer.status, 200, "{host} {proto}");
            assert!(answer.text().contains("action=\"/login\""), "{host}");
            let from = |origin: &str| {
                format!(
                    "POST /login HTTP/1.1\r\nHost: {host}\r\n{proto}Origin: {origin}\r\n\
                     Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
                )
            };
            // 415: the request passed all checks of its origin.
            let ours = raw::send(site.address, from(&base_url)).await;
            assert_eq!(ours.status, 415, "{host} {proto}");
            let others = raw::send(site.address, from("https://evil.github.dev")).await;
            assert_eq!(others.status, 403, "{host} {proto}");
        }
    }
    for host in ["evil.example", "localhost.evil.example", "localhost@evil.example", "8080"] {
        let post = format!("POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(raw::send(site.address, post).await.status, 421, "{host}");
    }
}
