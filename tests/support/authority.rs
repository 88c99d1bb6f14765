//! A certificate authority for one test, and a temporary folder that is deleted when dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;

pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("vestibule-{:016x}", rand::random::<u64>()));
        fs::create_dir(&path).expect("a folder for the files of a test");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The PEM files of a certificate with its chain, and of its key.
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

pub struct CertificateAuthority {
    root: CertifiedIssuer<'static, KeyPair>,
    folder: Folder,
}

impl CertificateAuthority {
    pub fn new() -> CertificateAuthority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let root = CertifiedIssuer::self_signed(params, key).expect("a root certificate");
        CertificateAuthority { root, folder: Folder::new() }
    }

    /// The root certificate, for the clients of the test.
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// Writes a certificate for this host, or replaces it as certbot would. It is valid from
    /// yesterday to `until`.
    pub fn issue(&self, host: &str, until: SystemTime) -> Files {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        params.not_before = (SystemTime::now() - Duration::from_hours(24)).into();
        params.not_after = until.into();
        let certificate = params.signed_by(&key, &self.root).expect("a certificate");
        let files = Files {
            certificate: self.folder.path().join(format!("{host}.pem")),
            key: self.folder.path().join(format!("{host}.key.pem")),
        };
        write(&files.certificate, &[certificate.pem(), self.root.pem()].concat());
        write(&files.key, &key.serialize_pem());
        files
    }
}

/// Advances the modification time at each write: two may fall into one tick of the clock.
pub fn write(path: &Path, text: &str) {
    let before = fs::metadata(path).and_then(|file| file.modified());
    fs::write(path, text).expect("to write a file of a test");
    if let Ok(before) = before {
        let file = File::options().write(true).open(path).expect("the file again");
        file.set_modified(before + Duration::from_secs(1)).expect("a later moment");
    }
}

pub fn tomorrow() -> SystemTime {
    SystemTime::now() + Duration::from_hours(24)
}
