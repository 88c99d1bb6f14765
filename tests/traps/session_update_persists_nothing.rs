//! actix-session 0.11: `Session::update` changes a value for this request and stores nothing.
//! So `.clippy.toml` forbids it, and our code calls `get`, then `insert`.

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};

use super::{Memory, answer, get};

#[expect(clippy::disallowed_methods, reason = "this is what the ban is about")]
async fn count(session: Session) -> String {
    session.update("count", |count: u32| count + 1).expect("no error is reported");
    session.get::<u32>("count").expect("a number").unwrap_or_default().to_string()
}

async fn begin(session: Session) -> &'static str {
    session.insert("count", 0).expect("to keep it");
    ""
}

#[tokio::test]
async fn a_value_changed_with_update_is_lost_after_the_request() {
    let app = App::new()
        .route("/begin", web::get().to(begin))
        .route("/count", web::get().to(count))
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/begin", "").to_request()).await.cookie;
    assert_eq!(answer(&service, get("/count", &cookie).to_request()).await.body, "1");
    assert_eq!(
        answer(&service, get("/count", &cookie).to_request()).await.body,
        "1",
        "still 1: 2 would be right"
    );
}
