//! Graceful stop at SIGTERM: requests in flight are completed, idle connections are closed.
//!
//! actix closes its listeners and idle HTTP/1.1 connections, but keeps idle HTTP/2 connections
//! until its shutdown timeout (actix/actix-web#3169). So a middleware counts the requests in
//! flight, and the process exits when there are none. Mail delivery stops at the same time. All of
//! it takes less than the 10 seconds after which `docker stop` kills the process.

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

/// The time limit for requests in flight after SIGTERM.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(8);
/// Time to write the last response, and to receive a request whose head is arriving. A client that
/// reads more slowly is disconnected.
const SETTLE: Duration = Duration::from_millis(300);

/// The number of requests in flight.
#[derive(Default)]
pub struct InFlight(watch::Sender<usize>);

/// A request in flight. It is dropped when the response is ready to be written, or when the client
/// has disconnected.
struct InFlightRequest<'a>(&'a InFlight);

/// The middleware outside of the request log: counts the requests in flight.
///
/// # Errors
/// Those of the inner middleware.
pub async fn count(
    in_flight: web::Data<InFlight>,
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let _counted = in_flight.enter();
    next.call(req).await
}

impl InFlight {
    fn enter(&self) -> InFlightRequest<'_> {
        self.0.send_modify(|requests| *requests += 1);
        InFlightRequest(self)
    }

    /// Returns once no request has been in flight for `SETTLE`.
    async fn drained(&self) {
        let mut requests = self.0.subscribe();
        loop {
            // Waiting fails only if the sender is dropped, and `self` owns it.
            let _ = requests.wait_for(|requests| *requests == 0).await;
            if timeout(SETTLE, requests.wait_for(|requests| *requests > 0)).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for InFlightRequest<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|requests| *requests -= 1);
    }
}

/// A server, which runs when it is polled, and its counter of requests in flight.
pub struct Running {
    pub server: Server,
    pub in_flight: web::Data<InFlight>,
}

/// Runs the server until a signal stops it. `started` is called once signal handlers are installed.
///
/// # Errors
/// When the server fails, or a signal handler cannot be installed.
pub async fn run(
    Running { server, in_flight }: Running,
    delivery: Option<Delivery>,
    started: impl FnOnce(),
) -> io::Result<()> {
    let mut sigterm = signal(SignalKind::terminate())?;
    let mut server = actix_web::rt::spawn(server);
    // Poll the server once, so that it installs its own signal handlers too.
    tokio::task::yield_now().await;
    started();
    let stop_delivery = async {
        if let Some(delivery) = delivery {
            delivery.stop().await;
        }
    };
    tokio::select! {
        // SIGINT: actix aborts the requests in flight.
        ended = &mut server => {
            stop_delivery.await;
            ended.map_err(io::Error::other)?
        }
        _ = sigterm.recv() => {
            let finished = async {
                tokio::select! {
                    _ = &mut server => {}
                    () = in_flight.drained() => {}
                    () = sleep(STOP_TIMEOUT) => tracing::warn!("requests were cut off"),
                }
            };
            tokio::join!(finished, stop_delivery);
            Ok(())
        }
    }
}
