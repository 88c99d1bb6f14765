//! actix-session 0.11 does not remove a cookie whose session does not exist, not even at a logout.
//! The browser sends it until it is closed. So `src/web/set_cookie.rs::complete` removes it.

use actix_session::SessionMiddleware;
use actix_web::App;
use actix_web::cookie::Key;
use actix_web::test::init_service;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn only_the_logout_of_a_session_that_exists_removes_the_cookie() {
    let sessions = SessionMiddleware::new(Memory::default(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    let first = answer(&service, get("/logout", &cookie).to_request()).await;
    assert!(first.set_cookie.contains("Max-Age=0"), "{}", first.set_cookie);
    for path in ["/logout", "/kept"] {
        assert_eq!(answer(&service, get(path, &cookie).to_request()).await.set_cookie, "");
    }
}
