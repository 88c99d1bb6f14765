//! PostgreSQL: a `delete` does not see the rows of a transaction that is not committed. So a login
//! that has verified the old password keeps its session when a password change deletes all sessions
//! meanwhile. Each change raises `users.session_epoch`. The login compares it with the epoch that
//! it read together with the password hash: `src/accounts/session.rs::start`.

use sqlx::{Connection, PgConnection, query, query_scalar, raw_sql};

use crate::support::database::database;

#[tokio::test]
async fn a_session_that_is_committed_later_survives_log_out_everywhere() {
    let db = database().await;
    let mut login = PgConnection::connect(&db.url).await.expect("a connection");
    let mut log_out = PgConnection::connect(&db.url).await.expect("a connection");
    let create = "create table sessions_of (name text)";
    raw_sql(create).execute(&mut log_out).await.expect("a table");

    let mut login = login.begin().await.expect("a transaction");
    let insert = query("insert into sessions_of values ('ada')");
    insert.execute(&mut *login).await.expect("a session");
    let deleted = query("delete from sessions_of where name = 'ada'").execute(&mut log_out).await;
    assert_eq!(deleted.expect("no error is reported").rows_affected(), 0);
    login.commit().await.expect("to commit it");

    let left = query_scalar::<_, i64>("select count(*) from sessions_of").fetch_one(&mut log_out);
    assert_eq!(left.await.expect("a number"), 1);
}
