//! actix-session 0.11 builds a `__Host-` cookie without `Secure` and with any path. Browsers ignore
//! such a cookie, so a login seems to succeed and the next page asks for it again. Ours is always
//! `Secure` with the path `/`: `src/server.rs`.

use actix_session::SessionMiddleware;
use actix_web::App;
use actix_web::cookie::Key;
use actix_web::test::init_service;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn a_cookie_that_browsers_ignore_is_built_without_an_error() {
    let sessions = SessionMiddleware::builder(Memory::default(), Key::generate())
        .cookie_name("__Host-id".to_owned())
        .cookie_secure(false)
        .cookie_path("/app".to_owned())
        .build();
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let set = answer(&service, get("/keep", "").to_request()).await.set_cookie;
    assert!(set.starts_with("__Host-id=") && set.contains("Path=/app"), "{set}");
    assert!(!set.contains("Secure"), "{set}");
}
