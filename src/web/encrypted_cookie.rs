//! Encrypted cookie values: AES-256-GCM, with the cookie's name authenticated.

use actix_web::cookie::{Cookie, CookieJar, Key};

use crate::keys::Keys;

/// Decrypts a value. `None`: this key did not encrypt it for this cookie.
pub fn decrypt(key: &Key, name: &'static str, value: &str) -> Option<String> {
    let mut jar = CookieJar::new();
    jar.add_original(Cookie::parse_encoded(format!("{name}={value}")).ok()?.into_owned());
    jar.private(key).get(name).map(|cookie| cookie.value().to_owned())
}

/// Encrypts a value, percent-encoded as the header holds it.
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

/// The value as the newest key encrypts it, and whether an older key had encrypted it. `None`: no
/// key of ours decrypts it.
pub fn reencrypt(keys: &Keys, name: &'static str, value: &str) -> Option<(String, bool)> {
    let newest = keys.newest_cookies();
    if decrypt(newest, name, value).is_some() {
        return Some((value.to_owned(), false));
    }
    decrypt_by_any(keys, name, value).map(|content| (encrypt(newest, name, content), true))
}

/// `None`: no key of ours decrypts it.
pub fn decrypt_by_any(keys: &Keys, name: &'static str, value: &str) -> Option<String> {
    keys.cookies().find_map(|key| decrypt(key, name, value))
}
