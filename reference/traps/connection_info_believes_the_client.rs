//! actix-web 4.18: `ConnectionInfo` takes host, scheme and IP address from headers that any client
//! can send. So a client chooses the host of links in emails, and the IP address of a rate limit.
//! `src/web/client_ip.rs::client_ip` asks only `TRUSTED_PROXIES`, and links come from `BASE_URL`.

use actix_web::test::TestRequest;

#[test]
#[expect(clippy::disallowed_methods, reason = "this is what the ban is about")]
fn the_client_chooses_host_scheme_and_ip_address() {
    let own = ("Host", "example.com");
    let old = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "192.0.2.1"),
    ];
    let new = [("Forwarded", "host=evil.example;proto=https;for=192.0.2.1"); 3];
    for headers in [old, new] {
        let request = TestRequest::default().peer_addr("203.0.113.9:1234".parse().expect("an IP"));
        let request = headers
            .into_iter()
            .fold(request.insert_header(own), |request, header| request.insert_header(header));
        let request = request.to_http_request();
        let info = request.connection_info();
        assert_eq!((info.host(), info.scheme()), ("evil.example", "https"));
        assert_eq!(info.realip_remote_addr(), Some("192.0.2.1"));
    }
}
