//! The buttons "Try it" of the dashboard.

use app::lesson::source::{self, at};

use super::{ask_production, site_with};
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::second_factor::PAGE;
use crate::support::site::Site;

/// Each path that a button sends a form to.
const TRIES: [&str; 4] =
    ["/lesson/end-session", "/lesson/no-token", "/lesson/cross-site", "/lesson/password"];

async fn rows(site: &Site, table: &str) -> i64 {
    let count = format!("select count(*) from {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&site.db.pool).await.expect("a count")
}

/// The lines of the table of the password change: who, before, after.
fn who_is_valid(browser: &Browser) -> Vec<(String, String, String)> {
    let page = scraper::Html::parse_document(browser.html());
    let row = crate::support::page::selector("tbody tr");
    let cell = crate::support::page::selector("td");
    page.select(&row)
        .map(|row| {
            let mut cells = row.select(&cell).map(|cell| cell.text().collect::<String>());
            let mut next = || cells.next().expect("a cell");
            (next(), next(), next())
        })
        .collect()
}

#[tokio::test]
async fn without_a_required_second_factor_no_password_change_can_be_tried() {
    let site = site_with(&[("REQUIRE_SECOND_FACTOR", "true")]).await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at(PAGE, 200);
    let form = browser.form(LOG_OUT);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let body = format!("csrf={token}");
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let to_setup = reqwest::header::HeaderValue::from_static(PAGE);
    for path in ["/lesson/no-token", "/lesson/password"] {
        let answer = browser.fetch(reqwest::Method::POST, path, &kind, &body).await;
        assert_eq!((answer.status, &answer.headers["location"]), (303, &to_setup), "{path}");
    }
    browser.visit("/practices/your-sessions").await;
    browser.must_not_see("You have");
}

#[tokio::test]
async fn a_session_that_ends_on_the_server_is_rejected_in_the_next_request() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    let cookie = browser.cookie("__Host-session").expect("a cookie");
    browser.press(END_ON_SERVER).await;
    browser.must_be_at("/lesson/end-session", 200);
    browser.must_see("This browser sent its cookie with this request, and the site rejected it.");
    browser.must_see("src/web/session_store.rs::PostgresStore::find");
    browser.must_see(&format!("__Host-session={}…", &cookie[..8]));
    assert_eq!(rows(&site, "sessions").await, 0);
    // The first response of the button sets no cookie, the second one removes it.
    assert!(browser.hops[0].headers.get("set-cookie").is_none());
    let removed = browser.raw_set_cookies();
    let removal =
        removed.iter().find(|line| line.starts_with("__Host-session=")).expect("a removal");
    let parts = |line: &str| {
        let mut parts: Vec<_> = line.split("; ").map(str::to_owned).collect();
        parts.sort();
        parts
    };
    let text = browser.text();
    let shown = text.split("Set-Cookie: ").nth(1).and_then(|rest| rest.split(". That").next());
    assert_eq!(parts(shown.expect("the line")), parts(removal));
    browser.visit("/lesson/end-session").await;
    browser.must_see("This browser sent no session cookie with this request.");
    browser.click("Open the dashboard").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn a_form_without_its_token_is_rejected_by_the_check_of_the_token() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    browser.press(WITHOUT_TOKEN).await;
    browser.must_be_at("/lesson/no-token", 403);
    browser.must_see("src/web/csrf/token.rs::check");
}

#[tokio::test]
async fn a_form_replayed_as_cross_site_is_rejected_by_the_check_of_the_origin() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    browser.press(AS_CROSS_SITE).await;
    browser.must_be_at("/lesson/cross-site", 403);
    browser.must_see("src/web/csrf.rs::reject_cross_site");
}

#[tokio::test]
async fn a_password_change_leaves_only_the_new_id_of_this_device_valid() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    let before = (rows(&site, "users").await, rows(&site, "sessions").await);
    browser.press(CHANGE_TEST_PASSWORD).await;
    browser.must_be_at("/lesson/password", 200);
    let seen = who_is_valid(&browser);
    let after: Vec<&str> = seen.iter().map(|(_, _, after)| after.as_str()).collect();
    assert_eq!(after, ["rejected", "rejected", "rejected", "rejected", "valid"], "{seen:?}");
    assert!(seen.iter().all(|(_, before, _)| before == "valid"), "{seen:?}");
    assert_eq!((rows(&site, "users").await, rows(&site, "sessions").await), before);
    browser.visit("/account").await;
    browser.must_be_at("/account", 200);
}

/// Otherwise the lesson would show something else than what a password change does.
#[test]
fn the_password_change_of_the_lesson_calls_what_the_flow_calls() {
    let calls = |place: source::Place| -> Vec<String> {
        let text = place.excerpt().expect("the function").numbered();
        let known =
            ["session::hold", "change_password", "end_all", "end_access", "rotate_in_place"];
        let mut found: Vec<(usize, &str)> = known
            .iter()
            .filter_map(|call| Some((text.find(&format!("{call}("))?, *call)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, call)| call.to_owned()).collect()
    };
    let flow = calls(at("src/flows/account/password.rs", "change"));
    assert_eq!(calls(at("src/lesson/password_change.rs", "change")), flow);
    assert!(flow.len() >= 4, "{flow:?}");
}

#[tokio::test]
async fn a_visitor_without_a_login_can_try_nothing() {
    let site = site_with(&[]).await;
    for path in TRIES {
        let mut browser = site.browser();
        browser.visit("/login").await;
        let form = browser.form(LOG_IN);
        let pairs = form.pairs();
        let (_, token) = pairs.into_iter().find(|(name, _)| *name == "csrf").expect("a token");
        browser.visit("/").await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("csrf={token}");
        let answer = browser.fetch(reqwest::Method::POST, path, &form, &body).await;
        // The check of the origin comes before that of the login, as for every form.
        let expected = if path == "/lesson/cross-site" { 403 } else { 303 };
        assert_eq!(answer.status, expected, "{path}");
    }
}

#[tokio::test]
async fn without_the_lesson_there_is_nothing_to_try() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.must_not_see("Try it");
    for path in TRIES {
        browser.visit(path).await;
        browser.must_be_at(path, 404);
    }
}

#[tokio::test]
async fn in_production_there_is_nothing_to_try_whatever_the_setting() {
    let site = Site::in_production_with(&[("LESSON", "on")]).await;
    for path in TRIES {
        assert_eq!(ask_production(&site, "GET", path).await.0, 404, "{path}");
    }
}
