//! Accepts only https requests, if `BASE_URL` is https.
//!
//! Plain HTTP requests arrive at `LISTEN_HTTP`, through a proxy, or directly, past the proxy. A GET
//! request is redirected. Any other is rejected, because its content was sent unencrypted: with a
//! redirect, a client with a wrong URL would work, and stay unprotected (ASVS 4.1.2, 12.2.1).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use super::error::Error;
use super::{client_ip, headers, host};
use crate::state::AppState;

pub async fn https_only(
    app: web::Data<AppState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // Probes bypass the proxy, so they may use plain HTTP, unless the app itself terminates TLS.
    let terminates = app.config.tls.certificate.is_some();
    let probe = !terminates && host::is_probe(&req);
    let proxies = &app.config.trusted_proxies;
    let plain = !app.origin.is_https() || app.config.forwarded_port();
    if probe || plain || client_ip::is_https(req.request(), proxies) {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    if !terminates && headers::text(&req, "x-forwarded-proto") != "http" {
        // With a misconfigured proxy in front, this is a redirect loop, so log the cause.
        let peer = req.peer_addr().map(|peer| peer.ip());
        tracing::warn!(
            peer = peer.map(tracing::field::display),
            "plain HTTP from a client that is not in TRUSTED_PROXIES, or sets no X-Forwarded-Proto"
        );
    }
    if req.method() == Method::GET {
        // 308 is permanent, but `headers` adds `no-store`, so browsers do not remember a mistake.
        let location = app.origin.with_path_of(req.uri());
        let mut redirect = HttpResponse::PermanentRedirect();
        let response = redirect.insert_header((header::LOCATION, location)).finish();
        return Ok(req.into_response(response));
    }
    let rejection = Error::Malformed(
        StatusCode::FORBIDDEN,
        "This was sent without encryption, so nothing was done. Open this site with https:// in \
         front, and try again.",
    );
    Ok(req.error_response(rejection))
}
