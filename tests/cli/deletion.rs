//! A deleted account leaves no row that names the person.

use std::collections::BTreeSet;

use app::keys::Keys;
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{events, user};
use crate::mail::carry;
use crate::support::asking::{asks_for_new_email, changes_email};
use crate::support::database::Database;
use crate::support::labels::*;
use crate::support::mail_server::MailServer;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE, Person};
use crate::support::process::command;
use crate::support::race::until;
use crate::support::site::Site;

/// Every column whose text contains `part`, as `table.column`. Reads all columns of all tables.
async fn columns_with(db: &Database, part: &str) -> BTreeSet<String> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns
         where table_schema = 'public'",
    )
    .fetch_all(&db.pool)
    .await
    .expect("the columns");
    assert!(columns.len() > 60, "{columns:?}");
    let mut found = BTreeSet::new();
    for (table, column) in columns {
        let statement =
            format!(r#"select exists (select from "{table}" where "{column}"::text ilike $1)"#);
        let query = sqlx::query_scalar(AssertSqlSafe(statement)).bind(format!("%{part}%"));
        if query.fetch_one(&db.pool).await.expect("the table") {
            found.insert(format!("{table}.{column}"));
        }
    }
    found
}

/// Leaves rows in every table: signs up, confirms, logs in, fails to log in, asks for a reset.
async fn live(person: Person, site: &Site) {
    let mut browser = person.registers(site).await;
    let link = newest(&site.db, person.email).await.link("/email/verify/");
    browser.visit(&link).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
    let mut other = person.log_in_on_new_device(site).await;
    other.visit("/account/password").await;
    let wrong = [(CURRENT_PASSWORD, "not the password"), (NEW_PASSWORD, "another long password")];
    other.submit(CHANGE_PASSWORD, &wrong).await;
    let mut stranger = site.browser();
    stranger.visit("/login").await;
    stranger.submit(LOG_IN, &[(EMAIL, person.email), (PASSWORD, "not the password")]).await;
    for mut browser in [site.browser(), browser] {
        browser.visit("/password/reset").await;
        browser.submit(SEND_LINK, &[(EMAIL, person.email)]).await;
    }
}

/// The emails about the deletion name the person until then.
async fn the_last_emails_are_sent(site: &Site) {
    let mut server = MailServer::start().await;
    let delivery = carry(&site.db.pool, &server);
    let mail = server.mail().await.data;
    assert!(mail.contains("The people who run this site did it."), "{mail}");
    assert!(!mail.contains("someone who had access"), "{mail}");
    let waiting = "select count(*) from outbox where finished_at is null";
    until("every address is told", async || site.db.number(waiting).await == 0).await;
    delivery.stop().await;
}

#[tokio::test]
async fn nothing_that_names_a_deleted_person_remains() {
    let keys = Keys::generate();
    let site = Site::with_real_limits(&[("SECRET_KEYS", &keys)]).await;
    live(ADA, &site).await;
    // What a mail server said about the address, of an email that was sent and of one that waits.
    site.db.run("update outbox set problem = 'ADA@example.com: greylisted'").await;
    site.db
        .run(
            "update outbox set finished_at = now(), outcome = 'sent', subject = null, body = null
             where kind = 'email.verify'",
        )
        .await;
    let user_id: String = sqlx::query_scalar("select id::text from users")
        .fetch_one(&site.db.pool)
        .await
        .expect("a user");
    let counters =
        "select count(*) from throttles where scope not in ('IP address', 'registration')";
    assert!(site.db.number(counters).await > 5);
    let before = columns_with(&site.db, ADA.email).await;
    for column in ["users.email", "registrations.email", "outbox.recipient", "outbox.problem"] {
        assert!(before.contains(column), "{column}: {before:?}");
    }
    assert!(columns_with(&site.db, &user_id).await.contains("tokens.user_id"));
    let history = site.db.number("select count(*) from audit_events").await;
    let traceable =
        "select count(*) from audit_events where address is not null or user_agent <> ''";
    // The registration: there was no account yet.
    let nameless = site.db.number("select count(*) from audit_events where user_id is null").await;
    assert!(site.db.number(traceable).await > nameless + 3);
    let mails = site.db.number("select count(*) from outbox").await;

    let mut delete = command(&site.db, &["user", "delete", "ADA@example.com", "--yes", "--json"]);
    let ended = delete.env("SECRET_KEYS", &keys).output().expect("the binary");
    let said: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    let expected = json!({ "command": "delete", "email": ADA.email, "changed": true });
    assert_eq!(said, expected);
    the_last_emails_are_sent(&site).await;

    for part in [ADA.email, &user_id] {
        assert_eq!(columns_with(&site.db, part).await, BTreeSet::new(), "{part}");
    }
    assert_eq!(site.db.number(traceable).await, nameless);
    assert_eq!(site.db.number("select count(*) from sessions where user_id is not null").await, 0);
    assert_eq!(site.db.number(counters).await, 0);
    // What happened is still counted.
    assert_eq!(site.db.number("select count(*) from audit_events").await, history + 1);
    assert_eq!(site.db.number("select count(*) from outbox").await, mails + 1);
    let waiting = "select count(*) from outbox where finished_at is null";
    assert_eq!(site.db.number(waiting).await, 0);
}

#[tokio::test]
async fn an_earlier_email_is_erased_too() {
    let (new, wanted) = ("ada@example.net", "ada@example.edu");
    let site = Site::start().await;
    live(ADA, &site).await;
    let mut ada = ADA.log_in_on_new_device(&site).await;
    changes_email(&site, &mut ada, new).await;
    asks_for_new_email(&mut ada, wanted).await;
    for email in [ADA.email, new, wanted] {
        let before = columns_with(&site.db, email).await;
        assert!(before.contains("outbox.recipient"), "{email}: {before:?}");
    }
    user(&site.db, &["delete", new, "--yes"]).done();
    the_last_emails_are_sent(&site).await;
    for email in [ADA.email, new, wanted] {
        assert_eq!(columns_with(&site.db, email).await, BTreeSet::new(), "{email}");
    }
}

#[tokio::test]
async fn a_deletion_leaves_everybody_else_alone() {
    let site = Site::start().await;
    live(GRACE, &site).await;
    let mut grace = GRACE.log_in_on_new_device(&site).await;
    let rows = "select (select count(*) from users) + (select count(*) from sessions)
        + (select count(*) from devices) + (select count(*) from tokens)
        + (select count(*) from registrations)
        + (select count(*) from outbox where finished_at is null)
        + (select count(*) from audit_events where user_agent <> '')";
    let before = site.db.number(rows).await;
    ADA.create_account(&site).await;
    assert_eq!(
        user(&site.db, &["delete", ADA.email, "--yes"]).done(),
        "ada@example.com: deleted, owner told by email\n"
    );
    assert_eq!(site.db.number(rows).await, before + 1, "the email about the deletion");
    grace.visit("/app").await;
    grace.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_deleted_person_is_logged_out_and_can_sign_up_again() {
    let site = Site::start().await;
    let mut open = ADA.at(&site).await;
    open.visit("/test/value").await;
    user(&site.db, &["delete", ADA.email, "--yes"]).done();
    open.submit("Keep the value", &[("Value", "milk")]).await;
    open.must_see(LOG_IN);
    ADA.logs_in(&mut open).await;
    open.must_be_at("/login", 422);
    user(&site.db, &["delete", ADA.email, "--yes"]).failed("ada@example.com has no account");
    assert_eq!(events(&site.db).await, [], "the event of the deletion is anonymous too");
    live(ADA, &site).await;
}
