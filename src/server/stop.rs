//! Stopping at SIGTERM: what is begun is finished, and nothing that is idle is waited for.
//!
//! actix closes its listeners and its idle HTTP/1.1 connections, but keeps an idle HTTP/2
//! connection until its timeout (actix/actix-web#3169). So requests are counted here, and the
//! process ends once none has been in flight for a moment. The delivery stops at the same time. All
//! of it takes less than the 10 seconds after which `docker stop` kills.

use std::io;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::signal::unix::{SignalKind, signal};
use actix_web::web;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::mail::delivery::Delivery;

/// How long requests in flight may take after SIGTERM.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(8);
/// For the last answer to be written, and for a request whose head is arriving. A client that reads
/// more slowly is cut off.
const SETTLE: Duration = Duration::from_millis(300);

/// The requests that are being answered.
#[derive(Default)]
pub struct InFlight(watch::Sender<usize>);

/// One of them, until it is dropped: the client has disconnected, or the response is ready to be
/// written.
struct Request<'a>(&'a InFlight);

/// The outermost middleware: counts the requests in flight.
pub async fn count(
    in_flight: web::Data<InFlight>,
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let _counted = in_flight.enter();
    next.call(req).await
}

impl InFlight {
    fn enter(&self) -> Request<'_> {
        self.0.send_modify(|requests| *requests += 1);
        Request(self)
    }

    /// Returns once there has been none for a moment.
    async fn none(&self) {
        let mut requests = self.0.subscribe();
        loop {
            // The sender is ours: neither wait fails.
            let _ = requests.wait_for(|requests| *requests == 0).await;
            if timeout(SETTLE, requests.wait_for(|requests| *requests > 0)).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|requests| *requests -= 1);
    }
}

/// A server that runs when it is polled, and the requests that it is handling.
pub struct Running {
    pub server: Server,
    pub in_flight: web::Data<InFlight>,
}

/// Runs the server until a signal stops it. `started` is called once signals are heard.
///
/// # Errors
/// When the server fails.
pub async fn run(
    Running { server, in_flight }: Running,
    delivery: Option<Delivery>,
    started: impl FnOnce(),
) -> io::Result<()> {
    let mut sigterm = signal(SignalKind::terminate())?;
    let mut server = actix_web::rt::spawn(server);
    // Poll the server once, so that its own signal handlers are installed too.
    tokio::task::yield_now().await;
    started();
    let stop_delivery = async {
        if let Some(delivery) = delivery {
            delivery.stop().await;
        }
    };
    tokio::select! {
        // At SIGINT, which cuts off what is in flight.
        ended = &mut server => {
            stop_delivery.await;
            ended.map_err(io::Error::other)?
        }
        _ = sigterm.recv() => {
            let finished = async {
                tokio::select! {
                    _ = &mut server => {}
                    () = in_flight.none() => {}
                    () = sleep(STOP_TIMEOUT) => tracing::warn!("requests were cut off"),
                }
            };
            tokio::join!(finished, stop_delivery);
            Ok(())
        }
    }
}
