//! actix-session 0.11: the cookie holds the session ID and nothing else, so only the store can end
//! a session. The store gets the same ID, so with a stolen dump of its rows, and the key of the
//! cookies, every session can be taken over. Our timeouts are columns of the row, and the row holds
//! a SHA-256 hash of the ID: `src/accounts/session_id.rs::hash`.

use actix_session::SessionMiddleware;
use actix_web::App;
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::test::init_service;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn the_cookie_and_the_row_have_the_same_id() {
    let (memory, key) = (Memory::default(), Key::generate());
    let sessions = SessionMiddleware::new(memory.clone(), key.clone());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    let mut jar = CookieJar::new();
    jar.add_original(Cookie::parse_encoded(cookie).expect("a cookie"));
    let decrypted = jar.private(&key).get("id").expect("a valid cookie");
    assert!(memory.sessions().rows.keys().eq([decrypted.value()]), "and no time");
}
