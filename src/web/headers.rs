//! Security headers, on every response and error page. Only the errors that actix sends before our
//! code runs lack them: for a request that is not HTTP, or whose head is too large or too slow.

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The Content-Security-Policy of pages. Add another source, such as an analytics host, only to the
/// directive that needs it. With `require-trusted-types-for` scripts can set text, but not HTML.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
/// The Content-Security-Policy of all other responses: everything is forbidden (ASVS 3.2.1).
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// On every response, parsed at compile time. The referrer policy is not `no-referrer`, because
/// then browsers send `Origin: null` with our own forms.
static ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    (
        header::PERMISSIONS_POLICY,
        HeaderValue::from_static(
            "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), \
             microphone=(), geolocation=()",
        ),
    ),
];
/// HSTS for two years (ASVS 3.4.1). Only over https: browsers must ignore it over http.
const TRANSPORT: &str = "max-age=63072000; includeSubDomains";

pub fn add(headers: &mut HeaderMap, https: bool) {
    for (name, value) in &ALWAYS {
        headers.insert(name.clone(), value.clone());
    }
    // A response may have its own policy. `tests/house_rules.rs` lists the files that may set one.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let content = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let page = content.is_none_or(|content| content.starts_with(b"text/html"));
        let policy = if page { PAGE_POLICY } else { DATA_POLICY };
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT));
    }
    // Browsers may only cache a response that says so itself, such as a static file. So the back
    // button after a logout sends a new request and shows no old page (ASVS 14.3.2).
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Whether the headers are larger than any browser sends. An HTTP/2 client can repeat a long header
/// for one byte each, so a few kilobytes could become 100 MB here (HPACK bomb, CVE-2016-6581).
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

/// Whether a request has a JSON body: then its response is JSON too, also when it fails.
pub fn is_json(req: &impl HttpMessage) -> bool {
    let content = req.headers().get(header::CONTENT_TYPE);
    content.is_some_and(|content| content.as_bytes().starts_with(b"application/json"))
}
