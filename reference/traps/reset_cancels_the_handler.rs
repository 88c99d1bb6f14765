//! actix-web 4.18: if the client resets the connection, the handler is dropped where it waits. The
//! rest of its work is not done. So each step of a flow is one transaction, and an attempt is
//! counted before the password is verified: `src/web/admission.rs`.

use std::sync::OnceLock;
use std::time::Duration;

use actix_web::web;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::serve;

static BEGAN: Notify = Notify::const_new();
static ENDED: OnceLock<UnboundedSender<&'static str>> = OnceLock::new();

/// Reports how far a handler came.
struct Progress(&'static str);

impl Drop for Progress {
    fn drop(&mut self) {
        ENDED.get().expect("a test").send(self.0).expect("a test that waits");
    }
}

async fn two_steps() -> &'static str {
    let mut progress = Progress("the first step");
    BEGAN.notify_one();
    std::future::pending::<()>().await;
    progress.0 = "both steps";
    ""
}

#[tokio::test]
async fn the_second_step_is_never_reached() {
    let (sender, mut ended) = unbounded_channel();
    ENDED.set(sender).expect("one test");
    let address = serve(|app| {
        app.route("/", web::get().to(two_steps));
    });
    let mut wire = TcpStream::connect(address).await.expect("a connection");
    wire.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("to send it");
    BEGAN.notified().await;
    wire.set_zero_linger().expect("a reset instead of an orderly end");
    drop(wire);
    let progress = timeout(Duration::from_secs(10), ended.recv()).await;
    assert_eq!(progress, Ok(Some("the first step")));
}
