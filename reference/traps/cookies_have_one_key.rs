//! actix-session 0.11 takes one key for its cookies, and no list. After a change of the key, every
//! visitor is logged out. `HttpServer` calls its factory once for each worker, so a key made in it
//! is valid in one worker only. `SECRET_KEYS` is a list: `src/web/cookies.rs::filter` encrypts a
//! cookie again before actix-session reads it.

use actix_session::SessionMiddleware;
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, HttpServer};
use tokio::sync::mpsc::unbounded_channel;

use super::{Memory, answer, get, routes};

#[tokio::test]
async fn a_new_key_logs_everybody_out() {
    let (memory, key) = (Memory::default(), Key::generate());
    let sessions = |key| SessionMiddleware::new(memory.clone(), key);
    let before = init_service(App::new().configure(routes).wrap(sessions(key.clone()))).await;
    let cookie = answer(&before, get("/keep", "").to_request()).await.cookie;
    for (key, expected) in [(key, "Some(1)"), (Key::generate(), "None")] {
        let service = init_service(App::new().configure(routes).wrap(sessions(key))).await;
        assert_eq!(answer(&service, get("/kept", &cookie).to_request()).await.body, expected);
    }
    assert_eq!(memory.sessions().rows.len(), 1, "the session still exists");
}

#[test]
#[should_panic(expected = "TooShort(63)")]
fn a_short_key_panics() {
    Key::from(&[7; 63]);
}

#[tokio::test]
async fn a_key_made_in_the_factory_is_another_one_in_each_worker() {
    let (made, mut keys) = unbounded_channel();
    let server = HttpServer::new(move || {
        let key = Key::generate();
        made.send(key.clone()).expect("a test that waits");
        App::new().wrap(SessionMiddleware::new(Memory::default(), key))
    });
    let server = server.workers(2).disable_signals().bind("127.0.0.1:0").expect("a port");
    tokio::spawn(server.run());
    let first = keys.recv().await.expect("a worker");
    let second = keys.recv().await.expect("a second worker");
    assert_ne!(first.master(), second.master());
}
