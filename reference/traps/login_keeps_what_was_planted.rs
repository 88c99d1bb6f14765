//! actix-identity 0.9: `Identity::login` gives the session a new ID and keeps all of its values,
//! even those that an attacker planted. actix-session's `clear` drops the values and keeps the ID.
//! So `src/flows/start_session.rs::start` calls both.

use actix_identity::IdentityMiddleware;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};

use super::{Memory, answer, get, routes};

async fn clear(session: Session) -> &'static str {
    session.clear();
    ""
}

#[tokio::test]
async fn the_id_is_new_and_the_values_are_old() {
    let app = App::new()
        .configure(routes)
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let planted = answer(&service, get("/keep", "").to_request()).await.cookie;
    let own = answer(&service, get("/login", &planted).to_request()).await.cookie;
    assert_eq!(
        answer(&service, get("/kept", &planted).to_request()).await.body,
        "None",
        "the old ID is dead"
    );
    assert_eq!(answer(&service, get("/kept", &own).to_request()).await.body, "Some(1)");
}

#[tokio::test]
async fn clear_alone_keeps_the_id() {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .route("/clear", web::get().to(clear))
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    let service = init_service(app).await;
    let planted = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.calls();
    answer(&service, get("/clear", &planted).to_request()).await;
    assert_eq!(memory.calls(), "load update", "no delete, no save");
    answer(&service, get("/keep", &planted).to_request()).await;
    assert_eq!(answer(&service, get("/kept", &planted).to_request()).await.body, "Some(1)");
}
