//! HTTPS by nginx in front of the app, with the settings of `deploy/nginx.conf`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::support::labels::*;
use crate::support::nginx::Nginx;
use crate::support::people::ADA;
use crate::support::raw;
use crate::support::site::Site;

/// The visitor's IP address; that of the proxy is 127.0.0.1.
const VISITOR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

#[tokio::test]
async fn login_and_logout_work_through_nginx_and_forged_headers_do_not() {
    let Some(nginx) = Nginx::find() else { return };
    let url = format!("https://localhost:{}", nginx.https);
    let settings = [("BASE_URL", url.as_str()), ("TRUSTED_PROXIES", "127.0.0.1")];
    let mut site = Site::with(&settings).await;
    nginx.serve(site.address.port());
    site.authority = Some(nginx.authority.clone());

    let mut browser = site.browser_with(|client| client.local_address(VISITOR));
    // Headers that an attacker forges. They must not change what the app stores.
    browser.extra_headers = ["x-forwarded-for", "x-real-ip", "forwarded", "x-forwarded-host"]
        .map(|name| (name, "203.0.113.66".to_owned()))
        .to_vec();
    browser.extra_headers.push(("x-forwarded-proto", "http".to_owned()));
    ADA.create_account(&site).await;
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    assert_eq!(browser.cookies.refused, []);
    let strict = "max-age=63072000; includeSubDomains";
    for hop in &browser.hops {
        let header = hop.headers.get_all("strict-transport-security");
        assert_eq!(header.iter().collect::<Vec<_>>(), [strict], "{}", hop.status);
        assert_eq!(hop.version, reqwest::Version::HTTP_2);
    }
    for table in ["sessions", "audit_events"] {
        let query = format!("select distinct host(address) from {table}");
        let kept = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(query));
        let kept = kept.fetch_all(&site.db.pool).await.expect("addresses");
        assert_eq!(kept, [VISITOR.to_string()], "{table}");
    }
    browser.press(LOG_OUT).await;
    browser.must_be_at("/login", 200);

    let http = SocketAddr::from((Ipv4Addr::LOCALHOST, nginx.http));
    let plain = "X-Forwarded-Proto: https\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let sent_on = raw::send(http, format!("GET /login?next=%2Fapp HTTP/1.1\r\n{plain}")).await;
    assert_eq!((sent_on.status, sent_on.header("strict-transport-security")), (308, None));
    assert_eq!(sent_on.header("location"), Some(&*format!("{url}/login?next=%2Fapp")));
    let refused = raw::send(http, format!("POST /login HTTP/1.1\r\n{plain}")).await;
    assert_eq!(refused.status, 403);
}
