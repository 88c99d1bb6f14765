//! TLS for the listener, if the app has a certificate itself.

use std::path::Path;

use rustls::ServerConfig;

use crate::config::{Certificate, Config};
use crate::tls;

/// The folder for the self-signed certificate of development; ignored by git.
const SELF_SIGNED: &str = ".tls";

/// `None`: the app speaks plain HTTP.
///
/// # Errors
/// When the certificate cannot be used.
pub(super) fn server_config(config: &Config) -> anyhow::Result<Option<ServerConfig>> {
    let files = match &config.tls.certificate {
        Some(Certificate::SelfSigned) => tls::self_signed(Path::new(SELF_SIGNED))?,
        Some(Certificate::Files(files)) => files.clone(),
        None => return Ok(None),
    };
    tls::server_config(files).map(Some)
}
