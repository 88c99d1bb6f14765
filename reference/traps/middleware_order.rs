//! actix-identity 0.9 works on both sides of `SessionMiddleware`. But outside of it, the deadlines
//! are checked before the session is loaded, and so never. Without `IdentityMiddleware`, the
//! extractor panics. A middleware outside of `SessionMiddleware` sees an empty session. With a
//! second `SessionMiddleware` inside the first, the first one writes an empty session.
//! `src/server.rs::serve` is the one place that wraps the app.

use std::time::Duration;

use actix_identity::IdentityMiddleware;
use actix_session::{Session, SessionExt, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::dev::Service;
use actix_web::test::init_service;
use actix_web::{App, web};

use super::{Memory, answer, get, routes};

fn deadline() -> IdentityMiddleware {
    let hour = Duration::from_secs(3600);
    IdentityMiddleware::builder().login_deadline(Some(hour)).build()
}

async fn age(session: Session) -> &'static str {
    session.insert("actix_identity.logged_in_at", 0).expect("to keep it");
    ""
}

fn with_age(app: &mut web::ServiceConfig) {
    app.configure(routes).route("/age", web::get().to(age));
}

#[tokio::test]
async fn outside_of_the_session_deadlines_are_never_checked() {
    let sessions = || SessionMiddleware::new(Memory::default(), Key::generate());
    let right = App::new().configure(with_age).wrap(deadline()).wrap(sessions());
    let right = init_service(right).await;
    let wrong = App::new().configure(with_age).wrap(sessions()).wrap(deadline());
    let wrong = init_service(wrong).await;
    let cookie = answer(&right, get("/login", "").to_request()).await.cookie;
    answer(&right, get("/age", &cookie).to_request()).await;
    assert_eq!(answer(&right, get("/who", &cookie).to_request()).await.body, "nobody");
    let cookie = answer(&wrong, get("/login", "").to_request()).await.cookie;
    answer(&wrong, get("/age", &cookie).to_request()).await;
    assert_eq!(answer(&wrong, get("/who", &cookie).to_request()).await.body, "ada");
}

#[tokio::test]
#[should_panic(expected = "`IdentityMiddleware` has not been registered")]
async fn without_the_middleware_the_extractor_panics() {
    let sessions = SessionMiddleware::new(Memory::default(), Key::generate());
    let service = init_service(App::new().configure(routes).wrap(sessions)).await;
    answer(&service, get("/who", "").to_request()).await;
}

#[tokio::test]
async fn a_middleware_outside_of_the_session_sees_none_of_its_values() {
    let app = App::new()
        .configure(routes)
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()))
        .wrap_fn(|req, service| {
            let value = |session: Session| session.get::<u32>("kept").expect("a number");
            assert_eq!(value(req.get_session()), None, "before the handler");
            let response = service.call(req);
            async move {
                let response = response.await?;
                assert_eq!(value(response.request().get_session()), None, "after the handler");
                Ok(response)
            }
        });
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
}

#[tokio::test]
async fn a_second_session_middleware_empties_the_session() {
    let (memory, key) = (Memory::default(), Key::generate());
    let sessions = || SessionMiddleware::new(memory.clone(), key.clone());
    let app = App::new().configure(routes).wrap(sessions()).wrap(sessions());
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
    memory.calls();
    answer(&service, get("/keep", &cookie).to_request()).await;
    assert_eq!(memory.calls(), "load load update update");
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "None");
}
