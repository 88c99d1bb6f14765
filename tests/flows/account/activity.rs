//! The page that shows a user what happened to the account.

use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::site::Site;

#[tokio::test]
async fn a_user_sees_logins_failures_and_changes_but_nothing_of_others() {
    let site = Site::start().await;
    GRACE.create_account(&site).await;
    let wrong = Person { password: "not the password of anybody", ..GRACE };
    wrong.logs_in(&mut site.browser()).await;
    let mut ada = ADA.at(&site).await;
    let mut stranger = site.browser();
    stranger.user_agent =
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".into();
    for _ in 0..3 {
        Person { password: "not the password of anybody", ..ADA }.logs_in(&mut stranger).await;
    }
    ada.visit("/account").await;
    ada.click("View").await;
    ada.must_be_at("/account/activity", 200);
    let text = ada.text();
    let lines: Vec<&str> = text.lines().collect();
    let at = |words: &str| {
        let found = lines.iter().position(|line| *line == words);
        found.unwrap_or_else(|| panic!("no {words:?}: {text}"))
    };
    // The newest first, with the browser beside it.
    assert!(at("Login failed, 3 times") < at("Logged in on a new device"));
    assert_eq!(lines[at("Login failed, 3 times") + 1], "Firefox on Linux");
    assert!(!lines.contains(&"Login failed"), "Grace's failure: {text}");
}

#[tokio::test]
async fn a_login_on_a_new_device_and_a_session_that_it_ended_are_named() {
    let site = Site::with(&[("SESSIONS_PER_USER", "2")]).await;
    ADA.at(&site).await;
    ADA.log_in_on_new_device(&site).await;
    let mut newest = ADA.log_in_on_new_device(&site).await;
    newest.visit("/account/activity").await;
    newest.must_see("Oldest session ended: too many devices were logged in");
    newest.must_see("Logged in on a new device, 3 times");
    let ended = "select count(*) from audit_events where kind = 'login.oldest-ended'";
    assert_eq!(site.db.number(ended).await, 1);
}

#[tokio::test]
async fn older_events_are_on_further_pages_and_new_ones_move_nothing() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    // Different browsers, so that no events are grouped.
    site.db.run("delete from audit_events").await;
    let insert = "insert into audit_events (user_id, kind, user_agent)
                  select id, 'logout', n::text from users, generate_series(1, 120) n";
    site.db.run(insert).await;
    let mut seen = Vec::new();
    ada.visit("/account/activity").await;
    loop {
        seen.push(ada.html().matches(">Logged out<").count());
        let login = "insert into audit_events (user_id, kind) select id, 'login' from users";
        site.db.run(login).await;
        if !ada.sees("Older") {
            break;
        }
        ada.click("Older").await;
    }
    assert_eq!(seen, [50, 50, 20]);
    ada.click("Latest activity").await;
    ada.must_see("Logged in, 3 times");
}

#[tokio::test]
async fn a_broken_page_number_shows_the_latest_events() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    for before in ["x", "", "-1x", "99999999999999999999", "%00"] {
        ada.visit(&format!("/account/activity?before={before}")).await;
        assert_eq!(ada.status, 200, "{before}");
        ada.must_see("Logged in");
    }
    ada.visit("/account/activity?before=0").await;
    ada.must_see("Nothing older.");
}

#[tokio::test]
async fn every_kind_of_event_is_shown() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    site.db.run("delete from audit_events").await;
    let source = include_str!("../../../src/accounts/audit/kind.rs");
    let names = source.split("pub fn name(self)").nth(1).expect("the stored names");
    let names = names.split("fn owasp_name").next().unwrap_or_default();
    let names: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in &names {
        let insert = "insert into audit_events (user_id, kind) select id, $1 from users";
        sqlx::query(insert).bind(name).execute(&site.db.pool).await.expect("a row");
    }
    ada.visit("/account/activity").await;
    assert_eq!(ada.html().matches("data-label=\"What\"").count(), names.len());
}

#[tokio::test]
async fn another_users_event_id_shows_nothing_of_theirs() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut ada = site.browser();
    ada.user_agent = "curl/8.0".to_owned();
    ADA.logs_in(&mut ada).await;
    let mut eve = EVE.at(&site).await;
    eve.visit("/account/activity?before=9223372036854775807").await;
    eve.must_see("Logged in");
    eve.must_not_see("curl");
}
