//! Failing store: the attacker waits for a moment when something breaks, or breaks it.
//!
//! Why it matters: the response then is not from our code. A bare 500 has no security headers, so
//! it can be framed and sniffed. A page that fails open shows private data. A site that does not
//! recover is down for longer than its database. actix-session makes a bare 500 of any error, and
//! actix closes the connection when a handler panics.
//! Stops in: `src/web/outermost.rs` (`complete`), `src/database.rs` (time limits,
//! `is_unavailable`), `src/web/error.rs`, `src/web/headers.rs`.
//! Sources: ASVS 5.0 16.5.1–16.5.4, 3.4.1–3.4.8; WSTG-ERRH-01; CWE-636, CWE-755.

use std::time::{Duration, Instant};

use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::{App, HttpResponse, ResponseError, web};
use app::database::Transaction;
use app::web::cookies::SESSION;
use app::web::error::Error;
use app::web::outermost;

use super::{get, is_logged_in};
use crate::support::browser::Browser;
use crate::support::cluster::Cluster;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::proxy::Proxy;
use crate::support::raw::{self, RawResponse};
use crate::support::site::Site;

const ALWAYS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=()"),
    ("content-security-policy", "frame-ancestors 'none'"),
];
/// The longest time for a response that had to wait for the database.
const IN_TIME: Duration = Duration::from_millis(2_500);

fn is_complete(what: &str, header: impl Fn(&str) -> Option<String>) {
    for (name, part) in ALWAYS {
        let value = header(name).unwrap_or_default();
        assert!(value.contains(part), "{what}: {name}: {value:?}");
    }
    assert!(header("cache-control").is_some(), "{what}: cache-control");
}

fn of_raw(answer: &RawResponse) -> impl Fn(&str) -> Option<String> + '_ {
    |name| answer.header(name).map(str::to_owned)
}

fn of_browser(browser: &Browser) -> impl Fn(&str) -> Option<String> + '_ {
    |name| browser.headers.get(name).map(|value| value.to_str().expect("ASCII").to_owned())
}

#[tokio::test]
async fn every_response_has_every_security_header() {
    let site = Site::with_production_timeout(database().await, &[]).await;
    let host = format!("Host: {}", site.app.origin.host);
    let form = "Content-Type: application/x-www-form-urlencoded";
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\n{host}\r\n\r\n"), 200),
        (format!("HEAD / HTTP/1.1\r\n{host}\r\n\r\n"), 200),
        (format!("GET /healthz HTTP/1.1\r\n{host}\r\n\r\n"), 200),
        (format!("GET /robots.txt HTTP/1.1\r\n{host}\r\n\r\n"), 200),
        (format!("GET /static/x/site.css HTTP/1.1\r\n{host}\r\n\r\n"), 200),
        (format!("GET /static/x/..%2f..%2fCargo.toml HTTP/1.1\r\n{host}\r\n\r\n"), 404),
        (format!("GET /app HTTP/1.1\r\n{host}\r\n\r\n"), 303),
        (format!("GET /nowhere HTTP/1.1\r\n{host}\r\n\r\n"), 404),
        (format!("GET /app/nowhere HTTP/1.1\r\n{host}\r\n\r\n"), 303),
        (format!("GET /logout HTTP/1.1\r\n{host}\r\n\r\n"), 303),
        (format!("PUT /login HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\n\r\n"), 405),
        (format!("POST /login HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\n\r\n"), 415),
        (format!("POST /login HTTP/1.1\r\n{host}\r\n{form}\r\nContent-Length: 0\r\n\r\n"), 403),
        (format!("POST /login HTTP/1.1\r\n{host}\r\n{form}\r\nContent-Length: 20000\r\n\r\n"), 413),
        (
            format!(
                "POST /login HTTP/1.1\r\n{host}\r\nSec-Fetch-Site: same-site\r\nContent-Length: 0\r\n\r\n"
            ),
            403,
        ),
        ("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(), 421),
        ("GET /login HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 303),
    ] {
        let answer = raw::send(site.address, &request).await;
        assert_eq!(answer.status, status, "{request}");
        is_complete(&request, of_raw(&answer));
        if status >= 400 {
            assert!(answer.text().contains("</html>"), "{request}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_panic_becomes_a_500_with_every_security_header() {
    let site = Site::with_production_timeout(database().await, &[]).await;
    let app = App::new()
        .app_data(site.app.clone())
        .route("/", web::get().to(async || -> HttpResponse { panic!("as a handler might") }))
        .wrap(from_fn(outermost::complete));
    let service = init_service(app).await;
    let failure = try_call_service(&service, TestRequest::default().to_request()).await;
    let answer = failure.expect_err("an error for actix to answer").error_response();
    assert_eq!(answer.status(), 500);
    let headers: &HeaderMap = answer.headers();
    is_complete("a panic", |name| Some(headers.get(name)?.to_str().ok()?.to_owned()));
}

#[tokio::test]
async fn an_error_of_the_store_is_a_500_without_details_and_ends_no_session() {
    let site = Site::with_production_timeout(database().await, &[]).await;
    let mut ada = ADA.at(&site).await;
    let rename = async |from: &'static str, to: &'static str| {
        let statement = format!("alter table {from} rename to {to}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&site.db.pool).await.expect(from);
    };
    rename("sessions", "elsewhere").await;
    ada.visit("/app").await;
    ada.must_be_at("/app", 500);
    is_complete("500", of_browser(&ada));
    ada.must_see(SERVER_ERROR);
    for secret in ["sessions", "elsewhere", "relation", "sqlx", ADA.email] {
        assert!(!ada.html().contains(secret), "the page says {secret}");
    }
    rename("elsewhere", "sessions").await;
    assert!(is_logged_in(ada).await, "she was logged out by our fault");
}

#[tokio::test]
async fn without_a_free_connection_the_response_is_503_in_time() {
    // Two for the pool, two for the workers, one for mail.
    let site =
        Site::with_production_timeout(database().await, &[("DATABASE_MAX_CONNECTIONS", "5")]).await;
    let mut ada = ADA.at(&site).await;
    let (one, two) = (site.app.db.acquire().await, site.app.db.acquire().await);
    let start = Instant::now();
    ada.visit("/account").await;
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
    ada.must_be_at("/account", 503);
    assert_eq!(ada.headers["retry-after"], "5");
    is_complete("503", of_browser(&ada));
    assert_eq!(get(&site, "/login", b"").await.status, 200, "a visitor needs no database");
    assert!(is_logged_in(ada.clone()).await, "loading a session needs none of the pool");
    drop((one, two));
    assert!(is_logged_in(ada).await);
}

#[tokio::test]
async fn pages_get_503_while_postgresql_is_stopped_and_work_afterwards() {
    let cluster = Cluster::start();
    let site = Site::with_production_timeout(cluster.database().await, &[]).await;
    let mut ada = ADA.at(&site).await;
    let cookie = ada.cookie(SESSION);

    cluster.stop();
    for _ in 0..3 {
        let start = Instant::now();
        ada.visit("/app").await;
        assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
        ada.must_be_at("/app", 503);
        assert_eq!(ada.headers["retry-after"], "5");
        is_complete("503", of_browser(&ada));
    }
    assert_eq!(ada.cookie(SESSION), cookie, "nobody is logged out by an outage");
    for (path, status) in [("/", 200), ("/login", 200), ("/healthz", 200), ("/readyz", 503)] {
        assert_eq!(get(&site, path, b"").await.status, status, "{path}");
    }
    let mut stranger = site.browser();
    ADA.logs_in(&mut stranger).await;
    stranger.must_be_at("/login", 503);

    cluster.start_again();
    ada.visit("/app").await;
    ada.must_be_at("/app", 200);
    ada.must_see(ADA.email);
}

#[tokio::test]
async fn after_all_connections_are_cut_the_next_pages_succeed() {
    let db = database().await;
    let proxy = Proxy::to(&db).await;
    let site = Site::with_production_timeout(db, &[("DATABASE_URL", &proxy.url)]).await;
    let mut ada = ADA.at(&site).await;
    site.open_all_connections().await;
    proxy.close_connections();
    ada.visit("/test/value").await;
    ada.must_be_at("/test/value", 200);
    // Writes are not retried. This one need not be: all old connections were replaced.
    ada.submit("Keep the value", &[("Value", "after the cut")]).await;
    ada.must_be_at("/test/value", 200);
    ada.must_see("The value is kept.");
}

#[tokio::test]
async fn a_form_whose_email_waits_for_a_locked_table_gets_503() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let mut locked = site.db.pool.begin().await.expect("a transaction");
    let lock = "lock table outbox in access exclusive mode";
    sqlx::query(lock).execute(&mut *locked).await.expect("the lock");
    let (mut eve, mut grace) = (site.browser(), site.browser());
    let sign_up = EVE.sign_up_in(&mut eve);
    let reset = async {
        grace.visit("/password/reset").await;
        grace.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    };
    let change = async {
        ada.visit("/account/password").await;
        let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, "pewter saxophone glade")];
        ada.submit(CHANGE_PASSWORD, &fields).await;
    };
    tokio::join!(sign_up, reset, change);
    drop(locked);
    eve.must_be_at("/register", 503);
    grace.must_be_at("/password/reset", 503);
    ada.must_be_at("/account/password", 503);
    ada.visit("/app").await;
    ada.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_deadlock_or_a_serialization_failure_becomes_a_503() {
    let db = database().await;
    db.run("create table t (id int primary key, n int); insert into t values (1, 0), (2, 0)").await;
    let update = async |tx: &mut Transaction, id: i32| {
        sqlx::query("update t set n = n + 1 where id = $1").bind(id).execute(&mut **tx).await
    };
    let (mut one, mut two) = (db.pool.begin().await.unwrap(), db.pool.begin().await.unwrap());
    update(&mut one, 1).await.unwrap();
    update(&mut two, 2).await.unwrap();
    let crossed = tokio::join!(update(&mut one, 2), update(&mut two, 1));
    let deadlock = crossed.0.and(crossed.1).expect_err("a deadlock");
    drop((one, two));

    let mut reader = db.pool.begin().await.unwrap();
    for statement in ["set transaction isolation level serializable", "select from t"] {
        sqlx::query(statement).execute(&mut *reader).await.unwrap();
    }
    db.run("update t set n = n + 1").await;
    let serialization = update(&mut reader, 1).await.expect_err("a change in between");

    for (failure, code) in [(deadlock, "40P01"), (serialization, "40001")] {
        assert_eq!(failure.as_database_error().unwrap().code().as_deref(), Some(code));
        let answer = Error::from(failure).error_response();
        assert_eq!(answer.status(), 503, "{code}");
        assert!(answer.headers().contains_key("retry-after"), "{code}");
    }
}
