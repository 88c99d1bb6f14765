//! Reads the body of a form, and rejects a body that no browser would send. actix's extractor has
//! no time limit, and replaces invalid UTF-8, so two passwords can become one
//! (`docs/actix-session.md`).

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use futures_util::StreamExt;
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::error::Error;

/// The maximum size of a form.
pub const MAX_BYTES: usize = 16 * 1024;
/// The time limit for receiving a body.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Decoded names and values, in the order of the body.
pub type Fields = Vec<(String, String)>;

/// Reads an `application/x-www-form-urlencoded` body.
///
/// # Errors
/// 400 broken body or invalid UTF-8 · 408 slower than 10 s · 413 larger than 16 KiB · 415 wrong
/// type or charset, or compressed.
pub async fn read(req: &HttpRequest, payload: Payload) -> Result<Fields, Error> {
    let content = req.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content.is_some_and(is_plain_form) {
        return Err(UNREADABLE);
    }
    decode(&read_body(req, payload, MAX_BYTES).await?)
}

/// Reads a body of at most `max` bytes.
///
/// # Errors
/// 400 broken body · 408 slower than 10 s · 413 too large · 415 compressed.
pub async fn read_body(
    req: &HttpRequest,
    mut payload: Payload,
    max: usize,
) -> Result<Vec<u8>, Error> {
    if req.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(UNREADABLE);
    }
    let too_large = Error::Malformed(StatusCode::PAYLOAD_TOO_LARGE, "This form is too large.");
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|length| length.parse().ok()).is_some_and(|length: usize| length > max) {
        return Err(too_large);
    }
    let body = tokio::time::timeout(TIMEOUT, async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            body.extend_from_slice(&chunk.map_err(|_| MALFORMED)?);
            if body.len() > max {
                return Err(too_large);
            }
        }
        Ok(body)
    });
    body.await.map_err(|_| {
        Error::Malformed(
            StatusCode::REQUEST_TIMEOUT,
            "The form took too long to arrive. Send it again.",
        )
    })?
}

const UNREADABLE: Error =
    Error::Malformed(StatusCode::UNSUPPORTED_MEDIA_TYPE, "This site can't read this kind of form.");

const MALFORMED: Error = Error::Malformed(
    StatusCode::BAD_REQUEST,
    "We couldn't read this form. Reload its page and try again.",
);

/// `charset=utf-8` or none: a filter in front of the app could decode another charset differently
/// than the app.
fn is_plain_form(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        && parts.all(|parameter| parameter.eq_ignore_ascii_case("charset=utf-8"))
}

fn decode(body: &[u8]) -> Result<Fields, Error> {
    let text = |raw: &[u8]| {
        let spaced: Vec<u8> = raw.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
        let decoded = percent_decode(&spaced).decode_utf8().map(|text| text.into_owned());
        decoded.map_err(|_| {
            Error::Malformed(StatusCode::BAD_REQUEST, "The form contains text that isn't UTF-8.")
        })
    };
    body.split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let equals = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            Ok((text(&pair[..equals])?, text(pair.get(equals + 1..).unwrap_or_default())?))
        })
        .collect()
}

/// Removes a field and returns its value.
///
/// # Errors
/// 400 when it is sent twice.
pub fn take(fields: &mut Fields, name: &str) -> Result<Option<String>, Error> {
    let mut found = fields.extract_if(.., |(field, _)| field == name).map(|(_, value)| value);
    let first = found.next();
    if found.next().is_some() { Err(MALFORMED) } else { Ok(first) }
}

/// Fills a form's struct. Unknown fields are ignored. `docs/forms.md` lists the types of fields.
///
/// # Errors
/// 400 when a field is missing, or has a value that no page of ours sends, such as an unknown
/// variant of an enum; or when a field that is no list is sent twice (HTTP parameter pollution,
/// ASVS 15.3.7). For a value that people can mistype, use `Typed`: its error is a message at the
/// field.
pub fn deserialize<T: DeserializeOwned>(fields: Fields) -> Result<T, Error> {
    // serde_html_form reads what `decode` understood, encoded again. If it read the body itself,
    // two parsers would read the bytes of a client, and could understand them differently.
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    serde_html_form::from_str(&form).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Login {
        email: String,
        #[serde(default)]
        remember: Option<String>,
    }

    fn parse(body: &[u8]) -> Result<Login, Error> {
        decode(body).and_then(deserialize)
    }

    #[test]
    fn a_form_is_read_as_a_browser_sends_it() {
        let login = parse(b"email=ada%40example.com&unknown=1&remember=on").unwrap();
        assert_eq!(login, Login { email: "ada@example.com".into(), remember: Some("on".into()) });
        assert_eq!(parse(b"email=a+b%2Bc&unknown=1&unknown=2").unwrap().email, "a b+c");
        assert_eq!(parse(b"email=%zz%e2%82%ac").unwrap().email, "%zz€");
    }

    #[test]
    fn ambiguous_forms_are_rejected() {
        for body in ["email=a&email=b", "email=a&remember=on&remember=on", "remember=on"] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
        for body in [&b"email=%ff"[..], b"email=\xff", b"email=%ed%a0%80", b"%ff=1&email=a"] {
            assert!(parse(body).is_err(), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn only_utf_8_forms_are_understood() {
        assert!(is_plain_form("application/x-www-form-urlencoded"));
        assert!(is_plain_form("Application/X-WWW-Form-Urlencoded; charset=UTF-8"));
        assert!(!is_plain_form("application/x-www-form-urlencoded; charset=utf-16le"));
        assert!(!is_plain_form("text/plain"));
        assert!(!is_plain_form("multipart/form-data; boundary=x"));
    }
}
