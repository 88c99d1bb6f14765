//! The rate limit: POST requests per IP address, in memory and per process.
//!
//! It only rejects peaks, before a session, a form or the database is read. It does not count GET
//! requests: pages are cheap, and a person who opens twenty tabs is not an attacker. The exact
//! limits, across all instances, are in `throttle/limits.rs`.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::error::Error;
use super::request_context::RequestContext;
use crate::state::AppState;
use crate::throttle::Rejection;
use crate::throttle::limits::network;

/// POST requests per second from one IP address, and the burst that is allowed after a pause. An
/// office behind one IP address stays far below both.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("not 0");
const BURST: NonZeroU32 = NonZeroU32::new(60).expect("not 0");
/// After this many requests, inactive IP addresses are deleted from memory.
const CLEANUP_INTERVAL: u32 = 1024;

pub struct RateLimit {
    seen: DefaultKeyedRateLimiter<IpAddr>,
    requests: AtomicU32,
    open: bool,
}

impl Default for RateLimit {
    fn default() -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        Self {
            seen: DefaultKeyedRateLimiter::keyed(quota),
            requests: AtomicU32::new(0),
            open: false,
        }
    }
}

impl RateLimit {
    /// Accepts every request: for tests in which one IP address makes many requests.
    pub fn without_limits() -> Self {
        Self { open: true, ..Self::default() }
    }

    fn admit(&self, address: IpAddr) -> Result<(), Rejection> {
        if self.open {
            return Ok(());
        }
        if self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(CLEANUP_INTERVAL) {
            self.seen.retain_recent();
        }
        let too_early = self.seen.check_key(&network(address)).err();
        too_early.map_or(Ok(()), |until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Err(Rejection::Wait(Duration::from_secs(wait.as_secs() + 1)))
        })
    }
}

/// Middleware in front of all expensive work: rejects POST requests above the limit with 429.
pub async fn limit_posts(
    app: web::Data<AppState>,
    limit: web::Data<RateLimit>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if req.method() == Method::POST {
        let address = RequestContext::of(&req).map_err(Error::from)?.client.address;
        if let Err(rejection) = limit.admit(address) {
            let key = app.keys.log_name(network(address).to_string().as_bytes());
            tracing::warn!(target: "security", event = "excess_rate_limit_exceeded", key, "rejected");
            return Ok(req.error_response(Error::TooMany(rejection)));
        }
    }
    Ok(next.call(req).await?.map_into_boxed_body())
}
