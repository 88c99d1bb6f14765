//! actix-session 0.11: after `purge`, all later changes in the same request are dropped without
//! an error, even a login. So `flows/start_session.rs` calls `clear`.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpMessage, HttpRequest, web};

use super::{Memory, answer, get};

async fn purge_then_log_in(req: HttpRequest, session: Session) -> &'static str {
    session.purge();
    Identity::login(&req.extensions(), "ada".to_owned()).expect("no error is reported");
    "logged in"
}

async fn clear_then_log_in(req: HttpRequest, session: Session) -> &'static str {
    session.clear();
    Identity::login(&req.extensions(), "ada".to_owned()).expect("no error");
    "logged in"
}

async fn keep(session: Session) -> &'static str {
    session.insert("anything", 1).expect("to keep it");
    ""
}

async fn who(identity: Option<Identity>) -> String {
    identity.and_then(|identity| identity.id().ok()).unwrap_or_else(|| "nobody".to_owned())
}

#[tokio::test]
async fn the_response_is_200_without_a_login() {
    let app = App::new()
        .route("/keep", web::get().to(keep))
        .route("/purge", web::get().to(purge_then_log_in))
        .route("/clear", web::get().to(clear_then_log_in))
        .route("/who", web::get().to(who))
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    for (path, expected) in [("/purge", "nobody"), ("/clear", "ada")] {
        let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
        let login = answer(&service, get(path, &cookie).to_request()).await;
        assert_eq!((login.status, login.body.as_str()), (200, "logged in"));
        assert_eq!(
            answer(&service, get("/who", &login.cookie).to_request()).await.body,
            expected,
            "{path}"
        );
    }
}
