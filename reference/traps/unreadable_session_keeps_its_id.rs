//! actix-session 0.11: if the store returns `LoadError::Deserialization`, the request continues
//! with an empty session under the old ID. So our store never returns that error. It deletes the
//! row: `src/web/session_store.rs::load`.

use actix_session::SessionMiddleware;
use actix_web::App;
use actix_web::cookie::Key;
use actix_web::test::init_service;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn the_old_id_gets_new_values() {
    let memory = Memory::default();
    let sessions = SessionMiddleware::new(memory.clone(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.sessions().rows.values_mut().for_each(|row| row.push('}'));
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "None");
    memory.calls();
    answer(&service, get("/keep", &cookie).to_request()).await;
    assert_eq!(memory.calls(), "load update", "no save");
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
}
