//! HTTPS: by a certificate in the app itself, or by a proxy in front that is trusted.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use super::{Config, Environment, Reader, parsed};
use crate::tls::{self, Files};

/// What `TLS_CERT`, `TLS_KEY` and `LISTEN_HTTP` say.
#[derive(Debug, Default)]
pub struct Https {
    /// `None`: the app speaks plain HTTP, behind a proxy or on this machine only.
    pub certificate: Option<Certificate>,
    /// Where plain HTTP is sent on to https.
    pub listen_http: Option<SocketAddr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    Files(Files),
    /// Made by the app for itself, in development.
    SelfSigned,
}

impl Reader {
    pub(super) fn https(&mut self) -> Option<Https> {
        let certificate = self.setting("TLS_CERT", "", path)?;
        let key = self.setting("TLS_KEY", "", path)?;
        let listen_http = self.setting("LISTEN_HTTP", "", |value| match value {
            "" => Ok(None),
            value => parsed("an address, such as 127.0.0.1:8081")(value).map(Some),
        })?;
        let certificate = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), None) if certificate.as_os_str() == "self-signed" => {
                Some(Certificate::SelfSigned)
            }
            (Some(certificate), Some(key)) => Some(Certificate::Files(Files { certificate, key })),
            (Some(_), None) => {
                self.mistakes.push("TLS_CERT needs TLS_KEY, the PEM file of its key".to_owned());
                return None;
            }
            (None, Some(_)) => {
                self.mistakes.push("TLS_KEY needs TLS_CERT, the PEM file of its chain".to_owned());
                return None;
            }
        };
        Some(Https { certificate, listen_http })
    }
}

fn path(value: &str) -> Result<Option<PathBuf>, String> {
    Ok((!value.is_empty()).then(|| PathBuf::from(value)))
}

/// What is wrong with HTTPS, in either environment.
pub(super) fn refusals(config: &Config) -> Vec<String> {
    let Https { certificate, listen_http } = &config.https;
    let production = config.environment == Environment::Production;
    let scheme = config.base_url.as_ref().map(|url| url.scheme());
    let mut reasons = Vec::new();
    let mut refuse = |reason: &str| reasons.push(reason.to_owned());

    if certificate.is_none() && config.trusted_proxies.is_empty() {
        if production {
            refuse(
                "nothing speaks HTTPS: set TLS_CERT and TLS_KEY, or name the proxy that does so in \
                 front of this app in TRUSTED_PROXIES, such as 10.0.0.7, or the word private",
            );
        } else if scheme == Some("https") && !config.forwarded_port() {
            refuse(
                "BASE_URL is https and nothing speaks it: set TLS_CERT=self-signed, or name the \
                 proxy in front of this app in TRUSTED_PROXIES, such as 127.0.0.1",
            );
        }
    }
    if listen_http.is_some() && certificate.is_none() {
        refuse("LISTEN_HTTP only sends visitors on to https, so it needs TLS_CERT");
    }
    if certificate.is_some() && !production && scheme == Some("http") {
        refuse("BASE_URL is http, but with TLS_CERT the app speaks https: https://localhost:8080");
    }
    match certificate {
        Some(Certificate::SelfSigned) if production => refuse(
            "TLS_CERT=self-signed is for development, no browser trusts it: use the PEM file of a \
             certificate, such as /etc/letsencrypt/live/example.com/fullchain.pem",
        ),
        Some(Certificate::Files(files)) => {
            let host = config.base_url.as_ref().and_then(|url| url.host_str());
            let host = host.unwrap_or("localhost");
            if let Err(mistake) = tls::check(files, host, SystemTime::now()) {
                refuse(&mistake);
            }
        }
        _ => {}
    }
    reasons
}
