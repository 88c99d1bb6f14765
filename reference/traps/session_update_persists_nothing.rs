//! actix-session 0.11: `Session::update` changes a value for this request and stores nothing. Nor
//! does `update_or`, if the value exists. So `.clippy.toml` forbids both. Our code calls `insert`.

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};

use super::{Memory, answer, get, routes};

#[expect(clippy::disallowed_methods, reason = "this is what the ban is about")]
async fn update(session: Session) -> String {
    session.update("kept", |kept: u32| kept + 1).expect("no error is reported");
    super::kept(session).await
}

#[expect(clippy::disallowed_methods, reason = "this is what the ban is about")]
async fn update_or(session: Session) -> String {
    session.update_or("kept", 0, |kept: u32| kept + 1).expect("no error is reported");
    super::kept(session).await
}

#[tokio::test]
async fn a_value_changed_with_update_is_lost_after_the_request() {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .route("/update", web::get().to(update))
        .route("/update-or", web::get().to(update_or))
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.calls();
    for path in ["/update", "/update-or"] {
        assert_eq!(answer(&service, get(path, &cookie).to_request()).await.body, "Some(2)");
        assert_eq!(memory.calls(), "load", "and no update");
        assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
        memory.calls();
    }
}
