//! Stopping with an idle connection of HTTP/2, which actix keeps open (actix/actix-web#3169).

use reqwest::{Certificate, Version};

use super::stops_beside_an_idle_connection;
use crate::support::authority::{CertificateAuthority, tomorrow};
use crate::support::browser::Browser;
use crate::support::database::database;
use crate::support::process::Process;

#[tokio::test]
async fn an_idle_http_2_connection_does_not_delay_the_exit() {
    let (db, authority) = (database().await, CertificateAuthority::new());
    let files = authority.issue("localhost", tomorrow());
    let (certificate, key) = (files.certificate.to_str(), files.key.to_str());
    let tls = [("TLS_CERT", certificate.expect("UTF-8")), ("TLS_KEY", key.expect("UTF-8"))];
    let process = Process::serve_with(&db, &tls);
    let root = Certificate::from_der(&authority.root()).expect("the root");
    let mut browser = Browser::with(&process.url, |client| client.tls_certs_only([root]));
    browser.visit("/").await;
    assert_eq!(browser.hops[0].version, Version::HTTP_2);
    stops_beside_an_idle_connection(process, browser).await;
}
