//! Sealed, that is encrypted, cookie values: AES-256-GCM, with the cookie's name authenticated.

use actix_web::cookie::{Cookie, CookieJar, Key};

use crate::keys::Keys;

/// `None` for what this key did not seal for this cookie.
pub fn open(key: &Key, name: &'static str, value: &str) -> Option<String> {
    let mut jar = CookieJar::new();
    jar.add_original(Cookie::parse_encoded(format!("{name}={value}")).ok()?.into_owned());
    jar.private(key).get(name).map(|cookie| cookie.value().to_owned())
}

/// Seals a value, percent-encoded as it travels.
pub fn seal(key: &Key, name: &'static str, value: String) -> String {
    let mut jar = CookieJar::new();
    jar.private_mut(key).add(Cookie::new(name, value));
    let sealed = jar.get(name).map(|cookie| cookie.encoded().stripped().to_string());
    sealed
        .unwrap_or_default()
        .split_once('=')
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default()
}

/// A value sealed by the newest key, and whether an older one had sealed it before. `None`: no key
/// of ours opens it.
pub fn reseal(keys: &Keys, name: &'static str, value: &str) -> Option<(String, bool)> {
    let newest = keys.cookies().next()?;
    if open(newest, name, value).is_some() {
        return Some((value.to_owned(), false));
    }
    open_by_any(keys, name, value).map(|content| (seal(newest, name, content), true))
}

/// `None`: no key of ours opens it.
pub fn open_by_any(keys: &Keys, name: &'static str, value: &str) -> Option<String> {
    keys.cookies().find_map(|key| open(key, name, value))
}
