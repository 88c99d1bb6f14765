//! Rejects settings with which nothing would speak HTTPS: neither the app itself nor a proxy.

use super::{Config, Environment};

/// The reason not to start, in development and production.
pub(super) fn refusal(config: &Config) -> Option<&'static str> {
    let scheme = config.base_url.as_ref().map(|url| url.scheme());
    let encrypted = config.tls.certificate.is_some() || !config.trusted_proxies.is_empty();
    match config.environment {
        _ if encrypted => None,
        Environment::Production => Some(
            "nothing speaks HTTPS: set TLS_CERT and TLS_KEY, or name the proxy that does so in \
             front of this app in TRUSTED_PROXIES, such as 10.0.0.7, or the word private",
        ),
        Environment::Development if scheme == Some("https") && !config.forwarded_port() => Some(
            "BASE_URL is https and nothing speaks it: set TLS_CERT=self-signed, or name the \
             proxy in front of this app in TRUSTED_PROXIES, such as 127.0.0.1",
        ),
        Environment::Development => None,
    }
}
