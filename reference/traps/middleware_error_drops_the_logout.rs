//! actix-session 0.11 saves nothing if a middleware inside it returns `Err`, not even a logout. If
//! the handler returns `Err`, it saves everything. So our middleware returns `Ok` with an error
//! page: `src/web/guard.rs::logged_in`.

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::dev::Service;
use actix_web::error::ErrorForbidden;
use actix_web::test::{init_service, try_call_service};
use actix_web::{App, Error, web};

use super::{Memory, answer, get, routes};

async fn log_out_and_fail(session: Session) -> Result<&'static str, Error> {
    session.purge();
    Err(ErrorForbidden("forbidden"))
}

#[tokio::test]
async fn the_session_is_still_valid_after_a_logout() {
    let app = App::new()
        .configure(routes)
        .wrap_fn(|req, service| {
            let forbidden = req.path() == "/logout";
            let response = service.call(req);
            async move {
                let response = response.await?;
                if forbidden { Err(ErrorForbidden("forbidden")) } else { Ok(response) }
            }
        })
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    let failure = try_call_service(&service, get("/logout", &cookie).to_request()).await;
    assert_eq!(failure.expect_err("an error").error_response().status(), 403);
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
}

#[tokio::test]
async fn an_error_of_the_handler_drops_nothing() {
    let app = App::new()
        .configure(routes)
        .route("/fail", web::get().to(log_out_and_fail))
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    assert_eq!(answer(&service, get("/fail", &cookie).to_request()).await.status, 403);
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "None");
}
