//! actix-session 0.11 knows one time to live, and gives the store the whole of it at every change.
//! So an active session never ends. A request that only reads calls the store for nothing else, so
//! a session that is only read ends although it is in use. Our timeouts are columns of the row:
//! `src/accounts/session/upkeep.rs::touch`.

use actix_session::SessionMiddleware;
use actix_session::config::BrowserSession;
use actix_web::App;
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::test::init_service;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn a_change_begins_the_hour_again_and_a_read_changes_nothing() {
    let memory = Memory::default();
    let an_hour = BrowserSession::default().state_ttl(Duration::hours(1));
    let sessions = SessionMiddleware::builder(memory.clone(), Key::generate());
    let app = App::new().configure(routes).wrap(sessions.session_lifecycle(an_hour).build());
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    for _ in 0..3 {
        memory.sessions().ttl = None;
        answer(&service, get("/keep", &cookie).to_request()).await;
        assert_eq!(memory.sessions().ttl, Some(Duration::hours(1)));
    }
    memory.calls();
    answer(&service, get("/kept", &cookie).to_request()).await;
    assert_eq!(memory.calls(), "load", "neither update nor update_ttl");
}
