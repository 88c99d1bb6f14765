//! Sealed cookie values: AES-256-GCM, with the cookie's name authenticated.

use actix_web::cookie::{Cookie, CookieJar, Key};

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
