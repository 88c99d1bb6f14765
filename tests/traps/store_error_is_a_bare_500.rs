//! actix-session 0.11 turns any error of its store into an empty 500, even when the handler has
//! already run. `DefaultHeaders` adds no headers to such a response. So the outermost middleware,
//! `web/outermost.rs`, adds the page and the headers.

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionMiddleware};
use actix_web::body::to_bytes;
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::middleware::DefaultHeaders;
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::{App, web};

use super::State;

/// A store whose every method fails.
struct Broken;

impl SessionStore for Broken {
    async fn load(&self, _: &SessionKey) -> Result<Option<State>, LoadError> {
        Err(LoadError::Other(anyhow::anyhow!("broken")))
    }

    async fn save(&self, _: State, _: &Duration) -> Result<SessionKey, SaveError> {
        Err(SaveError::Other(anyhow::anyhow!("broken")))
    }

    async fn update(
        &self,
        _: SessionKey,
        _: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        Err(UpdateError::Other(anyhow::anyhow!("broken")))
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Err(anyhow::anyhow!("broken"))
    }

    async fn delete(&self, _: &SessionKey) -> Result<(), anyhow::Error> {
        Err(anyhow::anyhow!("broken"))
    }
}

async fn keep(session: Session) -> &'static str {
    session.insert("anything", 1).expect("to keep it");
    "kept"
}

#[tokio::test]
async fn the_response_has_neither_body_nor_headers() {
    let app = App::new()
        .route("/", web::get().to(keep))
        .wrap(SessionMiddleware::new(Broken, Key::generate()))
        .wrap(DefaultHeaders::new().add(("x-frame-options", "DENY")));
    let service = init_service(app).await;
    let failure = try_call_service(&service, TestRequest::default().to_request()).await;
    let answer = failure.expect_err("an error for actix to answer").error_response();
    assert_eq!(answer.status(), 500);
    assert!(!answer.headers().contains_key("x-frame-options"));
    assert_eq!(to_bytes(answer.into_body()).await.expect("a body"), "");
}
