//! actix-session 0.11 loads all values before the handler, and writes all of them after it. Of two
//! concurrent requests, the later one overwrites the values of the other. So counters, and
//! everything that works once, have tables of their own, such as `src/throttle.rs` and
//! `src/accounts/half_login.rs`.

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};
use futures_util::future::join_all;
use tokio::sync::Barrier;

use super::{Memory, answer, get, routes};

async fn attempt(session: Session, all_loaded: web::Data<Barrier>) -> &'static str {
    let attempts = session.get::<u32>("kept").expect("a number").unwrap_or_default();
    all_loaded.wait().await;
    session.insert("kept", attempts + 1).expect("to keep it");
    if attempts < 2 { "allowed" } else { "too many" }
}

#[tokio::test]
async fn five_concurrent_attempts_count_as_one() {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .route("/attempt", web::get().to(attempt))
        .app_data(web::Data::new(Barrier::new(5)))
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.calls();
    let attempts = (0..5).map(|_| answer(&service, get("/attempt", &cookie).to_request()));
    let answers = join_all(attempts).await;
    assert_eq!(memory.calls(), "load load load load load update update update update update");
    assert!(answers.iter().all(|answer| answer.body == "allowed"), "the limit was one more");
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(2)");
}
