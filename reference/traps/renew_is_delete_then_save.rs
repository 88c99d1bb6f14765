//! actix-session 0.11: `renew` is `delete`, then `save`. If the second one fails, there is no
//! session any more. If it succeeds, the session is a new one for the store, and its time begins
//! again. But the response sets the key that `update` returns, so a store can rotate the ID with
//! one statement. So does ours: `src/web/session_rotation.rs::in_place`.

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::{init_service, try_call_service};
use actix_web::{App, web};

use super::{Memory, OnUpdate, answer, get, routes};

#[expect(clippy::disallowed_methods, reason = "this is what the ban is about")]
async fn renew(session: Session) -> &'static str {
    session.renew();
    ""
}

#[tokio::test]
async fn when_the_save_fails_the_session_is_gone() {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .route("/renew", web::get().to(renew))
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.calls();
    memory.sessions().failing = Some("save");
    let failure = try_call_service(&service, get("/renew", &cookie).to_request()).await;
    assert_eq!(failure.expect_err("an error").error_response().status(), 500);
    assert_eq!(memory.calls(), "load delete save");
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "None");
}

#[tokio::test]
async fn the_time_to_live_begins_again() {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .route("/renew", web::get().to(renew))
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    let whole = memory.sessions().ttl.take();
    memory.calls();
    answer(&service, get("/renew", &cookie).to_request()).await;
    assert_eq!(memory.calls(), "load delete save", "save is not told which session it continues");
    assert_eq!(memory.sessions().ttl, whole);
}

#[tokio::test]
async fn an_update_may_return_a_new_key_which_the_response_sets() {
    let memory = Memory::default();
    memory.sessions().on_update = OnUpdate::NewKey;
    let sessions = SessionMiddleware::new(memory.clone(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let old = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.calls();
    let new = answer(&service, get("/keep", &old).to_request()).await.cookie;
    assert_eq!(memory.calls(), "load update");
    for (cookie, expected) in [(old, "None"), (new, "Some(1)")] {
        assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, expected);
    }
}
