//! The public origin of this site, and the comparison of other origins with it.
//!
//! The origin is configured, and never read from a request. The comparison ignores case, and a
//! default port may be present or absent (RFC 9110 §4.2.3). Some proxies write the default port
//! (nginx: `proxy_set_header Host $host:$server_port`); browsers do not.

use actix_web::http::Uri;
use url::Url;

pub struct Origin {
    /// `https://example.com`, in lower case, without a default port or a trailing slash.
    pub url: String,
    /// `example.com`, with the port if it is not the default one.
    pub host: String,
    /// `443` for https, `80` for http; `None` if this origin has another port.
    default_port: Option<&'static str>,
}

impl Origin {
    pub fn new(url: &Url) -> Self {
        let default_port = match (url.scheme(), url.port()) {
            ("https", None) => Some("443"),
            (_, None) => Some("80"),
            _ => None,
        };
        let url = url.origin().ascii_serialization();
        let host = url.split_once("://").map(|(_, host)| host.to_owned()).unwrap_or_default();
        Self { url, host, default_port }
    }

    pub fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// Whether a `Host` header, or the authority of a URL, names this origin.
    pub fn has_host(&self, host: &[u8]) -> bool {
        let Some((name, rest)) = host.split_at_checked(self.host.len()) else { return false };
        let port = self.default_port.map(str::as_bytes);
        let no_other_port = match rest.strip_prefix(b":") {
            Some(written) => port.is_some_and(|port| written.is_empty() || written == port),
            None => rest.is_empty(),
        };
        no_other_port && name.eq_ignore_ascii_case(self.host.as_bytes())
    }

    /// Whether an `Origin` header names this origin.
    pub fn is_named_by(&self, origin: &str) -> bool {
        let scheme = self.url.split_once(':').map_or("", |(scheme, _)| scheme);
        origin.split_once("://").is_some_and(|(theirs, host)| {
            theirs.eq_ignore_ascii_case(scheme) && self.has_host(host.as_bytes())
        })
    }

    /// The URL of the requested page on this origin, whatever host the request named. In HTTP/2 a
    /// path can lack the slash, and `https://example.com@evil.example` is a URL of `evil.example`.
    pub fn with_path_of(&self, uri: &Uri) -> String {
        let path = uri.path_and_query().map(|path| path.as_str());
        format!("{}{}", self.url, path.filter(|path| path.starts_with('/')).unwrap_or("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `BASE_URL`; spellings of the same origin; other origins.
    const ORIGINS: [(&str, &[&str], &[&str]); 5] = [
        (
            "https://example.com",
            &[
                "https://example.com",
                "HTTPS://Example.COM",
                "https://example.com:443",
                "https://example.com:",
            ],
            &[
                "http://example.com",
                "https://example.com:80",
                "https://example.com:4430",
                "https://example.com:443:443",
                "https://example.com:0443",
                "https://example.com.evil.example",
                "https://evil.example:443",
                "https://a@example.com",
                "https://example.com/",
                "example.com",
                "null",
                "",
            ],
        ),
        (
            "http://localhost",
            &["http://localhost:80", "http://LOCALHOST"],
            &["http://localhost:443", "https://localhost:80"],
        ),
        (
            "https://example.com:8443",
            &["https://example.com:8443"],
            &["https://example.com", "https://example.com:8443:443", "https://example.com:443"],
        ),
        (
            "http://[::1]",
            &["http://[::1]:80", "http://[::1]"],
            &["http://[::1]:8080", "http://[::1"],
        ),
        ("https://xn--bcher-kva.example", &["https://XN--bcher-kva.example:443"], &["https://b"]),
    ];

    #[test]
    fn equal_origins_compare_equal() {
        for (base_url, same, others) in ORIGINS {
            let origin = Origin::new(&base_url.parse().unwrap());
            assert_eq!(origin.url, base_url);
            for same in same {
                assert!(origin.is_named_by(same), "{base_url} {same}");
                let written = Origin::new(&format!("{same}/").parse().unwrap());
                assert_eq!((written.url, written.host), (origin.url.clone(), origin.host.clone()));
            }
            for other in others {
                assert!(!origin.is_named_by(other), "{base_url} {other}");
            }
        }
    }
}
