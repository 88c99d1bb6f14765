//! IDs in a query or in the body of a request, which no route shows.
//!
//! The fields come from the source: those of every struct that a handler takes as a `Query`, a
//! `Form`, a `Checked` form or as `Json`. A new field fails the test until it has an entry: an
//! `Object` in `IN_QUERIES`, or a line in `NO_IDS` that says why it names no object of a user. A
//! `Typed` field, a list of choices and a `bool` need none, because people fill them in.

use std::collections::BTreeSet;

use reqwest::Method;

use super::{Object, response, site_of};
use crate::support::people::ADA;
use crate::support::site::Site;
use crate::support::source::{self, Source};

/// Queries with an ID that is only a position in a list of one's own.
const IN_QUERIES: &[&[Object]] = &[
    &[Object {
        route: "/account/activity?before={id}",
        table: "audit_events",
        // Both users have logged in.
        create: "select 1",
        id: "id",
        fields: "",
    }],
    crate::flows::app::projects::access::IN_QUERIES,
];

/// Other fields, by their names, and why they name no object of a user.
const NO_IDS: &[&[(&str, &str)]] = &[
    &[
        ("code", "typed; valid for the account that is logging in only"),
        ("current_password", "typed"),
        ("email", "typed; tests/attacks/enumeration.rs"),
        ("factor", "a kind of second factor"),
        ("link", "compared with the link that this browser opened"),
        ("next", "a path; tests/attacks/open_redirect.rs"),
        ("note", "typed"),
        ("password", "typed"),
        ("remember", "a check box"),
        ("token", "a secret from an email; tests/attacks/email_takeover.rs"),
    ],
    crate::flows::app::projects::access::NO_IDS,
    crate::passkeys::access::NO_IDS,
    crate::totp::access::NO_IDS,
];

/// The fields of forms, queries and JSON bodies that people do not fill in.
fn fields() -> BTreeSet<String> {
    let code: String = source::files("src", "rs").iter().map(Source::code).collect();
    let taken = ["Query<", "Form<", "Checked<", "Json<"].into_iter().flat_map(|extractor| {
        code.split(extractor).skip(1).filter_map(|rest| Some(rest.split_once('>')?.0))
    });
    let mut found = BTreeSet::new();
    for name in taken.collect::<BTreeSet<_>>() {
        // Several files may have a struct of this name.
        for body in code.split(&format!("struct {name} {{\n")).skip(1) {
            for line in body.lines().map(str::trim).take_while(|line| *line != "}") {
                let Some((field, kind)) = line.split_once(": ") else { continue };
                let filled_in = ["Typed<", "Several<", "bool"];
                if !filled_in.iter().any(|known| kind.starts_with(known)) {
                    found.insert(field.trim_start_matches("pub ").to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn every_field_with_an_id_is_tried_with_the_id_of_somebody_else() {
    let tried = IN_QUERIES.iter().flat_map(|of| of.iter());
    let tried = tried.filter_map(|query| query.route.split(['?', '=']).nth(1));
    let named = NO_IDS.iter().flat_map(|of| of.iter()).map(|(name, _)| *name);
    let known: BTreeSet<String> = tried.chain(named).map(str::to_owned).collect();
    let fields = fields();
    let new: Vec<_> = fields.difference(&known).collect();
    assert!(new.is_empty(), "add an entry to tests/attacks/foreign_objects/fields.rs for: {new:?}");
    let gone: Vec<_> = known.difference(&fields).collect();
    assert!(gone.is_empty(), "no form or query has these fields any more: {gone:?}");
}

async fn ids_of_ada(site: &Site, object: &Object) -> Vec<String> {
    let (table, id) = (object.table, object.id);
    let query = format!(
        "select o.{id}::text from {table} o join users u on u.id = o.user_id where u.email = $1"
    );
    let found = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(ADA.email);
    found.fetch_all(&site.db.pool).await.expect("her IDs")
}

/// The position of an unknown ID in a list differs from that of another one. So the same IDs are
/// sent twice: while Ada's rows exist, and after they have been deleted.
#[tokio::test]
async fn as_a_position_in_a_list_the_id_of_somebody_else_gets_the_response_to_an_unknown_id() {
    for query in IN_QUERIES.iter().flat_map(|of| of.iter()) {
        let (site, eve) = site_of(query).await;
        let ids = ids_of_ada(&site, query).await;
        assert!(!ids.is_empty(), "{}", query.route);
        let mut foreign = Vec::new();
        for id in &ids {
            foreign.push(response(&eve, &Method::GET, query, id).await);
        }
        let table = query.table;
        let delete =
            format!("delete from {table} where user_id = (select id from users where email = $1)");
        let deleted = sqlx::query(sqlx::AssertSqlSafe(delete)).bind(ADA.email);
        deleted.execute(&site.db.pool).await.expect("to delete them");
        for (id, foreign) in ids.iter().zip(foreign) {
            assert_eq!(foreign.0, 200, "{}: {id}", query.route);
            let unknown = response(&eve, &Method::GET, query, id).await;
            assert_eq!(foreign, unknown, "{}: {id}", query.route);
        }
    }
}
