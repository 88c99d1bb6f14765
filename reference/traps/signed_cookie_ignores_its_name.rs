//! cookie 0.16: a signature covers the value of a cookie and not its name. So a value
//! that the app signed for one cookie is valid in another. `Private` encrypts the value and
//! authenticates the name: `src/server.rs` and `src/web/encrypted_cookie.rs` use it.

use actix_web::cookie::{Cookie, CookieJar, Key};

/// A jar with one cookie from a request.
fn received(name: &'static str, value: &str) -> CookieJar {
    let mut jar = CookieJar::new();
    jar.add_original(Cookie::new(name, value.to_owned()));
    jar
}

#[test]
fn a_value_signed_for_one_cookie_is_valid_in_another() {
    let (key, mut sent) = (Key::generate(), CookieJar::new());
    sent.signed_mut(&key).add(Cookie::new("nickname", "chosen by the visitor"));
    let signed = sent.get("nickname").expect("the cookie").value();
    let session = received("session", signed).signed(&key).get("session");
    assert_eq!(session.expect("a valid cookie").value(), "chosen by the visitor");

    sent.private_mut(&key).add(Cookie::new("nickname", "chosen by the visitor"));
    let encrypted = sent.get("nickname").expect("the cookie").value();
    assert_eq!(received("session", encrypted).private(&key).get("session"), None);
    assert!(received("nickname", encrypted).private(&key).get("nickname").is_some());
}
