//! actix-session 0.11 saves the session before the body of the response is sent. A change that a
//! streamed body makes is lost without an error. Our one streamed response,
//! `src/flows/account/export.rs`, does not touch the session.

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::web::Bytes;
use actix_web::{App, Error, HttpResponse, web};
use futures_util::stream::once;

use super::{Memory, answer, get, routes};

async fn stream(session: Session) -> HttpResponse {
    HttpResponse::Ok().streaming(once(Box::pin(async move {
        session.insert("kept", 2).expect("no error is reported");
        Ok::<_, Error>(Bytes::from("sent"))
    })))
}

#[tokio::test]
async fn a_value_set_while_the_body_is_sent_is_lost() {
    let app = App::new()
        .configure(routes)
        .route("/stream", web::get().to(stream))
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    assert_eq!(answer(&service, get("/stream", &cookie).to_request()).await.body, "sent");
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
}
