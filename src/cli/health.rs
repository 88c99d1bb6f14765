//! `vestibule health`: asks the app that runs on this machine for `/readyz`.
//!
//! It is the health check of the container image, which has no shell and no other HTTP client. It
//! connects to `LISTEN`. With `TLS_CERT` it verifies the certificate for the host of `BASE_URL`, as
//! a browser would, so an expired certificate is unhealthy too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::config::Config;

/// For the connection, and for each read and write. `/readyz` waits at most 2 s for a connection to
/// the database.
const LIMIT: Duration = Duration::from_secs(4);
const REQUEST: &str = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// A status line is shorter.
const LINE_MAX: u64 = 1024;

/// Succeeds if the app is ready.
///
/// # Errors
/// When the app does not respond, or responds that it is not ready.
pub(super) fn ask(config: &Config) -> anyhow::Result<()> {
    let address = local(config.listen);
    anyhow::ensure!(address.port() != 0, "LISTEN has port 0, so the port of the app is unknown");
    let status = status_line(config, address).with_context(|| format!("no answer at {address}"))?;
    anyhow::ensure!(status.split(' ').nth(1) == Some("200"), "not ready: {status}");
    Ok(())
}

/// `0.0.0.0` and `[::]` are all addresses of this machine; a client uses loopback.
fn local(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn status_line(config: &Config, address: SocketAddr) -> anyhow::Result<String> {
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    if config.tls.certificate.is_none() {
        return exchange(stream);
    }
    let host = config.base_url.as_ref().and_then(|url| url.host_str()).unwrap_or("localhost");
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    exchange(StreamOwned::new(ClientConnection::new(Arc::new(client), name)?, stream))
}

fn exchange(mut stream: impl Read + Write) -> anyhow::Result<String> {
    stream.write_all(REQUEST.as_bytes())?;
    stream.flush()?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_MAX)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
