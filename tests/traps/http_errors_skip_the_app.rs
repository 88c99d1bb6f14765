//! actix-http 3.20 answers a request that it cannot read by itself. No middleware sees it, so the
//! response has none of the headers that the app adds. We do not change this: such a response has
//! no body, so there is nothing that a header would protect.

use actix_web::web;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::serve;

#[tokio::test]
async fn a_400_has_none_of_the_headers_of_the_app() {
    let address = serve(|app| {
        app.route("/", web::get().to(|| async { "fine" }));
    });
    for (host, status, end, headers) in
        [("Host: a", 200, "fine", true), ("Host: a\r\nHost: b", 400, "\r\n\r\n", false)]
    {
        let mut wire = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET / HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n");
        wire.write_all(request.as_bytes()).await.expect("to send it");
        let mut response = String::new();
        wire.read_to_string(&mut response).await.expect("the end of the connection");
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{response}");
        assert!(response.ends_with(end), "{response}");
        assert_eq!(response.contains("x-frame-options"), headers, "{response}");
    }
}
