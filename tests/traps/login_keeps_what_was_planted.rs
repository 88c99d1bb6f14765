//! actix-identity 0.9: `Identity::login` gives the session a new ID and keeps all of its values,
//! even those that an attacker planted. So `flows/start_session.rs` clears the session first.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpMessage, HttpRequest, web};

use super::{Memory, answer, get};

async fn plant(session: Session) -> &'static str {
    session.insert("second_factor_passed", true).expect("to keep it");
    ""
}

async fn log_in(req: HttpRequest) -> &'static str {
    Identity::login(&req.extensions(), "ada".to_owned()).expect("to log in");
    ""
}

async fn passed(session: Session) -> String {
    format!("{:?}", session.get::<bool>("second_factor_passed").expect("a value"))
}

#[tokio::test]
async fn the_id_is_new_and_the_values_are_old() {
    let app = App::new()
        .route("/plant", web::get().to(plant))
        .route("/login", web::get().to(log_in))
        .route("/passed", web::get().to(passed))
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(Memory::default(), Key::generate()));
    let service = init_service(app).await;
    let planted = answer(&service, get("/plant", "").to_request()).await.cookie;
    let own = answer(&service, get("/login", &planted).to_request()).await.cookie;
    assert_eq!(
        answer(&service, get("/passed", &planted).to_request()).await.body,
        "None",
        "the old ID is dead"
    );
    assert_eq!(answer(&service, get("/passed", &own).to_request()).await.body, "Some(true)");
}
