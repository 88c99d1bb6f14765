//! Sealed cookie values: AES-256-GCM, with the cookie's name authenticated.

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

/// Seals with the newest key what an older one sealed; `None` when there is no need, or no key
/// opens it.
pub fn reseal(keys: &Keys, name: &'static str, value: &str) -> Option<String> {
    let mut keys = keys.cookies();
    let newest = keys.next()?;
    if open(newest, name, value).is_some() {
        return None;
    }
    keys.find_map(|key| open(key, name, value)).map(|id| seal(newest, name, id))
}
