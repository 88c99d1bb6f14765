//! Finds the client's IP address, and whether the client used https.
//!
//! `X-Forwarded-For` and `X-Forwarded-Proto` are read only if a trusted proxy sent the request
//! (`TRUSTED_PROXIES`), because any client can forge them (ASVS 4.1.3). actix's `ConnectionInfo`
//! always trusts them. `Forwarded` (RFC 7239) and `X-Forwarded-Host` are ignored.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The client's IP address: the nearest hop that is not a trusted proxy.
///
/// `X-Forwarded-For` is read from right to left, because each proxy appends the IP address of its
/// client. An invalid entry ends the search; the result is then the proxy that appended it.
pub fn client_ip(req: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer(req);
    let hops = forwarded(req, "x-forwarded-for");
    let mut hops = hops.iter().rev();
    while is_trusted(address, trusted) {
        let Some(hop) = hops.next().and_then(|hop| hop_address(hop)) else { break };
        address = hop;
    }
    address
}

/// Whether the client used https. The last value of `X-Forwarded-Proto` decides, because the proxy
/// that connects to us wrote it; the client could have sent the others.
pub fn is_https(req: &HttpRequest, trusted: &[IpNet]) -> bool {
    let trusted = is_trusted(peer(req), trusted);
    let proto = trusted.then(|| forwarded(req, "x-forwarded-proto").pop()).flatten();
    match proto {
        Some(proto) => proto.eq_ignore_ascii_case("https"),
        None => req.app_config().secure(),
    }
}

fn peer(req: &HttpRequest) -> IpAddr {
    req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// All items of a header, from all of its lines. A line with bytes that are not text is read too:
/// skipping it would let a client erase the entry that a proxy appended to the line.
fn forwarded(req: &HttpRequest, name: &str) -> Vec<String> {
    let lines = req.headers().get_all(name).flat_map(|line| line.as_bytes().split(|b| *b == b','));
    lines.map(|item| String::from_utf8_lossy(item).trim().to_owned()).collect()
}

/// Parses `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7` and `[2001:db8::7]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || bare.parse().map(|hop: SocketAddr| hop.ip());
    bare.parse().or_else(|_| with_port()).map(|hop: IpAddr| hop.to_canonical()).ok()
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
        client_ip(&req, &trusted()).to_string()
    }

    fn https(peer: &str, lines: &[&str]) -> bool {
        let lines: Vec<_> = lines.iter().map(|l| ("x-forwarded-proto", l.as_bytes())).collect();
        is_https(&request(peer, &lines), &trusted())
    }

    #[test]
    fn an_untrusted_client_cannot_choose_its_ip() {
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
        assert_eq!(
            client_ip(&request("10.0.0.1:1", &lines), &trusted()).to_string(),
            "198.51.100.9"
        );
        let bytes: [(_, &[u8]); 1] = [("x-forwarded-for", b"\xff, 198.51.100.9")];
        assert_eq!(
            client_ip(&request("10.0.0.1:1", &bytes), &trusted()).to_string(),
            "198.51.100.9"
        );
    }

    #[test]
    fn the_last_proxy_decides_whether_it_was_https() {
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
