//! actix-web 4.18: a panic in a handler closes the connection without a response. The worker
//! continues. So `src/web/outermost.rs::complete` catches it and answers with a 500 page.

use std::panic::resume_unwind;

use actix_web::web;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::serve;

/// Panics without a message on the terminal.
async fn panic() -> &'static str {
    resume_unwind(Box::new("on purpose"))
}

async fn fine() -> &'static str {
    "fine"
}

#[tokio::test]
async fn the_client_receives_no_byte() {
    let address = serve(|app| {
        app.route("/panic", web::get().to(panic)).route("/fine", web::get().to(fine));
    });
    for (path, end) in [("/panic", ""), ("/fine", "fine")] {
        let mut wire = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        wire.write_all(request.as_bytes()).await.expect("to send it");
        let mut response = String::new();
        wire.read_to_string(&mut response).await.expect("the end of the connection");
        assert!(response.ends_with(end) && response.is_empty() == end.is_empty(), "{response}");
    }
}
