//! actix-http 3.20 answers a request that it cannot read by itself. No middleware sees it, so the
//! response has none of the headers that the app adds. We do not change this: such a response has
//! no body, so there is nothing that a header would protect. Over HTTP/2 there is no limit for
//! headers, so `src/web/headers.rs::are_too_large` has one, with a page of ours.

use actix_web::web;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::serve;

#[tokio::test]
async fn a_400_and_a_431_have_none_of_the_headers_of_the_app() {
    let address = serve(|app| {
        app.route("/", web::get().to(|| async { "fine" }));
    });
    let too_many = format!("Host: a{}", "\r\nX-Header: 1".repeat(100));
    for (lines, status, end, headers) in [
        ("Host: a", 200, "fine", true),
        ("Host: a\r\nHost: b", 400, "\r\n\r\n", false),
        (too_many.as_str(), 431, "\r\n\r\n", false),
    ] {
        let mut wire = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET / HTTP/1.1\r\n{lines}\r\nConnection: close\r\n\r\n");
        wire.write_all(request.as_bytes()).await.expect("to send it");
        let mut response = String::new();
        wire.read_to_string(&mut response).await.expect("the end of the connection");
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{response}");
        assert!(response.ends_with(end), "{response}");
        assert_eq!(response.contains("x-frame-options"), headers, "{response}");
    }
}
