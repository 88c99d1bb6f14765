//! actix-web 4.18: `client_request_timeout` limits the time for the head of a request. There is no
//! limit for its body. So `src/web/form.rs::read_body` waits 10 s, and answers 408.

use std::time::Duration;

use actix_web::dev::Service;
use actix_web::web::Bytes;
use actix_web::{App, HttpServer, web};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::unbounded_channel;

#[tokio::test]
async fn a_body_may_take_longer_than_a_head() {
    let (head_read, mut heads) = unbounded_channel();
    let server = HttpServer::new(move || {
        let head_read = head_read.clone();
        App::new().route("/", web::post().to(|body: Bytes| async move { body })).wrap_fn(
            move |req, service| {
                head_read.send(()).expect("a test that waits");
                service.call(req)
            },
        )
    });
    let server = server.workers(1).disable_signals();
    let server = server.client_request_timeout(Duration::from_millis(100));
    let server = server.bind("127.0.0.1:0").expect("a port");
    let address = server.addrs()[0];
    tokio::spawn(server.run());

    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
    let mut slow_body = TcpStream::connect(address).await.expect("a connection");
    slow_body.write_all(head.as_bytes()).await.expect("to send it");
    heads.recv().await.expect("a head that was read");

    let mut slow_head = TcpStream::connect(address).await.expect("a connection");
    slow_head.write_all(b"POST / HTTP/1.1\r\n").await.expect("to send it");
    let mut response = String::new();
    slow_head.read_to_string(&mut response).await.expect("the end of the connection");
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");

    slow_body.write_all(b"late").await.expect("an open connection");
    response.clear();
    slow_body.read_to_string(&mut response).await.expect("the end of the connection");
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("late"), "{response}");
}
