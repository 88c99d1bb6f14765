//! actix-session 0.11 turns any error of its store into an empty 500. `DefaultHeaders` adds no
//! headers to it. The session is saved after the handler, so what the handler has done remains, and
//! its response and its cookies are lost. So the outermost middleware,
//! `src/web/outermost.rs::complete`, adds the page and the headers. A change of credentials rotates
//! the session in its own transaction: `src/accounts/session/rotation.rs::rotate_in_place`.

use std::sync::atomic::{AtomicU32, Ordering};

use actix_session::{Session, SessionMiddleware};
use actix_web::body::to_bytes;
use actix_web::cookie::{Cookie, Key};
use actix_web::test::{init_service, try_call_service};
use actix_web::{App, HttpResponse, web};

use super::{Memory, answer, default_headers, get, routes};

/// Registers somebody, and sets a cookie.
async fn register(session: Session, registered: web::Data<AtomicU32>) -> HttpResponse {
    registered.fetch_add(1, Ordering::Relaxed);
    session.insert("kept", 1).expect("to keep it");
    HttpResponse::Ok().cookie(Cookie::new("device", "known")).body("Welcome!")
}

#[tokio::test]
async fn the_response_has_neither_body_nor_headers() {
    let memory = Memory::default();
    memory.sessions().failing = Some("save");
    let app = App::new()
        .configure(routes)
        .wrap(SessionMiddleware::new(memory, Key::generate()))
        .wrap(default_headers());
    let service = init_service(app).await;
    let failure = try_call_service(&service, get("/keep", "").to_request()).await;
    let answer = failure.expect_err("an error for actix to answer").error_response();
    assert_eq!(answer.status(), 500);
    assert!(!answer.headers().contains_key("x-frame-options"));
    assert_eq!(to_bytes(answer.into_body()).await.expect("a body"), "");
}

#[tokio::test]
async fn the_work_of_the_handler_remains_and_its_response_is_lost() {
    let memory = Memory::default();
    memory.sessions().failing = Some("save");
    let registered = web::Data::new(AtomicU32::new(0));
    let app = App::new()
        .route("/register", web::get().to(register))
        .app_data(registered.clone())
        .wrap(SessionMiddleware::new(memory, Key::generate()));
    let service = init_service(app).await;
    let failure = try_call_service(&service, get("/register", "").to_request()).await;
    let answer = failure.expect_err("an error for actix to answer").error_response();
    assert_eq!((answer.status().as_u16(), answer.cookies().count()), (500, 0));
    assert_eq!(registered.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_load_that_fails_stops_even_a_404_but_only_with_a_cookie() {
    let memory = Memory::default();
    let sessions = SessionMiddleware::new(memory.clone(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.sessions().failing = Some("load");
    assert_eq!(answer(&service, get("/style.css", "").to_request()).await.status, 404);
    let failure = try_call_service(&service, get("/style.css", &cookie).to_request()).await;
    assert_eq!(failure.expect_err("an error").error_response().status(), 500);
}

#[tokio::test]
async fn after_a_delete_that_fails_the_session_is_still_valid() {
    let memory = Memory::default();
    let sessions = SessionMiddleware::new(memory.clone(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    memory.sessions().failing = Some("delete");
    let failure = try_call_service(&service, get("/logout", &cookie).to_request()).await;
    assert_eq!(failure.expect_err("an error").error_response().status(), 500);
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
}
