//! actix-identity 0.9: two concurrent logins of one browser begin two sessions. The browser keeps
//! the cookie of one, and the other one is valid until it expires. So the number of sessions of a
//! user is limited, with the user's row locked: `src/accounts/session.rs::start`.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::SessionMiddleware;
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpMessage, HttpRequest, web};
use futures_util::future::join;
use tokio::sync::Barrier;

use super::{Memory, answer, get, routes};

async fn log_in_together(req: HttpRequest, both: web::Data<Barrier>) -> &'static str {
    both.wait().await;
    Identity::login(&req.extensions(), "ada".to_owned()).expect("no error");
    ""
}

#[tokio::test]
async fn a_double_click_leaves_a_session_that_nobody_uses() {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .route("/together", web::get().to(log_in_together))
        .app_data(web::Data::new(Barrier::new(2)))
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    let log_in = || answer(&service, get("/together", &cookie).to_request());
    let (first, second) = join(log_in(), log_in()).await;
    for login in [first, second] {
        assert_eq!(answer(&service, get("/who", &login.cookie).to_request()).await.body, "ada");
    }
    assert_eq!(memory.sessions().rows.len(), 2);
}
