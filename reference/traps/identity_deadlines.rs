//! actix-identity 0.9: `visit_deadline` writes the session, and sets the cookie, at every request.
//! A request over the deadline is not stopped. It continues without a user, and a login in it is
//! lost. A login time in the future never ends, and a second login begins the time again. So
//! `src/server.rs` uses `IdentityMiddleware::default`, and `src/accounts/session.rs::find` checks
//! both timeouts with the clock of PostgreSQL.

use std::time::Duration;

use actix_identity::IdentityMiddleware;
use actix_identity::config::LogoutBehavior;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, web};

use super::{Answer, Memory, answer, get, routes};

const HOUR: Duration = Duration::from_secs(3600);

/// Sets the time of the login, in seconds of Unix.
async fn logged_in_at(session: Session, seconds: web::Path<i64>) -> &'static str {
    session.insert("actix_identity.logged_in_at", seconds.into_inner()).expect("to keep it");
    ""
}

/// A visit after these requests, which says who is logged in, and the store with its calls.
async fn after(identity: IdentityMiddleware, paths: &[&str]) -> (Answer, Memory) {
    let memory = Memory::default();
    let app = App::new()
        .configure(routes)
        .route("/logged-in-at/{seconds}", web::get().to(logged_in_at))
        .wrap(identity)
        .wrap(SessionMiddleware::new(memory.clone(), Key::generate()));
    let service = init_service(app).await;
    let mut cookie = String::new();
    for path in paths {
        let set = answer(&service, get(path, &cookie).to_request()).await.cookie;
        cookie = if set.is_empty() { cookie } else { set };
    }
    memory.calls();
    let who = answer(&service, get("/who", &cookie).to_request()).await;
    assert_eq!(who.status, 200, "the request is not stopped");
    (who, memory)
}

#[tokio::test]
async fn a_visit_deadline_writes_at_every_request() {
    let deadline = IdentityMiddleware::builder().visit_deadline(Some(HOUR)).build();
    for (identity, calls) in [(deadline, "load update"), (IdentityMiddleware::default(), "load")] {
        let (who, memory) = after(identity, &["/login", "/style.css"]).await;
        assert_eq!((who.body.as_str(), memory.calls().as_str()), ("ada", calls));
        assert_eq!(who.set_cookie.is_empty(), calls == "load");
    }
}

#[tokio::test]
async fn a_request_over_the_deadline_continues_without_a_user() {
    let deadline = || IdentityMiddleware::builder().login_deadline(Some(HOUR));
    let keys_only = deadline().logout_behavior(LogoutBehavior::DeleteIdentityKeys);
    for (identity, calls) in [(deadline(), "load delete"), (keys_only, "load update")] {
        let (who, memory) = after(identity.build(), &["/login", "/logged-in-at/0"]).await;
        assert_eq!((who.body.as_str(), memory.calls().as_str()), ("nobody", calls));
    }
}

#[tokio::test]
async fn a_login_in_the_request_that_is_over_the_deadline_is_lost() {
    let deadline = IdentityMiddleware::builder().login_deadline(Some(HOUR)).build();
    let paths = ["/login", "/logged-in-at/0", "/login"];
    assert_eq!(after(deadline, &paths).await.0.body, "nobody");
}

#[tokio::test]
async fn a_time_in_the_future_never_ends_and_a_second_login_begins_again() {
    let deadline = || IdentityMiddleware::builder().login_deadline(Some(HOUR)).build();
    let in_the_year_9999 = "/logged-in-at/253402300799";
    for (paths, ends_in_9999) in [
        (&["/login", in_the_year_9999][..], true),
        (&["/login", in_the_year_9999, "/login"], false),
    ] {
        let (who, memory) = after(deadline(), paths).await;
        assert_eq!(who.body, "ada");
        let mut rows = memory.sessions().rows.clone().into_values();
        assert_eq!(rows.any(|row| row.contains("253402300799")), ends_in_9999);
    }
}
