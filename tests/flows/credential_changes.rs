//! Each credential change ends the accesses that the table in `docs/throttle.md` lists, and no
//! others.

use app::accounts::token::{self, NewToken, Owner, Purpose};
use app::accounts::user::User;

use crate::support::asking::changes_email;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, GRACE};
use crate::support::process::command;
use crate::support::site::Site;

const CHANGES: [&str; 7] = [
    "password changed",
    "password reset",
    "email changed",
    "“this wasn't me”",
    "`user lock`",
    "`user log-out`",
    "`user delete`",
];

async fn link(site: &Site, user: &User, purpose: Purpose) -> String {
    let owner = Owner::User(user.id);
    let new = NewToken { purpose, owner, email: ADA.email, code_mac: None };
    let token = token::issue(&site.db.pool, new).await.expect("a token");
    let path = match purpose {
        Purpose::NotMe => "/not-me",
        Purpose::ChangeEmail => "/email/change",
        _ => "/password/reset",
    };
    format!("{path}/{}", token.as_str())
}

async fn make(change: &str, site: &Site, user: &User, browser: &mut Browser) {
    let new = (NEW_PASSWORD, GRACE.password);
    match change {
        "password changed" => {
            browser.visit("/account/password").await;
            browser.submit(CHANGE_PASSWORD, &[(CURRENT_PASSWORD, ADA.password), new]).await;
            browser.must_be_at("/account", 200);
        }
        "password reset" => {
            browser.visit(&link(site, user, Purpose::Reset).await).await;
            browser.submit(CHANGE_PASSWORD, &[new]).await;
            browser.must_be_at("/login", 200);
        }
        "email changed" => changes_email(site, browser, "ada@example.net").await,
        "`user lock`" => operator(site, &["lock", ADA.email]),
        "`user log-out`" => operator(site, &["log-out", ADA.email]),
        "`user delete`" => operator(site, &["delete", ADA.email, "--yes"]),
        _ => {
            browser.visit(&link(site, user, Purpose::NotMe).await).await;
            browser.press(NOT_ME).await;
            browser.must_be_at("/password/reset/sent", 200);
        }
    }
}

fn operator(site: &Site, arguments: &[&str]) {
    let ended = command(&site.db, &[&["user"], arguments].concat()).status();
    assert!(ended.expect("the binary").success(), "{arguments:?}");
}

/// Whether the session of this browser is still valid.
async fn session_after(browser: &Browser) -> &'static str {
    let mut browser = browser.clone();
    browser.visit("/app").await;
    if browser.path == "/app" { "goes on" } else { "ends" }
}

/// Whether the link to confirm a new email address is valid in a session of the account.
async fn confirms(site: &Site, link: &str) -> &'static str {
    let token_hash = token::hash(link.rsplit('/').next().expect("a token"));
    let holder = token::holder(&site.db.pool, Purpose::ChangeEmail, &token_hash).await;
    if holder.expect("the database").is_some() { "stays" } else { "ends" }
}

async fn works(site: &Site, link: &str) -> &'static str {
    let mut browser = site.browser();
    browser.visit(link).await;
    if browser.status == 200 { "stays" } else { "ends" }
}

/// Whether this browser is still a known device of the account.
async fn known(site: &Site, browser: &Browser) -> &'static str {
    let cookie = browser.cookie("__Host-device").expect("a device cookie");
    let known = "select exists (select from devices where token_hash = $1)";
    let value = cookie.split('.').next_back().expect("a value");
    let hash = app::accounts::device::DeviceToken::parse(value).expect("a value").hash();
    let known = sqlx::query_scalar(known).bind(hash).fetch_one(&site.db.pool).await;
    if known.expect("the database") { "stays" } else { "ends" }
}

#[tokio::test]
async fn each_credential_change_ends_the_accesses_in_the_documented_table() {
    let mut lines = Vec::new();
    for change in CHANGES {
        let site = Site::start().await;
        let ada = ADA.create_account(&site).await;
        let mut here = ADA.log_in_on_new_device(&site).await;
        let elsewhere = ADA.log_in_on_new_device(&site).await;
        let reset = link(&site, &ada, Purpose::Reset).await;
        let new_email = link(&site, &ada, Purpose::ChangeEmail).await;
        let not_me = link(&site, &ada, Purpose::NotMe).await;
        make(change, &site, &ada, &mut here).await;
        let cells = [
            session_after(&here).await,
            session_after(&elsewhere).await,
            works(&site, &reset).await,
            confirms(&site, &new_email).await,
            works(&site, &not_me).await,
            known(&site, &here).await,
            known(&site, &elsewhere).await,
        ];
        lines.push(format!("| {change} | {} |", cells.join(" | ")));
    }
    let document = include_str!("../../docs/throttle.md");
    let documented: Vec<&str> = document
        .lines()
        .skip_while(|line| !line.starts_with("| change |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(documented, lines);
}

/// A credential change gives the session a new CSRF binding, so older forms are invalid.
#[tokio::test]
async fn a_form_opened_before_a_password_change_is_rejected() {
    let site = Site::start().await;
    let mut here = ADA.at(&site).await;
    here.visit("/test/value").await;
    let before = here.form("Keep the value");
    here.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    here.submit(CHANGE_PASSWORD, &fields).await;
    here.must_be_at("/account", 200);
    here.send(before).await;
    assert_eq!(here.status, 403);
}
