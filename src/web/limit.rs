//! Rate limits: the flood limit of the middleware, and what flows ask before they work or mail.
//!
//! The flood limit is per IP address, in memory and per process, so it only takes the peak off
//! before a session, a form or the database is read. It counts POST requests only: pages are
//! cheap, and a person who opens twenty tabs is no attacker. The exact limits, across instances,
//! are in `accounts/throttle.rs`; `admit_ip` and `may_mail` count there.

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

use super::visitor::Visitor;
use super::{device, visit, words};
use crate::accounts::email::Email;
use crate::accounts::limits::{self, Key, Per, Purpose, network};
use crate::accounts::throttle::Refusal;
use crate::app::App;
use crate::error::Error;

/// POST requests per second from one IP address, and how many at once after a quiet time. An office
/// behind one IP address stays far below.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("not 0");
const BURST: NonZeroU32 = NonZeroU32::new(60).expect("not 0");
/// After so many requests the IP addresses that have been quiet are forgotten.
const ROUND: u32 = 1024;

pub struct Flood {
    seen: DefaultKeyedRateLimiter<IpAddr>,
    requests: AtomicU32,
    open: bool,
}

impl Default for Flood {
    fn default() -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        Self {
            seen: DefaultKeyedRateLimiter::keyed(quota),
            requests: AtomicU32::new(0),
            open: false,
        }
    }
}

impl Flood {
    /// Lets everything pass: for tests in which one IP address makes many requests.
    pub fn without_limits() -> Self {
        Self { open: true, ..Self::default() }
    }

    fn admit(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.open {
            return Ok(());
        }
        if self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(ROUND) {
            self.seen.retain_recent();
        }
        let too_early = self.seen.check_key(&network(address)).err();
        too_early.map_or(Ok(()), |until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Err(Refusal::Wait(Duration::from_secs(wait.as_secs() + 1)))
        })
    }
}

/// The middleware in front of everything that is expensive.
pub async fn refuse_floods(
    app: web::Data<App>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let address = visit::with(|visit| visit.client.address);
    if let (&Method::POST, Some(address)) = (req.method(), address)
        && let Err(refusal) = app.flood.admit(address)
    {
        let key = app.keys.log_name(network(address).to_string().as_bytes());
        tracing::warn!(target: "security", event = "excess_rate_limit_exceeded", key, "a flood");
        return Ok(req.error_response(Error::TooMany(refusal)));
    }
    Ok(next.call(req).await?.map_into_boxed_body())
}

/// For the person who has to wait; the same for every account, whether it exists or not.
pub fn sentence(refusal: Refusal) -> String {
    match refusal {
        Refusal::Wait(wait) => {
            // `span` shows two units and cuts off the rest; a wait is rounded up.
            let shown = match wait.as_secs() {
                seconds @ 86_400.. => seconds.next_multiple_of(3_600),
                seconds @ 3_600.. => seconds.next_multiple_of(60),
                seconds => seconds,
            };
            let shown = words::span(Duration::from_secs(shown));
            format!("Too many attempts. Please wait {shown}, then try again.")
        }
        // Both ways, because the known device may be lost.
        Refusal::Closed => "Too many attempts in a row have failed. Log in on a device where \
             you've logged in before, or reset your password."
            .to_owned(),
    }
}

/// For `Retry-After`.
pub fn seconds(refusal: Refusal) -> u64 {
    match refusal {
        Refusal::Wait(wait) => wait.as_secs(),
        // No time helps; a day keeps machines from asking.
        Refusal::Closed => 24 * 60 * 60,
    }
}

/// Counts a request on its IP address, before any work is done for it. A refusal is shown: it
/// depends on nothing but the IP address.
pub async fn admit_ip(visitor: &Visitor, purpose: Purpose) -> Result<Result<(), Refusal>, Error> {
    let key = [Key::IpAddress(visitor.client.address)];
    Ok(visitor.app.throttle.admit(purpose, &key).await?.map(drop))
}

/// Spends one mail of the budget `purpose` of this email address; false when nothing is left.
///
/// Call it before you look whether the email address has an account, and show the same page either
/// way: a visible difference would tell who is written to. Where `purpose` has a budget per device,
/// a browser that the account knows spends that one first, so strangers cannot use up the owner's
/// mails.
pub async fn may_mail(visitor: &Visitor, purpose: Purpose, email: &Email) -> Result<bool, Error> {
    let (account, throttle) = (email.canonical(), &visitor.app.throttle);
    if limits::find(purpose, Per::Device).is_some()
        && let Some(token_hash) = device::known_to(visitor, email).await?
    {
        let keys = [Key::Device(token_hash, &account), Key::AllDevices(&account)];
        if throttle.admit(purpose, &keys).await?.is_ok() {
            return Ok(true);
        }
    }
    Ok(throttle.admit(purpose, &[Key::Account(&account)]).await?.is_ok())
}
