//! Encrypts and decrypts cookie values with AES-256-GCM, which authenticates the cookie's name too.

use actix_web::cookie::{Cookie, CookieJar, Key};

use crate::keys::Keys;

/// Decrypts a value. `None` if it was not encrypted with this key for a cookie of this name.
pub fn decrypt(key: &Key, name: &'static str, value: &str) -> Option<String> {
    let mut jar = CookieJar::new();
    jar.add_original(Cookie::parse_encoded(format!("{name}={value}")).ok()?.into_owned());
    jar.private(key).get(name).map(|cookie| cookie.value().to_owned())
}

/// Encrypts a value. The result is percent-encoded for the `Set-Cookie` header.
pub fn encrypt(key: &Key, name: &'static str, value: String) -> String {
    let mut jar = CookieJar::new();
    jar.private_mut(key).add(Cookie::new(name, value));
    let encrypted = jar.get(name).map(|cookie| cookie.encoded().stripped().to_string());
    encrypted
        .unwrap_or_default()
        .split_once('=')
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default()
}

/// Returns the value encrypted with the newest key, and whether an older key had encrypted it.
/// `None` if no key decrypts it. With a single key there is nothing to do, and the value is
/// returned unread.
pub fn reencrypt(keys: &Keys, name: &'static str, value: &str) -> Option<(String, bool)> {
    let newest = keys.newest_cookies();
    if keys.cookies().count() == 1 || decrypt(newest, name, value).is_some() {
        return Some((value.to_owned(), false));
    }
    decrypt_by_any(keys, name, value).map(|content| (encrypt(newest, name, content), true))
}

/// Decrypts a value with any of our keys. `None` if none of them decrypts it.
pub fn decrypt_by_any(keys: &Keys, name: &'static str, value: &str) -> Option<String> {
    keys.cookies().find_map(|key| decrypt(key, name, value))
}
