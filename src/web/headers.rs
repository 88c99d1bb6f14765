//! The headers on every response, errors included. (Not on those that actix gives before any of our
//! code runs: to a request that is no HTTP, or whose head is too large or too slow.)

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What a page may load and do. To use another source, an analytics host say, add it to the one
/// directive that needs it; `require-trusted-types-for` means that scripts set text, never HTML.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
/// What anything that is not a page may: nothing (ASVS 3.2.1).
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// On every answer. `same-origin` and not `no-referrer`: the latter makes browsers send
/// `Origin: null` with our own forms.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), \
         microphone=(), geolocation=()",
    ),
];
/// Two years (ASVS 3.4.1). Only over https: a browser ignores it on http, and must.
const TRANSPORT: &str = "max-age=63072000; includeSubDomains";

pub fn add(headers: &mut HeaderMap, https: bool) {
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let content = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let page = content.is_none_or(|content| content.starts_with(b"text/html"));
    let policy = if page { PAGE_POLICY } else { DATA_POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT));
    }
    // No response is cached unless it says so itself, as static files do: the back button
    // after a logout asks the server (ASVS 14.3.2).
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// More than any browser sends. HTTP/2 lets a client repeat a long header for one byte each, so a
/// few kilobytes on the wire would be a hundred megabytes here (HPACK bomb, CVE-2016-6581).
pub fn are_too_large(headers: &HeaderMap) -> bool {
    const VALUES: usize = 200;
    const BYTES: usize = 128 * 1024;
    let mut bytes = 0;
    headers.iter().enumerate().any(|(number, (name, value))| {
        bytes += name.as_str().len() + value.len();
        number >= VALUES || bytes > BYTES
    })
}

/// A header of a request as text; empty when it is absent or not text.
pub fn text<'a>(req: &'a ServiceRequest, name: &str) -> &'a str {
    req.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
