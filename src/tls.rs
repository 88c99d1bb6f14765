//! HTTPS in the app itself, with rustls: TLS 1.2 and 1.3, and a certificate from PEM files.
//!
//! Every new connection checks whether the files have changed (two `stat`s, far cheaper than the
//! handshake), so a certificate that certbot renewed is used without a restart. While the files
//! cannot be read or do not match, the old certificate stays in use.

mod self_signed;

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, RootCertStore, ServerConfig};

pub use self_signed::self_signed;

/// ring, passed to rustls explicitly, so that the default provider of the process has no effect.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(default_provider()));

/// The PEM files of a certificate with its chain, and of its key. One file can contain both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The TLS settings of the server: rustls's defaults. They have no weak cipher suite, and no 0-RTT,
/// whose requests an attacker could replay. actix-web adds HTTP/2 and HTTP/1.1 by ALPN.
///
/// # Errors
/// When the files cannot be read or do not match.
pub fn server_config(files: Files) -> anyhow::Result<ServerConfig> {
    let certificate = ReloadedCertificate::open(files).map_err(anyhow::Error::msg)?;
    Ok(ServerConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificate)))
}

/// Checks whether a browser would accept these files for a host, except for who signed them.
///
/// # Errors
/// Names the setting and the mistake, for an operator.
pub fn check(files: &Files, host: &str, at: SystemTime) -> Result<(), String> {
    let pair = load(files)?;
    let Some((leaf, rest)) = pair.cert.split_first() else { return Ok(()) };
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
    let name = name.map_err(|_| format!("BASE_URL: {host} is no name for a certificate"))?;
    let parsed = ParsedCertificate::try_from(leaf).map_err(|why| format!("TLS_CERT: {why}"))?;
    if verify_server_name(&parsed, &name).is_err() {
        return Err(format!("TLS_CERT is not for {host}, where visitors come by BASE_URL"));
    }
    // rustls checks the dates of a certificate only when it verifies the chain. Each browser has
    // its own roots, so the last certificate is the root here, and other errors are ignored.
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(pair.cert.last().cloned());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), PROVIDER.clone());
    let Ok(verifier) = verifier.build() else { return Ok(()) };
    let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(at);
    match verifier.verify_server_cert(leaf, rest, &name, &[], at) {
        Err(Error::InvalidCertificate(Expired | ExpiredContext { .. })) => {
            Err("TLS_CERT has expired: renew the certificate".to_owned())
        }
        Err(Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. })) => {
            Err("TLS_CERT is not valid yet: is the clock of this machine right?".to_owned())
        }
        _ => Ok(()),
    }
}

fn load(files: &Files) -> Result<Arc<CertifiedKey>, String> {
    let unreadable =
        |name, path: &Path, why: &dyn Display| format!("{name}: {}: {why}", path.display());
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(|chain| chain.collect::<Result<Vec<_>, _>>())
        .map_err(|why| unreadable("TLS_CERT", &files.certificate, &why))?;
    if chain.is_empty() {
        return Err(unreadable("TLS_CERT", &files.certificate, &"holds no PEM certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|why| unreadable("TLS_KEY", &files.key, &why))?;
    let pair = CertifiedKey::from_der(chain, key, &PROVIDER);
    pair.map(Arc::new).map_err(|why| match why {
        Error::InconsistentKeys(_) => "TLS_KEY is not the key of TLS_CERT".to_owned(),
        why => unreadable("TLS_KEY", &files.key, &why),
    })
}

/// The certificate. It is loaded again when the files change.
#[derive(Debug)]
struct ReloadedCertificate {
    files: Files,
    known: Mutex<(Stamp, Arc<CertifiedKey>)>,
}

/// When each file was last written; `None` while one is missing.
type Stamp = Option<[SystemTime; 2]>;

impl ReloadedCertificate {
    fn open(files: Files) -> Result<Self, String> {
        // Read the stamp before the files, so that a change in between is noticed.
        let stamp = stamp(&files);
        let known = Mutex::new((stamp, load(&files)?));
        Ok(Self { files, known })
    }
}

impl ResolvesServerCert for ReloadedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.files);
        if stamp != known.0 {
            known.0 = stamp;
            match load(&self.files) {
                Ok(pair) => known.1 = pair,
                Err(mistake) => tracing::warn!(mistake, "the certificate from before stays in use"),
            }
        }
        Some(known.1.clone())
    }
}

fn stamp(files: &Files) -> Stamp {
    let written = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    Some([written(&files.certificate)?, written(&files.key)?])
}
