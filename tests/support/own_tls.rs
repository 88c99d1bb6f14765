//! A site that serves HTTPS itself, with a certificate of its own authority.

use std::sync::Arc;

use super::authority::{CertificateAuthority, tomorrow};
use super::site::Site;

impl Site {
    /// Serves HTTPS itself, and redirects plain HTTP to it.
    pub async fn with_tls(settings: &[(&str, &str)]) -> Site {
        let authority = CertificateAuthority::new();
        let files = authority.issue("localhost", tomorrow());
        let (certificate, key) = (files.certificate.to_str(), files.key.to_str());
        let mut all = vec![
            ("TLS_CERT", certificate.expect("a path in UTF-8")),
            ("TLS_KEY", key.expect("a path in UTF-8")),
            ("LISTEN_HTTP", "127.0.0.1:0"),
        ];
        all.extend(settings);
        let mut site = Site::with(&all).await;
        site.authority = Some(Arc::new(authority));
        site
    }
}
