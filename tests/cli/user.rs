//! Each command of an operator, end to end.

use serde_json::{Value, json};

use super::{events, user, user_with};
use crate::support::asking::changes_email;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn an_operator_creates_an_account_that_can_log_in() {
    let site = Site::start().await;
    let typed = format!("{}\n", ADA.password);
    let said = user_with(&site.db, &["create", "Ada@Example.com"], &typed).done();
    assert_eq!(said, "Ada@example.com: created\n");
    ADA.log_in_on_new_device(&site).await;
    user_with(&site.db, &["create", ADA.email], &typed).failed("ada@example.com already has an");
    let grace = ["create", GRACE.email, "--password-stdin", "--json"];
    // As a file from another system ends its line.
    let created = user_with(&site.db, &grace, &format!("{}\r\n", GRACE.password)).json();
    let expected = json!({ "command": "create", "email": GRACE.email, "changed": true });
    assert_eq!(created, expected);
    GRACE.log_in_on_new_device(&site).await;
    assert_eq!(
        events(&site.db).await,
        [("user.create".into(), true), ("user.create".into(), true)]
    );
}

#[tokio::test]
async fn a_created_account_has_a_password_that_a_sign_up_would_accept() {
    let db = database().await;
    for (password, reason) in [
        ("", "Choose a password."),
        ("\n", "Choose a password."),
        ("too short", "Use at least 15 characters. This one has 9."),
        ("passwordpassword", "This password is too easy to guess."),
        ("ada@example.com", "This password is too easy to guess."),
        (&"long ".repeat(60), "Use at most 256 characters."),
        (&"very long ".repeat(10_000), "Use at most 256 characters."),
    ] {
        user_with(&db, &["create", ADA.email], password).failed(reason);
    }
    assert_eq!(db.number("select count(*) from users").await, 0);
}

/// A stranger may have registered the email address before, with a password of their own.
#[tokio::test]
async fn a_created_account_has_the_password_of_the_operator_only() {
    let site = Site::start().await;
    let mut stranger = ADA.registers(&site).await;
    let link = newest(&site.db, ADA.email).await.link("/email/verify/");
    user_with(&site.db, &["create", ADA.email], GRACE.password).done();
    stranger.visit(&link).await;
    stranger.must_see(ALREADY_CONFIRMED);
    let hashes = "select count(*) from registrations where password_hash is not null";
    assert_eq!(site.db.number(hashes).await, 0);
    ADA.logs_in(&mut stranger).await;
    stranger.must_be_at("/login", 422);
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_with_the_link() {
    let site = Site::start().await;
    let said = user(&site.db, &["create", ADA.email, "--invite"]).done();
    assert_eq!(said, "ada@example.com: invited by email\n");
    // A second invitation changes nothing about the first one.
    let link = newest(&site.db, ADA.email).await.link("/email/verify/");
    user(&site.db, &["create", ADA.email, "--invite", "--json"]).json();
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), 2);
    assert_eq!(site.db.number("select count(*) from users").await, 0);
    let mut browser = site.browser();
    browser.visit(&link).await;
    browser.must_see(ADA.email);
    browser.submit(CREATE_ACCOUNT, &[(PASSWORD, ADA.password)]).await;
    browser.must_be_at("/app", 200);
    ADA.log_in_on_new_device(&site).await;
    let mails = mailbox(&site.db, ADA.email).await.len();
    user(&site.db, &["create", ADA.email, "--invite"]).failed("ada@example.com already has an");
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), mails);
    let invitation = ("user.invite".to_owned(), false);
    assert_eq!(events(&site.db).await, [invitation.clone(), invitation]);
}

#[tokio::test]
async fn a_locked_account_cannot_be_used_until_it_is_unlocked() {
    let site = Site::start().await;
    let mut open = ADA.at(&site).await;
    let mut grace = GRACE.at(&site).await;
    assert_eq!(user(&site.db, &["lock", "ADA@example.com"]).done(), LOCKED);
    open.visit("/app").await;
    open.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut open).await;
    open.must_be_at("/login", 422);
    open.must_see(WRONG_LOGIN);
    assert_eq!(site.db.number("select count(*) from sessions where user_id is not null").await, 1);
    grace.visit("/app").await;
    grace.must_be_at("/app", 200);

    let again = "ada@example.com: locked before, nothing changed\n";
    assert_eq!(user(&site.db, &["lock", ADA.email]).done(), again);
    assert_eq!(user(&site.db, &["unlock", ADA.email]).done(), "ada@example.com: unlocked\n");
    let again = user(&site.db, &["unlock", ADA.email, "--json"]).json();
    assert_eq!(again, json!({ "command": "unlock", "email": ADA.email, "changed": false }));
    open.visit("/app").await;
    open.must_be_at("/login?next=%2Fapp", 200);
    ADA.log_in_on_new_device(&site).await;
    // Only what changed something is an event.
    assert_eq!(events(&site.db).await, [("user.lock".into(), true), ("user.unlock".into(), true)]);
}

const LOCKED: &str = "ada@example.com: locked, 1 session ended\n";

#[tokio::test]
async fn an_operator_logs_a_person_out_everywhere() {
    let site = Site::start().await;
    let mut devices = [ADA.at(&site).await, ADA.log_in_on_new_device(&site).await];
    let before = site.db.number("select session_epoch::bigint from users").await;
    let ended = user(&site.db, &["log-out", ADA.email, "--json"]).json();
    let expected =
        json!({ "command": "log-out", "email": ADA.email, "changed": true, "sessions_ended": 2 });
    assert_eq!(ended, expected);
    for device in &mut devices {
        device.visit("/app").await;
        device.must_be_at("/login?next=%2Fapp", 200);
    }
    // A login that had verified the password before begins no session either.
    assert_eq!(site.db.number("select session_epoch::bigint from users").await, before + 1);
    let said = user(&site.db, &["log-out", ADA.email]).done();
    assert_eq!(said, "ada@example.com: logged out, 0 sessions ended\n");
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn show_tells_what_is_known_about_an_account() {
    let site = Site::start().await;
    ADA.at(&site).await;
    ADA.log_in_on_new_device(&site).await;
    let shown = user(&site.db, &["--json", "show", "ADA@example.com"]).json();
    assert_eq!((&shown["email"], &shown["sessions"]), (&json!(ADA.email), &json!(2)));
    assert_eq!((&shown["devices"], &shown["locked_at"]), (&json!(2), &Value::Null));
    assert!(shown["last_login_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{shown}");
    let kinds = |shown: &Value| -> Vec<String> {
        let events = shown["events"].as_array().expect("events").iter();
        events.map(|event| event["kind"].as_str().expect("a kind").to_owned()).collect()
    };
    assert_eq!(kinds(&shown), ["login.new-device"; 2]);
    assert_eq!(shown["events"][0]["address"], "127.0.0.1");

    user(&site.db, &["lock", ADA.email]).done();
    let shown = user(&site.db, &["show", ADA.email, "--json"]).json();
    assert_eq!((&shown["sessions"], &shown["devices"]), (&json!(0), &json!(0)));
    assert!(shown["locked_at"].is_string(), "{shown}");
    assert_eq!(kinds(&shown), ["user.lock", "user.show", "login.new-device", "login.new-device"]);
    assert_eq!(shown["events"][0]["address"], Value::Null);
    let text = user(&site.db, &["show", ADA.email]).done();
    for part in
        ["ada@example.com\n", "locked            since 20", "user.lock", "127.0.0.1, Chrome"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let hash: String = sqlx::query_scalar("select password_hash from users")
        .fetch_one(&site.db.pool)
        .await
        .expect("a hash");
    assert!(!format!("{shown}{text}").contains(hash.split('$').next_back().expect("a hash")));
}

#[tokio::test]
async fn list_prints_a_line_for_each_account_oldest_first() {
    let site = Site::start().await;
    for person in [GRACE, ADA, EVE] {
        person.create_account(&site).await;
    }
    GRACE.log_in_on_new_device(&site).await;
    user(&site.db, &["lock", EVE.email]).done();
    // More than `list` reads at once.
    site.db
        .run(
            "insert into users (id, email, email_canonical, password_hash)
             select ('ffffffff-ffff-7fff-bfff-' || lpad(n::text, 12, '0'))::uuid, mail, mail, ''
             from (select n, 'person' || n || '@example.com' as mail
                   from generate_series(1, 2345) as n) as people",
        )
        .await;
    let text = user(&site.db, &["list"]).done();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2_348);
    assert!(lines[0].starts_with("grace@example.org: created 20"), "{}", lines[0]);
    assert!(lines[0].contains(", last login 20") && !lines[0].contains("locked"), "{}", lines[0]);
    assert!(lines[1].starts_with("ada@") && lines[1].ends_with("last login never"), "{}", lines[1]);
    assert!(lines[2].starts_with("eve@") && lines[2].ends_with(", locked"), "{}", lines[2]);

    let json = user(&site.db, &["list", "--json"]).done();
    let parsed = json.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let emails: Vec<String> =
        parsed.map(|user| user["email"].as_str().expect("an email").to_owned()).collect();
    let named = lines.iter().map(|line| line.split(':').next().expect("an email").to_owned());
    assert_eq!(emails, named.collect::<Vec<_>>());
    assert_eq!(
        events(&site.db).await[1..],
        [("user.list".into(), false), ("user.list".into(), false)]
    );
}

#[tokio::test]
async fn an_unknown_account_is_named_and_nothing_changes() {
    let site = Site::start().await;
    ADA.at(&site).await;
    for arguments in [
        &["show", GRACE.email][..],
        &["lock", GRACE.email],
        &["unlock", GRACE.email],
        &["log-out", GRACE.email],
        &["delete", GRACE.email, "--yes"],
    ] {
        user(&site.db, arguments).failed("grace@example.org has no account");
    }
    assert_eq!(events(&site.db).await, []);
    assert_eq!(site.db.number("select count(*) from sessions where user_id is not null").await, 1);
}

#[tokio::test]
async fn wrong_use_is_explained() {
    let db = database().await;
    user(&db, &["lock"]).wrong_use("<EMAIL>");
    user(&db, &["lock", "ada"]).wrong_use("doesn't look like an email address");
    user(&db, &["create", ADA.email, "--invite", "--password-stdin"]).wrong_use("cannot be used");
    user(&db, &["create", ADA.email, ADA.password]).wrong_use("unexpected argument");
    // Standard input of the tests is no terminal.
    user(&db, &["delete", ADA.email]).wrong_use("without one, it needs --yes");
    for command in ["create", "list", "show", "lock", "unlock", "log-out", "delete"] {
        let help = user(&db, &[command, "--help"]).done();
        assert!(help.contains("Usage: vestibule user") && help.contains("--json"), "{help}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_explained() {
    let db = database().await;
    db.run("drop schema public cascade; create schema public").await;
    user(&db, &["list"]).failed("the database's schema is behind: run `vestibule migrate`");
}

/// A thief changed the email address, and the operator knows only the old one.
#[tokio::test]
async fn the_account_of_an_earlier_email_address_is_named() {
    let site = Site::start().await;
    let mut thief = ADA.at(&site).await;
    changes_email(&site, &mut thief, "eve@example.net").await;
    for arguments in
        [&["lock", ADA.email][..], &["show", ADA.email], &["delete", ADA.email, "--yes"]]
    {
        user(&site.db, arguments).failed(
            "ada@example.com has no account now; the account that had it has eve@example.net",
        );
    }
    user(&site.db, &["lock", "eve@example.net"]).done();
    thief.visit("/app").await;
    assert_eq!(thief.path, "/login?next=%2Fapp");
}
