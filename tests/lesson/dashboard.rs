//! The cards of the dashboard.

use app::lesson::dashboard::SHOWN;
use app::lesson::opens_sessions;
use app::lesson::practices::all;
use scraper::Html;

use super::site_with;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::page::{selector, text_of};
use crate::support::people::ADA;
use crate::support::site::{Site, config};

const OPENED_UP: &str = "Your session, opened up";

/// The seconds from which the countdowns start: those to the idle and the absolute timeout.
fn countdowns(browser: &Browser) -> Vec<i64> {
    let page = Html::parse_document(browser.html());
    let countdown = selector(".countdown");
    let seconds = page.select(&countdown).map(|element| element.attr("data-seconds"));
    seconds.map(|seconds| seconds.expect("seconds").parse().expect("a number")).collect()
}

#[tokio::test]
async fn the_dashboard_shows_the_row_of_the_session_as_it_is() {
    let site = site_with(&[]).await;
    let browser = ADA.at(&site).await;
    browser.must_see(OPENED_UP);
    let (prefix, rest): (String, String) = sqlx::query_as(
        "select left(encode(id_hash, 'hex'), 8), right(encode(id_hash, 'hex'), -8) from sessions",
    )
    .fetch_one(&site.db.pool)
    .await
    .unwrap();
    browser.must_see(&format!("{prefix}…"));
    browser.must_see("0 in the session, 0 in the account: equal");
    assert!(!browser.html().contains(&rest[..8]), "the page shows four bytes of the hash only");
    let left = countdowns(&browser);
    assert!((3_540..=3_600).contains(&left[0]) && (86_340..=86_400).contains(&left[1]), "{left:?}");
}

#[tokio::test]
async fn other_timeouts_give_other_countdowns() {
    let settings = [("SESSION_IDLE_TIMEOUT", "7m"), ("SESSION_ABSOLUTE_TIMEOUT", "2h")];
    let site = site_with(&settings).await;
    let left = countdowns(&ADA.at(&site).await);
    assert!((360..=420).contains(&left[0]) && (7_140..=7_200).contains(&left[1]), "{left:?}");
}

#[tokio::test]
async fn the_statement_on_the_dashboard_is_the_one_that_postgresql_runs() {
    let site = site_with(&[]).await;
    let browser = ADA.at(&site).await;
    let running: Vec<String> = sqlx::query_scalar(
        "select query from pg_stat_activity
         where datname = current_database() and query like '%from sessions s left join users%'
             and query like '%any($1)%'",
    )
    .fetch_all(&site.db.pool)
    .await
    .unwrap();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = Html::parse_document(browser.html());
    let shown = page.select(&selector("pre")).next().expect("the statement").text().collect();
    let shown: String = shown;
    assert!(running.iter().any(|query| plain(query) == plain(&shown)), "{shown}\n{running:?}");
}

#[tokio::test]
async fn the_dashboard_shows_the_attributes_and_the_beginning_of_the_cookie_only() {
    let site = site_with(&[]).await;
    ADA.create_account(&site).await;
    for remember in [false, true] {
        let mut browser = site.browser();
        browser.visit("/login").await;
        let mut form = browser.form(LOG_IN);
        form.fill(EMAIL, ADA.email).unwrap();
        form.fill(PASSWORD, ADA.password).unwrap();
        if remember {
            form.fill(STAY_LOGGED_IN, "on").unwrap();
        }
        browser.send(form).await;
        browser.must_be_at("/app", 200);
        let set = browser.raw_set_cookies();
        let set = set.iter().find(|line| line.starts_with("__Host-session=")).expect("a cookie");
        let (_, attributes) = set.split_once("; ").expect("attributes");
        let text = browser.text();
        let shown = text.lines().find(|line| line.starts_with("HttpOnly;")).expect("attributes");
        let sorted = |text: &str| {
            let mut parts: Vec<String> = text.split("; ").map(str::to_owned).collect();
            // Perhaps a second has passed since the login.
            parts.iter_mut().for_each(|part| {
                if part.starts_with("Max-Age=") {
                    part.truncate("Max-Age=".len() + 3);
                }
            });
            parts.sort();
            parts
        };
        assert_eq!(sorted(shown), sorted(attributes), "{remember}");
        let value = browser.cookie("__Host-session").expect("a cookie");
        browser.must_see(&format!("{}…", &value[..8]));
        assert!(!browser.html().contains(&value[..9]));
    }
}

#[tokio::test]
async fn the_dashboard_shows_the_evidence_of_this_session_with_its_code_and_its_test() {
    let site = site_with(&[]).await;
    let browser = ADA.at(&site).await;
    let page = Html::parse_document(browser.html());
    let line = selector("[aria-labelledby=this-session-shows] dl div");
    let lines: Vec<String> = page.select(&line).map(text_of).collect();
    assert_eq!(lines.len(), SHOWN.len(), "{lines:#?}");
    for (name, line) in SHOWN.iter().flat_map(|name| {
        let practice = all().filter(move |practice| practice.name == *name);
        practice
            .map(|practice| (practice, lines.iter().find(|line| line.starts_with(practice.title))))
    }) {
        let line = line.unwrap_or_else(|| panic!("{} is not in {lines:#?}", name.name));
        assert!(line.contains(&name.code[0].to_string()), "{line}");
        assert!(line.contains(&name.tests[0].to_string()), "{line}");
    }
    let of = |title: &str| lines.iter().find(|line| line.starts_with(title)).expect("a line");
    assert!(of("Session list").contains("1 session"), "{lines:#?}");
    let other = ADA.log_in_on_new_device(&site).await;
    other.must_see("2 sessions");
}

#[tokio::test]
async fn the_dashboard_shows_recent_activity_and_the_devices() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    let mut other = site.browser();
    other.user_agent =
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into();
    ADA.logs_in(&mut other).await;
    browser.visit("/app").await;
    browser.must_see("Chrome on Linux (this device)");
    browser.must_see("Firefox on Linux, last seen");
    browser.must_see("login.new-device");
}

#[tokio::test]
async fn without_the_lesson_the_dashboard_has_none_of_it() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    browser.must_not_see(OPENED_UP);
    assert!(!browser.html().contains("lesson"), "{}", browser.html());
}

#[test]
fn production_opens_no_session_whatever_the_setting() {
    let production = [
        ("ENVIRONMENT", "production"),
        ("BASE_URL", "https://example.com"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("SMTP_URL", "smtps://mail.example.com"),
    ];
    for (lesson, development) in [("on", true), ("off", false), ("", true)] {
        let url = "postgres://app:secret@localhost/app";
        let lesson = [("LESSON", lesson)];
        assert_eq!(opens_sessions(&config(url, &lesson)), development);
        assert!(!opens_sessions(&config(url, &[&lesson[..], &production].concat())));
    }
}
