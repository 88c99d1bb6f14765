//! actix-session 0.11: after `purge`, all later changes in the same request are dropped without an
//! error: a value, and even a login. So `src/flows/start_session.rs::start` calls `clear`, and a
//! message for the page after a logout is in a cookie of its own:
//! `src/web/visitor_cookie.rs::set_flash`.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpMessage, HttpRequest, web};

use super::{Memory, answer, get, routes};

async fn purge_then_log_in(req: HttpRequest, session: Session) -> &'static str {
    session.purge();
    session.insert("kept", 2).expect("no error is reported");
    Identity::login(&req.extensions(), "ada".to_owned()).expect("no error is reported");
    "logged in"
}

async fn clear_then_log_in(req: HttpRequest, session: Session) -> &'static str {
    session.clear();
    session.insert("kept", 2).expect("no error");
    Identity::login(&req.extensions(), "ada".to_owned()).expect("no error");
    "logged in"
}

#[tokio::test]
async fn the_response_is_200_without_a_login() {
    let app = App::new()
        .configure(routes)
        .route("/purge", web::get().to(purge_then_log_in))
        .route("/clear", web::get().to(clear_then_log_in))
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    for (path, user, value) in [("/purge", "nobody", "None"), ("/clear", "ada", "Some(2)")] {
        let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
        let login = answer(&service, get(path, &cookie).to_request()).await;
        assert_eq!((login.status, login.body.as_str()), (200, "logged in"));
        assert_eq!(answer(&service, get("/who", &login.cookie).to_request()).await.body, user);
        assert_eq!(answer(&service, get("/kept", &login.cookie).to_request()).await.body, value);
    }
}
