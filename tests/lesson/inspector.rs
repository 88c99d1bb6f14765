//! `/dev/session`, which shows the session of a browser in development.

use app::lesson::inspector::reason_of;
use app::lesson::opened::LOAD;
use app::lesson::source::dedent;
use app::web::factors::KINDS;

use super::{ask_production, site_with};
use crate::support::browser::Browser;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::process::Process;
use crate::support::site::Site;
use crate::support::source::files;

const PAGE: &str = "/dev/session";
const IS_SET: &str = "This response sets it again";
const IS_NOT_SET: &str = "This response does not set it";
const IS_REMOVED: &str = "This response removes it";

/// Opens the page, and checks what it says of the cookie against the headers of its response.
async fn cookie_is(browser: &mut Browser, said: &str) {
    browser.visit(PAGE).await;
    browser.must_be_at(PAGE, 200);
    browser.must_see(said);
    let lines = browser.raw_set_cookies();
    let line = lines.iter().find(|line| line.starts_with("__Host-session="));
    let really = match line {
        None => IS_NOT_SET,
        Some(line) if line.contains("Max-Age=0") => IS_REMOVED,
        Some(_) => IS_SET,
    };
    assert_eq!(said, really, "{lines:?}");
}

#[tokio::test]
async fn the_page_says_of_the_cookie_what_the_response_does() {
    let site = site_with(&[]).await;
    let mut browser = site.browser();
    cookie_is(&mut browser, IS_NOT_SET).await;
    browser.must_see("No session cookie reached the session store");
    ADA.create_account(&site).await;
    ADA.logs_in(&mut browser).await;
    cookie_is(&mut browser, IS_NOT_SET).await;
    browser.must_see("Nothing in the session has changed.");

    // A message that waits in the session is shown once.
    browser.visit("/app").await;
    browser.follow_redirects = false;
    browser.submit(SAVE_NOTE, &[(NOTE, "milk")]).await;
    browser.follow_redirects = true;
    cookie_is(&mut browser, IS_SET).await;
    browser.must_see("A value of the session has changed");

    site.db.run("delete from sessions").await;
    cookie_is(&mut browser, IS_REMOVED).await;
    browser.must_see("The session has ended or never existed");

    browser.plant_cookie("__Host-session", "nothing that we encrypted");
    cookie_is(&mut browser, IS_REMOVED).await;
    browser.must_see("It could not be decrypted");
}

#[tokio::test]
async fn a_cookie_of_an_older_key_is_set_again() {
    let keys = [app::keys::Keys::generate(), app::keys::Keys::generate()];
    let first = site_with(&[("SECRET_KEYS", &keys[0])]).await;
    let mut browser = ADA.at(&first).await;
    let both = format!("{},{}", keys[1], keys[0]);
    let db = first.stop().await;
    let second = Site::on(db, &[("LESSON", "on"), ("SECRET_KEYS", &both)]).await;
    let mut moved = second.browser();
    moved.clone_cookies_from(&browser);
    cookie_is(&mut moved, IS_SET).await;
    moved.must_see("An older key had encrypted it.");
    browser.restart();
}

#[tokio::test]
async fn the_cookie_of_before_a_rotation_is_not_removed() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    let mut copy = browser.clone();
    browser.visit("/sudo").await;
    browser.submit(CONTINUE, &[(PASSWORD, ADA.password)]).await;
    cookie_is(&mut copy, IS_NOT_SET).await;
    copy.must_see("The session has another ID by now.");
}

#[tokio::test]
async fn the_page_lists_each_new_session_id_with_its_reason() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    browser.visit(PAGE).await;
    browser.must_see("A login");
    browser.must_not_see("A re-authentication");
    browser.visit("/sudo").await;
    browser.submit(CONTINUE, &[(PASSWORD, ADA.password)]).await;
    browser.visit(PAGE).await;
    browser.must_see("A re-authentication");
    browser.visit("/account/password").await;
    let new = "glacier pumpkin harmonica";
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, new)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    browser.visit(PAGE).await;
    browser.must_see("A changed password");
    // The rotation of another device is none of this session.
    let mut other = site.browser();
    other.user_agent = "Another browser".to_owned();
    crate::support::people::Person { password: new, ..ADA }.logs_in(&mut other).await;
    other.visit(PAGE).await;
    other.must_see("A login");
    other.must_not_see("A changed password");
}

/// Every flow that rotates an ID records an event that the page knows.
#[test]
fn every_rotation_has_a_reason() {
    let mut rotating = 0;
    for file in files("src/flows", "rs") {
        let code = file.code();
        if !code.contains("rotate_in_place(") {
            continue;
        }
        rotating += 1;
        assert!(code.contains("audit::record("), "{} rotates and records nothing", file.path);
    }
    assert!(rotating >= 5, "{rotating}");
    for event in KINDS.iter().flat_map(|factor| factor.events) {
        assert_eq!(reason_of(event.name).is_some(), !event.is_alarming, "{}", event.name);
    }
}

#[tokio::test]
async fn the_page_lists_the_statements_of_its_own_request_with_their_times() {
    let db = database().await;
    let process = Process::serve_with(&db, &[("LESSON", "on")]);
    let site = Site::on(db, &[]).await;
    ADA.create_account(&site).await;
    let mut browser = process.browser();
    ADA.logs_in(&mut browser).await;
    browser.visit(PAGE).await;
    let page = scraper::Html::parse_document(browser.html());
    let shown: Vec<String> = page
        .select(&crate::support::page::selector("ol pre"))
        .map(|statement| statement.text().collect())
        .collect();
    let load = dedent(&LOAD.statement().expect("the statement"));
    assert_eq!(shown.first(), Some(&load), "the load of the session is the first");
    browser.must_see("run for 1 request by the loader");
    // The page itself reads the row and the audit events. None of the login before is there.
    assert!(shown.iter().any(|sql| sql.contains("from audit_events")), "{shown:?}");
    assert!(!shown.iter().any(|sql| sql.contains("insert into")), "{shown:?}");
    let text = browser.text();
    assert_eq!(text.matches(" ms, ").count(), shown.len(), "{text}");
}

#[tokio::test]
async fn a_site_in_production_has_no_such_page() {
    let site = Site::in_production_with(&[("LESSON", "on")]).await;
    let (status, page) = ask_production(&site, "GET", PAGE).await;
    assert_eq!(status, 404);
    assert!(!page.contains("sessions s"), "{page}");
    assert!(app::lesson::statements::layer(&site.app.config).is_none());
}

#[tokio::test]
async fn without_the_lesson_there_is_no_such_page() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit(PAGE).await;
    browser.must_be_at(PAGE, 404);
    assert!(app::lesson::statements::layer(&site.app.config).is_none());
}
