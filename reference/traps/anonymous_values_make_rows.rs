//! actix-session 0.11 stores a session for every visitor without a cookie for whom a handler sets a
//! value. So values of anonymous visitors are in an encrypted cookie: `src/web/visitor_cookie.rs`.

use actix_session::SessionMiddleware;
use actix_web::App;
use actix_web::cookie::Key;
use actix_web::test::init_service;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn twenty_visits_are_twenty_rows() {
    let memory = Memory::default();
    let sessions = SessionMiddleware::new(memory.clone(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    for _ in 0..20 {
        answer(&service, get("/keep", "").to_request()).await;
    }
    assert_eq!(memory.sessions().rows.len(), 20);
}
