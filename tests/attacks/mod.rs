//! One file for each attack: what the attacker tries, why it matters, which code stops it, and the
//! sources.
//!
//! `reference/patches/NAME.patch` removes one defence from the app. `reference/prove-attacks`
//! applies it and checks that the tests it names fail. `reference/break` lets you carry out an
//! attack in your own browser, by the steps in `reference/by-hand/`.

mod authenticator_apps;
mod back_button;
mod bad_input;
mod brute_force;
mod cookie_names;
mod crafted_password;
mod cross_site_request;
mod email_takeover;
mod enumeration;
mod enumeration_by_mail;
mod failing_store;
mod fixation;
mod flood;
pub mod foreign_objects;
mod foreign_reset_link;
mod foreign_session_id;
mod hashing_flood;
mod host_header;
mod journeys;
mod log_flood;
mod mail_poisoning;
mod mailbox_flood;
mod mass_log_out;
mod mass_registration;
mod open_redirect;
mod owner_lock_out;
mod passkeys;
mod planted_devices;
mod pre_hijacking;
mod proxy_headers;
mod resurrection;
mod row_flood;
mod second_factor;
mod secret_leakage;
mod shared_batch;
mod silent_database;
mod spent_budgets;
mod spraying;
mod stolen_session;
mod stuffing;
mod throttle_oracle;
mod timing;
mod token_race;
mod touch_storm;
mod uninvited_account;
mod unreadable_hash;

use std::time::Duration;

use actix_web::dev::Service;
use actix_web::introspection::{IntrospectionNode, IntrospectionTree, ResourceType};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::Data;
use actix_web::{App, HttpResponse};
use app::web::cookies::SESSION;
use app::web::encrypted_cookie::encrypt;
use reqwest::Method;

use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::raw::{self, RawResponse};
use crate::support::site::Site;

/// The value of a session cookie for this ID, encrypted with the site's key: the best forgery.
fn sealed(site: &Site, id: &str) -> String {
    let key = site.app.keys.cookies().next().expect("a key");
    encrypt(key, SESSION, id.to_owned())
}

/// Sends a GET request with these raw header lines.
async fn get(site: &Site, path: &str, header_lines: &[u8]) -> RawResponse {
    let start = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", site.app.origin.host);
    raw::send(site.address, [start.as_bytes(), header_lines, b"\r\n"].concat()).await
}

/// Whether `/app` shows its page to this browser, and not the login page.
async fn is_logged_in(mut browser: Browser) -> bool {
    browser.follow_redirects = true;
    browser.visit("/app").await;
    assert!(matches!(browser.status, 200), "{} at {}", browser.status, browser.path);
    browser.path == "/app"
}

/// Method and path of every route, as the router lists them, with an unknown ID in each variable.
pub async fn routes() -> Vec<(Method, String)> {
    patterns().await.into_iter().map(|(method, route)| (method, path_of(&route))).collect()
}

/// Method and path of every route, with the names of its variables: `/app/projects/{id}/edit`.
async fn patterns() -> Vec<(Method, String)> {
    let routes = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let found = routes.clone();
    let app = App::new().configure(app::routes::all).wrap_fn(move |req, _| {
        if let Some(tree) = req.app_data::<Data<IntrospectionTree>>() {
            collect(&tree.root, &mut found.lock().expect("one thread"));
        }
        async { Ok(req.into_response(HttpResponse::Ok().finish())) }
    });
    let service = init_service(app).await;
    service.call(TestRequest::default().to_request()).await.expect("an answer");
    std::mem::take(&mut *routes.lock().expect("one thread"))
}

/// A path of this route: an ID that nothing has in place of each variable.
fn path_of(route: &str) -> String {
    let parts = route.split('/').map(|part| if part.starts_with('{') { UNKNOWN_ID } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// No row has this ID.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

fn collect(node: &IntrospectionNode, routes: &mut Vec<(Method, String)>) {
    // A resource without a method guard answers every method.
    let every = node.methods.is_empty() && matches!(node.kind, ResourceType::Resource);
    let methods = node.methods.iter().map(|method| method.as_str()).collect::<Vec<_>>();
    let methods = if every { vec!["GET", "POST"] } else { methods };
    for method in methods {
        routes.push((method.parse().expect("a method"), node.full_path.clone()));
    }
    node.children.iter().for_each(|child| collect(child, routes));
}

/// How many sessions there are, of users and of visitors.
async fn sessions(db: &Database) -> i64 {
    let count = sqlx::query_scalar("select count(*) from sessions").fetch_one(&db.pool);
    count.await.expect("a count")
}

/// The content of all tables, bytes in hexadecimal.
pub(crate) async fn content(db: &Database) -> String {
    let content = "select string_agg(query_to_xml(format('select t::text from %I t', table_name),
                       true, false, '')::text, '' order by table_name)
                   from information_schema.tables where table_schema = 'public'";
    sqlx::query_scalar(content).fetch_one(&db.pool).await.expect("all rows")
}

/// Waits until so many statements wait for a lock, so that their requests are still running.
pub(crate) async fn wait_for_a_lock(db: &Database, statements: i64) {
    let query = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    let waiting =
        async || -> i64 { sqlx::query_scalar(query).fetch_one(&db.pool).await.expect("a count") };
    in_time(async {
        while waiting().await < statements {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Fails after 20 seconds instead of hanging; no test depends on this limit.
async fn in_time<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), event).await.expect("it to happen in time")
}
