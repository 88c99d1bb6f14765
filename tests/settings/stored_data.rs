//! `docs/data.md` describes what is stored: every table, every column, every kind of event.

use std::collections::BTreeSet;

use crate::support::database::database;

const DOCUMENT: &str = include_str!("../../docs/data.md");

/// The text from a heading to the next one of the same level.
fn section(heading: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap_or_default();
    rest.split("\n## ").next().unwrap_or_default()
}

/// The names in backticks in the first cell of each row of a table.
fn named_in_rows(text: &str) -> BTreeSet<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = cells.map(|line| line.split(" | ").next().unwrap_or_default());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_column_of_every_table_is_described() {
    let db = database().await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns
         where table_schema = 'public' and table_name <> '_sqlx_migrations' order by 1, 2",
    )
    .fetch_all(&db.pool)
    .await
    .expect("the schema");
    let tables: BTreeSet<&String> = columns.iter().map(|(table, _)| table).collect();
    assert!(tables.len() > 5, "{tables:?}");
    for table in tables {
        let of_schema: BTreeSet<String> = columns
            .iter()
            .filter(|(of, _)| of == table)
            .map(|(_, column)| column.clone())
            .collect();
        // The table of kinds is in the same section.
        let columns_only = section(table).split("| Event |").next().unwrap_or_default();
        let columns_only = columns_only.trim_end_matches("| `kind` ");
        let described = named_in_rows(columns_only);
        assert_eq!(described, of_schema, "docs/data.md, {table}");
    }
}

#[test]
fn every_kind_of_event_is_described() {
    let source = include_str!("../../src/accounts/audit/kind.rs");
    let names = source.split_once("pub fn name(self)").expect("the stored names").1;
    let names = names.split("fn owasp_name").next().unwrap_or_default();
    let described = named_in_rows(section("audit_events"));
    for name in names.split('"').skip(1).step_by(2) {
        assert!(described.contains(name), "docs/data.md does not describe `{name}`");
    }
}
