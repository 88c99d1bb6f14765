//! Who calls, and whom they called: the client's address, https or not, and the Host.
//!
//! `X-Forwarded-For` and `X-Forwarded-Proto` count only from `TRUSTED_PROXIES`; from anybody else
//! they are what an attacker wrote (ASVS 4.1.3). actix's `ConnectionInfo` believes them always.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, web};
use ipnet::IpNet;

use crate::app::App;
use crate::error::{Error, see_other};

pub struct Caller {
    pub address: IpAddr,
    pub https: bool,
}

/// The nearest hop that is not a trusted proxy.
pub fn caller(req: &HttpRequest, trusted: &[IpNet]) -> Caller {
    let peer = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    let tls = req.app_config().secure();
    if !is_trusted(peer) {
        return Caller { address: peer.to_canonical(), https: tls };
    }
    // Right to left: each trusted hop vouches for the one before it. What does not parse
    // ends the walk, at the last address that somebody trusted vouched for.
    let mut address = peer;
    for hop in header_list(req, "x-forwarded-for").into_iter().rev() {
        let Ok(hop) = hop.parse() else { break };
        address = hop;
        if !is_trusted(hop) {
            break;
        }
    }
    let proto = header_list(req, "x-forwarded-proto").pop();
    Caller { address: address.to_canonical(), https: tls || proto.as_deref() == Some("https") }
}

fn header_list(req: &HttpRequest, name: &str) -> Vec<String> {
    let lines = req.headers().get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|item| item.trim().to_owned()).collect()
}

/// Lets through what was sent to our own host. Any other name would end up in links and caches
/// (Host header poisoning): a visitor is sent to the right one, everything else is refused.
/// Probes call by address, so `/healthz` and `/readyz` answer under any name.
pub async fn right_host(
    app: web::Data<App>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let probe = matches!(req.path(), "/healthz" | "/readyz");
    let host = req.headers().get(header::HOST).map(|host| host.as_bytes());
    let authority = req.uri().authority().map(|authority| authority.as_str().as_bytes());
    let ours = |name: &[u8]| name.eq_ignore_ascii_case(app.origin.host.as_bytes());
    let named = host.is_some() || authority.is_some();
    if probe || (named && host.is_none_or(ours) && authority.is_none_or(ours)) {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    if req.method() == Method::GET {
        let path = req.uri().path_and_query().map_or("/", |path| path.as_str());
        let response = see_other(&format!("{}{path}", app.origin.url));
        return Ok(req.into_response(response));
    }
    let refusal = Error::Malformed(
        StatusCode::MISDIRECTED_REQUEST,
        "This request was meant for another site.",
    );
    Ok(req.error_response(refusal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn address(peer: &str, forwarded: &str) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let req = TestRequest::default()
            .peer_addr(peer.parse().unwrap())
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        caller(&req, &trusted).address.to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(address("192.0.2.1:1", "198.51.100.9"), "192.0.2.1");
    }

    #[test]
    fn trusted_hops_are_walked_from_the_right() {
        assert_eq!(address("10.0.0.1:1", "198.51.100.9"), "198.51.100.9");
        assert_eq!(address("10.0.0.1:1", "1.2.3.4, 198.51.100.9, 10.0.0.2"), "198.51.100.9");
        assert_eq!(address("[fd00::1]:1", "2001:db8::7"), "2001:db8::7");
        assert_eq!(address("[::ffff:10.0.0.1]:1", "198.51.100.9"), "198.51.100.9");
        assert_eq!(address("10.0.0.1:1", "198.51.100.9, nonsense"), "10.0.0.1");
        assert_eq!(address("10.0.0.1:1", "10.0.0.3"), "10.0.0.3");
    }
}
