//! Changing the password, with the current one.

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE, Person};
use crate::support::race::race;
use crate::support::site::Site;

const NEW: &str = "marble caravan thunder";

async fn changes(browser: &mut Browser, current: &str, new: &str) {
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, current), (NEW_PASSWORD, new)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
}

#[tokio::test]
async fn after_a_change_only_the_new_password_logs_in() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    changes(&mut browser, ADA.password, NEW).await;
    browser.must_be_at("/account", 200);
    browser.must_see(LOGGED_OUT_ELSEWHERE);
    browser.visit("/account").await;
    browser.must_not_see(PASSWORD_CHANGED);

    Person { password: NEW, ..ADA }.log_in_on_new_device(&site).await;
    let mut stranger = site.browser();
    ADA.logs_in(&mut stranger).await;
    stranger.must_be_at("/login", 422);
}

#[tokio::test]
async fn a_change_ends_other_sessions_and_rotates_the_id_of_this_one() {
    let site = Site::start().await;
    GRACE.at(&site).await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    laptop.keep_value("still here").await;
    let before = laptop.cookie("__Host-session");
    let mut thief = site.browser();
    thief.clone_cookies_from(&laptop);

    changes(&mut laptop, ADA.password, NEW).await;
    assert_eq!(laptop.kept_value().await, "still here");
    assert_ne!(laptop.cookie("__Host-session"), before);
    for other in [&mut phone, &mut thief] {
        other.visit("/app").await;
        other.must_be_at("/login?next=%2Fapp", 200);
    }
    // Ada's session here and Grace's: sessions of other users are not touched.
    assert_eq!(site.db.number("select count(*) from sessions").await, 2);
}

#[tokio::test]
async fn a_remembered_session_stays_remembered_after_a_change() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;
    changes(&mut browser, ADA.password, NEW).await;
    browser.restart();
    browser.visit("/account").await;
    browser.must_be_at("/account", 200);
}

#[tokio::test]
async fn a_wrong_current_password_is_rejected_and_audited() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    for wrong in [GRACE.password, ""] {
        changes(&mut browser, wrong, NEW).await;
        browser.must_be_at("/account/password", 422);
        browser.must_see(WRONG_CURRENT_PASSWORD);
        assert!(!browser.html().contains(NEW));
    }
    let noted = "select count(*) from audit_events where kind = 'account.password.failed'";
    assert_eq!(site.db.number(noted).await, 2);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn a_new_password_must_meet_the_password_rules() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    for (new, reason) in [
        ("", "Choose a password."),
        ("caravan", "Use at least 15 characters. This one has 7."),
        (&*"long and winding road ".repeat(12), "Use at most 256 characters. This one has 264."),
        ("qwertyuiopasdfghjkl", TOO_EASY),
        (ADA.email, TOO_EASY),
        (ADA.password, "This is your current password."),
    ] {
        changes(&mut browser, ADA.password, new).await;
        browser.must_be_at("/account/password", 422);
        browser.must_see(reason);
        assert_eq!(browser.field(CHANGE_PASSWORD, CURRENT_PASSWORD), "");
        assert_eq!(browser.field(CHANGE_PASSWORD, NEW_PASSWORD), "");
    }
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn of_two_concurrent_changes_one_succeeds_and_ends_the_other_session() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    for browser in [&mut laptop, &mut phone] {
        browser.visit("/account/password").await;
    }
    let attempts = [(&mut laptop, NEW), (&mut phone, "pewter saxophone glade")];
    let answers = race(attempts.map(|(browser, new)| async move {
        let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, new)];
        browser.submit(CHANGE_PASSWORD, &fields).await;
        browser.path.clone()
    }))
    .await;
    let winners = answers.iter().filter(|path| *path == "/account").count();
    assert_eq!(winners, 1, "{answers:?}");
    assert_eq!(site.db.number("select count(*) from sessions").await, 1);
}

#[tokio::test]
async fn a_reset_link_from_before_a_change_is_invalid() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let mut elsewhere = site.browser();
    elsewhere.visit("/password/reset").await;
    elsewhere.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    let link = newest(&site.db, ADA.email).await.link("/password/reset/");
    ada.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    ada.submit(CHANGE_PASSWORD, &fields).await;
    ada.must_be_at("/account", 200);
    elsewhere.visit(&link).await;
    assert_eq!(elsewhere.status, 404);
}
