//! Accepts only requests for this site's own host (host header attacks).
//!
//! Otherwise a forged `Host` could get into links and caches. A GET request is redirected to our
//! host; any other is rejected with 421. Probes connect by IP address, so `/healthz` and `/readyz`
//! accept every host.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web;

use super::error::{Error, see_other};
use crate::state::AppState;

/// Whether this is a liveness or readiness probe of a load balancer or an orchestrator.
pub fn is_probe(req: &ServiceRequest) -> bool {
    matches!(req.path(), "/healthz" | "/readyz")
}

fn is_localhost(host: &[u8]) -> bool {
    let end = host.iter().rposition(|byte| *byte == b':').unwrap_or(host.len());
    matches!(&host[..end], b"localhost" | b"127.0.0.1" | b"[::1]")
}

/// Middleware: accepts requests for this site's own host and probes.
pub async fn own_host_only(
    app: web::Data<AppState>,
    rejected_hosts: web::Data<RejectedHosts>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let host = req.headers().get(header::HOST).map(|host| host.as_bytes());
    let authority = req.uri().authority().map(|authority| authority.as_str().as_bytes());
    let forwarded = app.config.forwarded_port();
    let ours = |name: &[u8]| app.origin.has_host(name) || (forwarded && is_localhost(name));
    let named = host.is_some() || authority.is_some();
    if is_probe(&req) || (named && host.is_none_or(ours) && authority.is_none_or(ours)) {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    let rejected = host.into_iter().chain(authority).find(|name| !ours(name)).unwrap_or_default();
    rejected_hosts.log(rejected, &app.origin.host);
    if req.method() == Method::GET {
        let response = see_other(&app.origin.with_path_of(req.uri()));
        return Ok(req.into_response(response));
    }
    let rejection = Error::Malformed(
        StatusCode::MISDIRECTED_REQUEST,
        "This request was meant for another site.",
    );
    Ok(req.error_response(rejection))
}

/// The rejected hosts that were logged in the last hour. Each is logged once, and at most ten of
/// them: a scanner sends thousands, a misconfigured proxy sends one.
#[derive(Default)]
pub struct RejectedHosts(Mutex<Option<(Instant, Vec<Vec<u8>>)>>);

impl RejectedHosts {
    const NAMES: usize = 10;
    const PERIOD: Duration = Duration::from_secs(60 * 60);
    /// The maximum length of a logged host.
    const LOGGED_BYTES: usize = 100;

    fn log(&self, name: &[u8], expected: &str) {
        let name = &name[..name.len().min(Self::LOGGED_BYTES)];
        if self.is_new(name) {
            tracing::warn!(
                host = %name.escape_ascii(),
                expected,
                "a request for another Host was rejected; a proxy in front must send that of BASE_URL"
            );
        }
    }

    fn is_new(&self, name: &[u8]) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.take_if(|(since, _)| since.elapsed() > Self::PERIOD);
        let (_, names) = known.get_or_insert_with(|| (Instant::now(), Vec::new()));
        let is_new = names.len() < Self::NAMES && !names.iter().any(|known| known == name);
        if is_new {
            names.push(name.to_owned());
        }
        is_new
    }
}
