//! actix-identity 0.9: with `LogoutBehavior::DeleteIdentityKeys`, `logout` removes the user and
//! keeps the ID and all other values. So `src/server.rs` leaves the default, `PurgeSession`.

use actix_identity::config::LogoutBehavior;
use actix_identity::{Identity, IdentityMiddleware};
use actix_session::SessionMiddleware;
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};

use super::{Memory, answer, get, routes};

async fn log_out_user(user: Identity) -> &'static str {
    user.logout();
    ""
}

#[tokio::test]
async fn the_next_user_of_the_browser_gets_the_values_of_the_last_one() {
    let keys_only = LogoutBehavior::DeleteIdentityKeys;
    let app = App::new()
        .configure(routes)
        .route("/logout-user", web::get().to(log_out_user))
        .wrap(IdentityMiddleware::builder().logout_behavior(keys_only).build())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let cookie = answer(&service, get("/login", "").to_request()).await.cookie;
    answer(&service, get("/keep", &cookie).to_request()).await;
    answer(&service, get("/logout-user", &cookie).to_request()).await;
    assert_eq!(answer(&service, get("/who", &cookie).to_request()).await.body, "nobody");
    assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, "Some(1)");
}
