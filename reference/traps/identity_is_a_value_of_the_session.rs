//! actix-identity 0.9: the user is a string under a known key in the session. Nothing else is
//! asked. So code that stores a value under a name that a client chooses is a login. Our store
//! keeps the user in a column: `src/web/session_state.rs::from_map` parses the value, which is JSON
//! with quotes, and `src/web/session_store.rs::save` rejects a user whom no login has named.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};

use super::{Memory, State, answer, get, routes};

/// Stores a preference of the visitor, and lets the client choose its name.
async fn prefer(session: Session, preference: web::Path<(String, String)>) -> &'static str {
    let (name, value) = preference.into_inner();
    session.insert(name, value).expect("to keep it");
    ""
}

async fn account(_: Identity) -> &'static str {
    "your account"
}

#[tokio::test]
async fn a_value_under_the_right_key_is_a_login() {
    let app = App::new()
        .configure(routes)
        .route("/prefer/{name}/{value}", web::get().to(prefer))
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let path = "/prefer/actix_identity.user_id/nobody-ever-had-this-id";
    let cookie = answer(&service, get(path, "").to_request()).await.cookie;
    let who = answer(&service, get("/who", &cookie).to_request()).await.body;
    assert_eq!(who, "nobody-ever-had-this-id");
}

#[tokio::test]
async fn the_store_gets_the_user_in_quotes() {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    answer(&init_service(app).await, get("/login", "").to_request()).await;
    let rows = memory.sessions().rows.clone();
    let state: State = serde_json::from_str(rows.values().next().expect("a row")).expect("strings");
    assert_eq!(state["actix_identity.user_id"], r#""ada""#);
}

#[tokio::test]
async fn without_a_login_the_extractor_answers_a_bare_401() {
    let app = App::new()
        .route("/account", web::get().to(account))
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let response = answer(&init_service(app).await, get("/account", "").to_request()).await;
    assert_eq!((response.status, response.body.as_str()), (401, ""));
}
