//! actix-session 0.11 calls `update` for a session that was deleted while the handler ran. Its
//! Redis store then inserts the values again, under a new ID. A store that writes nothing and
//! returns `Ok` is not enough: the response still sets the cookie of the old session, over that of
//! a new login. With `TtlExtensionPolicy::OnEveryRequest` and `PersistentSession`, even a request
//! that only reads does so. So `src/accounts/session.rs::save_state` never inserts, the store
//! returns an error, and timeouts are moved without actix-session.

use actix_identity::IdentityMiddleware;
use actix_session::config::{
    BrowserSession, PersistentSession, SessionLifecycle, TtlExtensionPolicy,
};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};
use futures_util::future::join;
use tokio::sync::Notify;

use super::{Answer, Memory, OnUpdate, answer, get, routes};

#[derive(Default)]
struct Slow {
    began: Notify,
    may_end: Notify,
}

async fn slow_read(slow: web::Data<Slow>) -> &'static str {
    slow.began.notify_one();
    slow.may_end.notified().await;
    ""
}

async fn slow_write(slow: web::Data<Slow>, session: Session) -> &'static str {
    slow_read(slow).await;
    session.insert("kept", 2).expect("to keep it");
    ""
}

/// The response of a slow request, and the one of a request that was sent and answered meanwhile.
/// Then what a visit with the slow one's cookie reads.
async fn run(on_update: OnUpdate, life: SessionLifecycle, paths: [&str; 2]) -> [Answer; 3] {
    let memory = Memory::default();
    memory.sessions().on_update = on_update;
    let slow = web::Data::new(Slow::default());
    let app = App::new()
        .configure(routes)
        .route("/slow/read", web::get().to(slow_read))
        .route("/slow/write", web::get().to(slow_write))
        .app_data(slow.clone())
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::builder(memory, Key::generate()).session_lifecycle(life).build());
    let service = init_service(app).await;
    let cookie = answer(&service, get("/keep", "").to_request()).await.cookie;
    let (late, meanwhile) = join(answer(&service, get(paths[0], &cookie).to_request()), async {
        slow.began.notified().await;
        let meanwhile = answer(&service, get(paths[1], &cookie).to_request()).await;
        slow.may_end.notify_one();
        meanwhile
    })
    .await;
    let afterwards = answer(&service, get("/kept", &late.cookie).to_request()).await;
    [late, meanwhile, afterwards]
}

#[tokio::test]
async fn an_update_that_inserts_brings_the_session_back() {
    let life = BrowserSession::default().into();
    let [_, _, afterwards] = run(OnUpdate::Insert, life, ["/slow/write", "/logout"]).await;
    assert_eq!(afterwards.body, "Some(2)");
}

#[tokio::test]
async fn an_update_that_ignores_it_replaces_the_cookie_of_a_login() {
    let life = BrowserSession::default().into();
    let [late, login, afterwards] = run(OnUpdate::Ignore, life, ["/slow/write", "/login"]).await;
    assert!(late.cookie.starts_with("id=") && login.cookie.starts_with("id="));
    assert_eq!(afterwards.body, "None", "the cookie of the dead session was set last");
}

#[tokio::test]
async fn a_request_that_only_reads_does_the_same_with_on_every_request() {
    let life = PersistentSession::default()
        .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    let [late, login, afterwards] =
        run(OnUpdate::Insert, life.into(), ["/slow/read", "/login"]).await;
    assert!(late.cookie.starts_with("id=") && login.cookie.starts_with("id="));
    assert_eq!(afterwards.body, "None", "the cookie of the dead session was set last");
}
