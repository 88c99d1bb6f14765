//! actix-session 0.11 calls its store once for each request with a valid cookie, even for a path
//! that does not exist, and shares nothing between concurrent requests. So
//! `src/web/session_loads.rs` loads the sessions of concurrent requests together.

use actix_session::SessionMiddleware;
use actix_web::App;
use actix_web::cookie::Key;
use actix_web::test::init_service;
use futures_util::future::join;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn two_requests_are_two_loads_and_a_missing_page_is_another() {
    let memory = Memory::default();
    let sessions = SessionMiddleware::new(memory.clone(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.calls();
    let visit = || answer(&service, get("/kept", &cookie).to_request());
    join(visit(), visit()).await;
    assert_eq!(memory.calls(), "load load");
    assert_eq!(answer(&service, get("/style.css", &cookie).to_request()).await.status, 404);
    assert_eq!(memory.calls(), "load");
}
