//! PostgreSQL stores no NUL, neither in text nor in JSON, so a visitor who sends one causes an
//! error. sqlx 0.9 prints that error with `Debug` including the values of the row, and with
//! `Display` without them. `src/accounts/client.rs::new` removes control characters, our forms
//! reject them, and `src/web/error_page.rs` logs with `Display`.

use sqlx::{Connection, PgConnection, query, raw_sql};

use crate::support::database::database;

#[tokio::test]
async fn nul_is_an_error_in_text_and_in_json() {
    let db = database().await;
    let mut connection = PgConnection::connect(&db.url).await.expect("a connection");
    let json = serde_json::json!({ "flash": "a\0b" });
    let code = |error: sqlx::Error| error.into_database_error()?.code().map(String::from);
    let text = query("select $1::text").bind("a\0b").execute(&mut connection).await;
    assert_eq!(code(text.expect_err("an error")).as_deref(), Some("22021"));
    let json = query("select $1::jsonb").bind(json).execute(&mut connection).await;
    assert_eq!(code(json.expect_err("an error")).as_deref(), Some("22P05"));
}

#[tokio::test]
async fn debug_prints_the_values_of_the_row() {
    let db = database().await;
    let mut connection = PgConnection::connect(&db.url).await.expect("a connection");
    let statements = "create temporary table names (name text unique);
        insert into names values ('ada@example.com'), ('ada@example.com')";
    let error = raw_sql(statements).execute(&mut connection).await.expect_err("a duplicate");
    assert!(format!("{error:?}").contains("ada@example.com"));
    assert!(!error.to_string().contains("ada@example.com"), "{error}");
}
