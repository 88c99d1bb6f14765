//! Who calls, and whom they called: the client's address, https or not, and the Host.
//!
//! `X-Forwarded-For` and `X-Forwarded-Proto` count only from `TRUSTED_PROXIES`; from anybody else
//! they are what an attacker wrote (ASVS 4.1.3). actix's `ConnectionInfo` believes them always.
//! `Forwarded` (RFC 7239) and `X-Forwarded-Host` are not looked at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, web};
use ipnet::IpNet;

use crate::app::App;
use crate::error::{Error, see_other};

/// The client's address: the nearest hop that is not a trusted proxy.
///
/// From right to left: each trusted hop vouches for the one before it. What is no address ends
/// the walk, at the last one that somebody trusted vouched for.
pub fn caller(req: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer(req);
    if !is_trusted(address, trusted) {
        return address;
    }
    let hops = forwarded(req, "x-forwarded-for");
    let mut hops = hops.iter().rev();
    while is_trusted(address, trusted) {
        let Some(hop) = hops.next().and_then(|hop| hop_address(hop)) else { break };
        address = hop;
    }
    address
}

/// Whether the visitor came by https. Of several words of a trusted proxy the last one counts,
/// that of the proxy next to us: it alone is known to be the proxy's own.
pub fn is_https(req: &HttpRequest, trusted: &[IpNet]) -> bool {
    let trusted = is_trusted(peer(req), trusted);
    let word = trusted.then(|| forwarded(req, "x-forwarded-proto").pop()).flatten();
    match word {
        Some(word) => word.eq_ignore_ascii_case("https"),
        None => req.app_config().secure(),
    }
}

fn peer(req: &HttpRequest) -> IpAddr {
    req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// The items of a header that lists hops, over all of its lines. Bytes that are no text become a
/// bad item; left out with their line, they would let a client erase what the proxy added to it.
fn forwarded(req: &HttpRequest, name: &str) -> Vec<String> {
    let lines = req.headers().get_all(name).flat_map(|line| line.as_bytes().split(|b| *b == b','));
    lines.map(|item| String::from_utf8_lossy(item).trim().to_owned()).collect()
}

/// As proxies write them: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || bare.parse().map(|hop: SocketAddr| hop.ip());
    bare.parse().or_else(|_| with_port()).map(|hop: IpAddr| hop.to_canonical()).ok()
}

/// What a load balancer or an orchestrator asks, by address and past everything else.
pub fn is_probe(req: &ServiceRequest) -> bool {
    matches!(req.path(), "/healthz" | "/readyz")
}

fn is_localhost(host: &[u8]) -> bool {
    let end = host.iter().rposition(|byte| *byte == b':').unwrap_or(host.len());
    matches!(&host[..end], b"localhost" | b"127.0.0.1" | b"[::1]")
}

/// Lets through what was sent to our own host. Any other name would end up in links and caches
/// (Host header poisoning): a visitor is sent to the right one, everything else is refused.
/// Probes call by address, so `/healthz` and `/readyz` answer under any name.
pub async fn right_host(
    app: web::Data<App>,
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
    app.strangers.log(rejected, &app.origin.host);
    if req.method() == Method::GET {
        let response = see_other(&app.origin.with_path_of(req.uri()));
        return Ok(req.into_response(response));
    }
    let refusal = Error::Malformed(
        StatusCode::MISDIRECTED_REQUEST,
        "This request was meant for another site.",
    );
    Ok(req.error_response(refusal))
}

/// The names of other sites that were asked for here, so that each is logged once in an hour, and
/// no more than a few: scanners send thousands, and a proxy that sends its own name sends one.
#[derive(Default)]
pub struct Strangers(Mutex<Option<(Instant, Vec<Vec<u8>>)>>);

impl Strangers {
    const NAMES: usize = 10;
    const PERIOD: Duration = Duration::from_secs(60 * 60);
    /// Of a name, in bytes: a client may send as many as fit into a header.
    const SHOWN: usize = 100;

    fn log(&self, name: &[u8], expected: &str) {
        let name = &name[..name.len().min(Self::SHOWN)];
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

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    fn request(peer: &str, lines: &[(&'static str, &[u8])]) -> HttpRequest {
        let mut req = TestRequest::default().peer_addr(peer.parse().unwrap());
        for (name, line) in lines {
            req = req.append_header((*name, HeaderValue::from_bytes(line).unwrap()));
        }
        req.to_http_request()
    }

    fn trusted() -> [IpNet; 2] {
        ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]
    }

    fn address(peer: &str, forwarded: &str) -> String {
        let req = request(peer, &[("x-forwarded-for", forwarded.as_bytes())]);
        caller(&req, &trusted()).to_string()
    }

    fn https(peer: &str, lines: &[&str]) -> bool {
        let lines: Vec<_> = lines.iter().map(|l| ("x-forwarded-proto", l.as_bytes())).collect();
        is_https(&request(peer, &lines), &trusted())
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

    #[test]
    fn hops_are_read_as_proxies_write_them() {
        assert_eq!(address("10.0.0.1:1", "198.51.100.9:4711"), "198.51.100.9");
        assert_eq!(address("10.0.0.1:1", "[2001:db8::7]:4711,10.0.0.2:80"), "2001:db8::7");
        assert_eq!(address("10.0.0.1:1", " [2001:db8::7] "), "2001:db8::7");
        assert_eq!(address("10.0.0.1:1", "1.2.3.4, ::ffff:198.51.100.9"), "198.51.100.9");
        for nothing in ["", "198.51.100.9,", "unknown", "[198.51.100.9", "198.51.100.9:99999"] {
            assert_eq!(address("10.0.0.1:1", nothing), "10.0.0.1", "{nothing}");
        }
    }

    #[test]
    fn lines_count_together_and_bytes_erase_nothing() {
        let lines: [(_, &[u8]); 2] =
            [("x-forwarded-for", b"1.2.3.4"), ("x-forwarded-for", b"198.51.100.9")];
        assert_eq!(caller(&request("10.0.0.1:1", &lines), &trusted()).to_string(), "198.51.100.9");
        let bytes: [(_, &[u8]); 1] = [("x-forwarded-for", b"\xff, 198.51.100.9")];
        assert_eq!(caller(&request("10.0.0.1:1", &bytes), &trusted()).to_string(), "198.51.100.9");
    }

    #[test]
    fn the_nearest_proxy_says_whether_it_was_https() {
        assert!(https("10.0.0.1:1", &["https"]));
        assert!(https("10.0.0.1:1", &["http, HTTPS"]));
        assert!(https("10.0.0.1:1", &["http", "https"]));
        assert!(!https("10.0.0.1:1", &["https, http"]));
        assert!(!https("10.0.0.1:1", &["https", "http"]));
        assert!(!https("10.0.0.1:1", &["https,"]));
        assert!(!https("10.0.0.1:1", &[]));
        assert!(!https("192.0.2.1:1", &["https"]));
    }
}
