//! The CSRF token of a form: an HMAC over a random value of the session or the visitor's cookie.

use actix_web::HttpRequest;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::keys::Keys;
use crate::state::AppState;
use crate::web::error::InvalidToken;
use crate::web::request_context::RequestContext;

/// Makes a token. It begins with random bytes, so it differs on every page. A token that stays the
/// same could be guessed from the sizes of compressed pages (BREACH).
pub fn token(keys: &Keys, context: &RequestContext) -> String {
    let nonce: [u8; 16] = rand::random();
    let mut token = nonce.to_vec();
    token.extend(mac(keys.newest_csrf(), &nonce, &context.csrf_binding()).finalize().into_bytes());
    BASE64.encode(token)
}

/// Whether `token` was made for this binding. Compares in constant time.
fn is_valid(keys: &Keys, token: &str, binding: &[u8]) -> bool {
    let Ok(token) = BASE64.decode(token) else { return false };
    let Some((nonce, tag)) = token.split_at_checked(16) else { return false };
    keys.csrf().any(|key| mac(key, nonce, binding).verify_slice(tag).is_ok())
}

fn mac(key: &[u8; 32], nonce: &[u8], binding: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(nonce);
    mac.update(binding);
    mac
}

pub(super) fn check(
    app: &AppState,
    req: &HttpRequest,
    context: &RequestContext,
    token: Option<&str>,
) -> Option<InvalidToken> {
    // Before `csrf_binding`, which makes a visitor cookie if there is none.
    let has_no_cookies = context.has_no_cookies();
    if token.is_some_and(|token| is_valid(&app.keys, token, &context.csrf_binding())) {
        return None;
    }
    // The browser says that our own page sent the form: an old tab, not an attack.
    let own = req.headers().get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    if own && token.is_some() {
        tracing::info!(target: "security", event = "form_out_of_date");
    } else {
        tracing::warn!(target: "security", event = "malicious_csrf", layer = "token");
    }
    // The browser did not send back the cookie that was set together with the form.
    let no_cookies = InvalidToken::NoCookies { https: app.origin.is_https() };
    Some(if has_no_cookies && token.is_some() { no_cookies } else { InvalidToken::OutOfDate })
}
