//! The self-signed certificate of development, for this machine.
//!
//! It is kept in a file, because browsers warn their user of each unknown certificate. A new one at
//! every start would mean a new warning.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};

use super::{Files, check};

const LIFETIME: Duration = Duration::from_secs(365 * 86_400);
/// How long before its expiry it is replaced.
const EARLY: Duration = Duration::from_secs(7 * 86_400);

/// The certificate in `folder`, generated if it is missing or expires soon. The file contains the
/// private key too, so only its owner can read it. A rename puts it in place, never half written.
///
/// # Errors
/// When the file cannot be written.
pub fn self_signed(folder: &Path) -> anyhow::Result<Files> {
    let path = folder.join("localhost.pem");
    let files = Files { certificate: path.clone(), key: path.clone() };
    if check(&files, "localhost", SystemTime::now() + EARLY).is_ok() {
        return Ok(files);
    }
    let key = KeyPair::generate()?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut certificate = CertificateParams::new(names)?;
    certificate.distinguished_name.push(DnType::CommonName, "Vestibule in development");
    // Safari requires this extension.
    certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    certificate.not_before = SystemTime::now().into();
    certificate.not_after = (SystemTime::now() + LIFETIME).into();
    let pem = key.serialize_pem() + certificate.self_signed(&key)?.pem().as_str();

    let draft = folder.join(format!("localhost.{:08x}", rand::random::<u32>()));
    let mut private = OpenOptions::new();
    private.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut private, 0o600);
    fs::create_dir_all(folder)
        .and_then(|()| private.open(&draft))
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .and_then(|()| fs::rename(&draft, &path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(files)
}
