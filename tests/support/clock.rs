//! Lets time pass by moving every timestamp in the database into the past. The app compares
//! timestamps with `now()` in SQL only, so the effect is the same as that of waiting.

use sqlx::{AssertSqlSafe, query_scalar, raw_sql};

use super::database::Database;

/// Tables whose timestamps stay, because sqlx owns them.
const NOT_MOVED: [&str; 1] = ["_sqlx_migrations"];

/// `later(&db, "2 hours")`, with an interval as PostgreSQL writes it.
pub async fn later(db: &Database, time: &str) {
    // One `update` per table moves all its columns together: one by one, they would break check
    // constraints such as "begins before it ends".
    let statements: Vec<String> = query_scalar(
        "select format('update %I set ', table_name)
             || string_agg(format('%I = %I - %L::interval', column_name, column_name, $1), ', ')
         from information_schema.columns join information_schema.tables using (table_schema, table_name)
         where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER'
           and data_type = 'timestamp with time zone' and table_name <> all($2)
         group by table_name order by table_name",
    )
    .bind(time)
    .bind(NOT_MOVED.as_slice())
    .fetch_all(&db.pool)
    .await
    .expect("the columns that hold moments");
    for statement in statements {
        raw_sql(AssertSqlSafe(statement.as_str()))
            .execute(&db.pool)
            .await
            .unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
}
