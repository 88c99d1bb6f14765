//! actix-session 0.11 has one `Max-Age` for the app, and sets its cookie anew at every change. So a
//! `Max-Age` that the app adds to the cookie of a remembered login is lost at the first change:
//! `src/web/set_cookie.rs::complete` adds it to every response.

use actix_session::SessionMiddleware;
use actix_web::App;
use actix_web::cookie::Key;
use actix_web::dev::Service;
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::test::init_service;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn a_max_age_added_at_login_is_lost_at_the_next_change() {
    let app = App::new()
        .configure(routes)
        .wrap(actix_identity::IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()))
        .wrap_fn(|req, service| {
            let remember = req.path() == "/login";
            let response = service.call(req);
            async move {
                let mut response = response.await?;
                if let Some(cookie) =
                    response.headers_mut().get_mut(SET_COOKIE).filter(|_| remember)
                {
                    let line = format!("{}; Max-Age=2592000", cookie.to_str().expect("ASCII"));
                    *cookie = HeaderValue::from_str(&line).expect("a header");
                }
                Ok(response)
            }
        });
    let service = init_service(app).await;
    let login = answer(&service, get("/login", "").to_request()).await;
    assert!(login.set_cookie.contains("Max-Age=2592000"), "{}", login.set_cookie);
    let change = answer(&service, get("/keep", &login.cookie).to_request()).await;
    assert!(change.set_cookie.starts_with("id=") && !change.set_cookie.contains("Max-Age"));
}
