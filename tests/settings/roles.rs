//! The two roles of `deploy/roles.sql`: one migrates, the other runs the app and only changes rows.

use std::collections::BTreeSet;
use std::process::Stdio;

use app::background;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

use crate::support::cluster::Cluster;
use crate::support::database::{Database, lazy_pool};
use crate::support::people::ADA;
use crate::support::process::command;
use crate::support::site::Site;

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the cluster")
}

async fn run(db: &mut PgConnection, statement: &str) -> Result<(), String> {
    let done = raw_sql(AssertSqlSafe(statement.to_owned())).execute(db).await;
    done.map(drop).map_err(|error| error.to_string())
}

/// Runs the file as psql would, without its commands that begin with a backslash.
async fn make_roles(cluster: &Cluster) {
    let file = include_str!("../../deploy/roles.sql");
    let file = file.replace(":'owner_password'", "'one'").replace(":'app_password'", "'another'");
    let lines = file.lines().filter(|line| !line.starts_with("--"));
    let lines = lines.filter(|line| !line.starts_with('\\') || line.starts_with("\\connect"));
    let sql = lines.collect::<Vec<_>>().join("\n");
    let (first, second) = sql.split_once("\\connect vestibule\n").expect("the other database");
    for (database, part) in [("postgres", first), ("vestibule", second)] {
        let mut superuser = connect(&cluster.url("postgres", database)).await;
        for statement in part.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            run(&mut superuser, statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
    }
}

/// Every statement that is checked at compile time, and its number of parameters, from `.sqlx/`.
fn statements() -> BTreeSet<(String, usize)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files = std::fs::read_dir(folder).expect(".sqlx").filter_map(Result::ok);
    let statements = files.map(|file| {
        let text = std::fs::read_to_string(file.path()).expect("a file");
        let known: Value = serde_json::from_str(&text).expect("JSON");
        let parameters = known["describe"]["parameters"]["Left"].as_array().map_or(0, Vec::len);
        (known["query"].as_str().expect("a query").to_owned(), parameters)
    });
    statements.collect()
}

#[tokio::test]
async fn the_app_runs_as_a_role_that_only_changes_rows() {
    let cluster = Cluster::start();
    make_roles(&cluster).await;
    let url = cluster.url("vestibule_app", "vestibule");
    let name = "of_a_cluster_of_its_own".to_owned();
    let db = Database { pool: lazy_pool(&url, 5).expect("its address"), url: url.clone(), name };
    let binary = |role: &str, argument: &str| {
        let mut command = command(&db, &[argument]);
        command.env("DATABASE_URL", cluster.url(role, "vestibule")).stderr(Stdio::piped());
        let output = command.output().expect("the binary");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(binary("vestibule_owner", "migrate"), (true, String::new()));
    assert_eq!(binary("vestibule_app", "doctor"), (true, String::new()));
    assert!(!binary("vestibule_app", "migrate").0, "the app's role migrates nothing");

    let mut app = connect(&url).await;
    // The statements are only planned, not run. PostgreSQL checks the same privileges for that.
    for (statement, parameters) in statements() {
        let first = statement.split_whitespace().next().unwrap_or_default().to_lowercase();
        if matches!(first.as_str(), "set" | "notify") {
            continue;
        }
        let nulls = vec!["null"; parameters].join(", ");
        let nulls = if nulls.is_empty() { nulls } else { format!("({nulls})") };
        let asked = format!(
            "prepare asked as {statement}\n; explain execute asked{nulls}; deallocate asked"
        );
        run(&mut app, &asked).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    for forbidden in [
        "create table mine (id int)",
        "alter table users add column admin boolean",
        "drop table audit_events",
        "truncate sessions",
        "create schema mine",
        "create role mine",
        "set role vestibule_owner",
    ] {
        let refused = run(&mut app, forbidden).await.expect_err(forbidden);
        let denied = ["permission denied", "must be owner"].iter().any(|why| refused.contains(why));
        assert!(denied, "{forbidden}: {refused}");
    }
    app.close().await.expect("the end");

    let site = Site::on(db, &[]).await;
    let mut ada = ADA.at(&site).await;
    ada.keep_value("kept").await;
    background::prune(&site.db.pool, site.app.config.audit_retention)
        .await
        .expect("rows to delete");
}
