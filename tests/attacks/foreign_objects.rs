//! Insecure direct object reference (IDOR): a logged-in attacker replaces the ID in a URL by that
//! of somebody else's object, to read, change or delete it.
//!
//! Why it matters: it is the most common flaw of web apps. One statement that finds a row by its ID
//! alone is enough, and neither the login nor the CSRF token stops the attacker, who has both. A
//! response that differs from that to an unknown ID tells which objects exist.
//! Stops in: the statements, which all name the owner, such as those of `src/projects.rs`.
//! Sources: ASVS 5.0 8.2.2, 8.3.1; OWASP Top 10:2021 A01; CWE-639; WSTG-ATHZ-04.
//!
//! The routes come from the router. A new route with a variable fails the test until it has an
//! entry: an `Object`, or a line in `NO_OBJECTS` that says why its variable names none. `fields`
//! does the same for IDs in a query or in a body.

mod fields;

use reqwest::Method;
use serde_json::Value;

use super::{UNKNOWN_ID, patterns};
use crate::support::browser::Browser;
use crate::support::people::{ADA, EVE, Person};
use crate::support::site::Site;

/// A route whose variable is the ID of something that one user owns.
pub struct Object {
    pub route: &'static str,
    pub table: &'static str,
    /// A statement that gives every user one of these.
    pub create: &'static str,
    /// The column that the URL names.
    pub id: &'static str,
    /// The body of a valid form, without its token.
    pub fields: &'static str,
}

const OBJECTS: &[&[Object]] = &[
    &[Object {
        route: "/account/sessions/{id}/revoke",
        table: "sessions",
        // Each user has one already.
        create: "select 1",
        id: "public_id",
        fields: "",
    }],
    crate::flows::app::projects::access::OBJECTS,
    crate::passkeys::access::OBJECTS,
];

/// Routes with a variable that names nothing of a user, and why.
const NO_OBJECTS: &[(&str, &str)] = &[
    ("/email/verify/{token}", "a secret from an email: everybody who knows it may use it"),
    ("/password/reset/{token}", "a secret from an email: everybody who knows it may use it"),
    ("/not-me/{token}", "a secret from an email: everybody who knows it may use it"),
    ("/email/change/{token}", "a secret, checked in tests/attacks/email_takeover.rs"),
    ("/static/{hash}/{path:.*}", "a public file"),
    ("/practices/{name}", "a public page"),
    ("/dev/mailbox/{id}", "development only: all emails are shown to everybody"),
    ("/dev/mailbox/{id}/html", "development only: all emails are shown to everybody"),
];

#[tokio::test]
async fn every_route_with_an_id_is_tried_with_the_id_of_somebody_else() {
    let known = |route: &str| {
        OBJECTS.iter().flat_map(|of| of.iter()).any(|object| object.route == route)
            || NO_OBJECTS.iter().any(|(own, _)| *own == route)
    };
    let routes: Vec<String> = patterns().await.into_iter().map(|(_, route)| route).collect();
    let new: Vec<_> = routes.iter().filter(|route| route.contains('{') && !known(route)).collect();
    assert!(new.is_empty(), "add an entry to tests/attacks/foreign_objects.rs for: {new:?}");
    let gone: Vec<_> =
        NO_OBJECTS.iter().filter(|(own, _)| !routes.iter().any(|route| route == own)).collect();
    assert!(gone.is_empty(), "NO_OBJECTS names routes that are gone: {gone:?}");
}

/// Eve, with two sessions, in sudo mode with a second factor.
async fn site_of(object: &Object) -> (Site, Browser) {
    let site = Site::start().await;
    for person in [ADA, EVE] {
        person.create_account(&site).await;
        person.log_in_on_new_device(&site).await;
    }
    let eve = EVE.log_in_on_new_device(&site).await;
    for statement in object.create.split(';') {
        site.db.run(statement).await;
    }
    site.db.run("update sessions set second_factor_at = now()").await;
    (site, eve)
}

/// The ID of the oldest object of a person.
async fn id_of(site: &Site, object: &Object, person: Person) -> String {
    let (table, id) = (object.table, object.id);
    let query = format!(
        "select o.{id}::text from {table} o join users u on u.id = o.user_id
         where u.email = $1 order by o.id limit 1"
    );
    let found = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(person.email);
    found.fetch_one(&site.db.pool).await.expect("an object")
}

/// Everything in the table that belongs to Ada.
async fn of_ada(site: &Site, object: &Object) -> Value {
    let table = object.table;
    let query = format!(
        "select coalesce(jsonb_agg(to_jsonb(o) order by o.id), '[]') from {table} o
         join users u on u.id = o.user_id where u.email = $1"
    );
    let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(ADA.email);
    rows.fetch_one(&site.db.pool).await.expect("her rows")
}

/// The row with this ID. `None` once it is deleted.
async fn row(site: &Site, object: &Object, id: &str) -> Option<Value> {
    let (table, column) = (object.table, object.id);
    let query = format!("select to_jsonb(o) from {table} o where o.{column}::text = $1");
    let row = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(id);
    row.fetch_optional(&site.db.pool).await.expect("a row or none")
}

/// A response: its status, its redirect and its page, also with what is in no visible text, such as
/// the values of fields. Without its CSRF tokens, of which no two are equal.
type Response = (u16, String, String);

fn without_tokens(html: &str) -> String {
    let mut parts = html.split(r#"name="csrf" value=""#);
    let first = parts.next().unwrap_or_default().to_owned();
    first + parts.filter_map(|part| Some(part.split_once('"')?.1)).collect::<String>().as_str()
}

/// Sends a valid request with this ID.
async fn response(eve: &Browser, method: &Method, object: &Object, id: &str) -> Response {
    let mut eve = eve.clone();
    eve.visit("/account").await;
    let form = eve.form("Log out");
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let path = object.route.replace("{id}", id);
    let (kind, body) = match *method {
        Method::GET => (vec![], String::new()),
        _ => (
            vec![("content-type", "application/x-www-form-urlencoded")],
            format!("csrf={token}&{}", object.fields),
        ),
    };
    let answer = eve.fetch(method.clone(), &path, &kind, &body).await;
    let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
    (answer.status, location.unwrap_or_default().to_owned(), without_tokens(&answer.body))
}

#[tokio::test]
async fn the_id_of_somebody_else_gets_the_response_to_an_unknown_id() {
    let routes = patterns().await;
    for object in OBJECTS.iter().flat_map(|of| of.iter()) {
        let mut methods = routes.iter().filter(|(_, route)| route == object.route).peekable();
        assert!(methods.peek().is_some(), "no route any more: {}", object.route);
        for (method, route) in methods {
            let (site, eve) = site_of(object).await;
            let before = of_ada(&site, object).await;
            let unknown = response(&eve, method, object, UNKNOWN_ID).await;
            let foreign = id_of(&site, object, ADA).await;
            for id in [&foreign, "x", "%00", "1%20or%201=1", &foreign.to_uppercase()] {
                let got = response(&eve, method, object, id).await;
                assert_eq!(got, unknown, "{method} {route}: {id}");
            }
            assert_eq!(of_ada(&site, object).await, before, "{method} {route}");
            // The request is one that works: with the attacker's own ID it does what it is for.
            let id = id_of(&site, object, EVE).await;
            let before = row(&site, object, &id).await;
            let own = response(&eve, method, object, &id).await;
            let changed = row(&site, object, &id).await != before;
            if *method == Method::GET && unknown.0 == 303 {
                // The URL takes only a form. It redirects to the same page, whatever the ID.
                assert_eq!(own, unknown, "{method} {route}");
                assert!(!changed, "{method} {route}: a GET has changed the row");
                continue;
            }
            assert_eq!(unknown.0, 404, "{method} {route}: {unknown:?}");
            match *method {
                Method::GET => assert!(own.0 == 200 && !changed, "{method} {route}: {own:?}"),
                _ => assert!(own.0 == 303 && changed, "{method} {route}: {own:?}"),
            }
        }
    }
}
