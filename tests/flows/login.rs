//! Logging in with an email address and a password.

mod recovery_code;
mod second_step;

use app::accounts::password::Hasher;
use argon2::Params;

use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::process;
use crate::support::site::{Site, config};

#[tokio::test]
async fn a_user_logs_in_and_sees_the_dashboard() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.must_see(ADA.email);
    let hops: Vec<_> = browser.hops.iter().map(|hop| (hop.method.as_str(), hop.status)).collect();
    assert_eq!(hops, [("POST", 303), ("GET", 200)]);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_get_the_same_page() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut seen = Vec::new();
    for email in [ADA.email, "nobody@example.com", "not an address", ""] {
        let mut browser = site.browser();
        Person { email, password: GRACE.password }.logs_in(&mut browser).await;
        browser.must_be_at("/login", 422);
        browser.must_see(WRONG_LOGIN);
        seen.push(browser.text());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn a_failed_login_keeps_the_fields_but_not_the_password() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/account/password").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, EVE.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;
    browser.must_be_at("/login", 422);
    assert_eq!(browser.field(LOG_IN, EMAIL), ADA.email);
    assert_eq!(browser.field(LOG_IN, STAY_LOGGED_IN), "on");
    assert!(!browser.html().contains(EVE.password));

    // The page that was requested before the login is kept.
    browser.submit(LOG_IN, &[(PASSWORD, ADA.password)]).await;
    browser.must_be_at("/account/password", 200);
    assert!(browser.cookies.is_persistent("__Host-session"));
}

#[tokio::test]
async fn a_session_that_is_not_remembered_ends_with_the_browser() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.restart();
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn a_remembered_session_survives_a_browser_restart() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;
    browser.must_be_at("/app", 200);
    assert!(browser.cookies.is_persistent("__Host-session"));

    // actix-session rewrites the whole cookie here, and does not know that it is persistent.
    browser.keep_value("milk").await;
    assert!(browser.cookies.is_persistent("__Host-session"));
    browser.restart();
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn remembering_one_device_does_not_change_another() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = site.browser();
    phone.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    phone.submit(LOG_IN, &fields).await;
    phone.must_see("or after 14 days without activity");
    laptop.visit("/app").await;
    laptop.must_see("or after 1 hour without activity");
    laptop.restart();
    phone.restart();
    phone.visit("/app").await;
    phone.must_be_at("/app", 200);
    laptop.visit("/app").await;
    laptop.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn a_login_redirects_to_the_requested_page() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/account/password?from=mail").await;
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at("/account/password?from=mail", 200);
}

#[tokio::test]
async fn a_login_never_redirects_to_another_site() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"] {
        let mut browser = site.browser();
        browser.visit("/login").await;
        let mut form = browser.form(LOG_IN);
        form.forge("next", next);
        form.fill(EMAIL, ADA.email).expect("the field");
        form.fill(PASSWORD, ADA.password).expect("the field");
        browser.send(form).await;
        browser.must_be_at("/app", 200);
    }
}

#[tokio::test]
async fn a_form_of_an_ended_session_redirects_to_login_and_back() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/account/password").await;
    site.db.run("delete from sessions").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    browser.must_be_at("/login?next=%2Faccount%2Fpassword", 200);
    browser.must_see(SESSION_ENDED);
    browser.must_see(NOT_SAVED);
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at("/account/password", 200);
}

#[tokio::test]
async fn the_login_page_redirects_a_logged_in_user() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/login").await;
    browser.must_be_at("/app", 200);
    browser.visit("/login?next=/account").await;
    browser.must_be_at("/account", 200);
    browser.visit("/login?next=//evil.example").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_login_form_in_a_second_tab_redirects_the_logged_in_user() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut first_tab = site.browser();
    first_tab.visit("/login?next=/account").await;
    let second_tab = first_tab.clone();
    first_tab.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    for (email, path, status) in [
        (ADA.email, "/account", 200),
        ("ADA@example.com", "/account", 200),
        (GRACE.email, "/login", 403),
    ] {
        let mut second_tab = second_tab.clone();
        second_tab.clone_cookies_from(&first_tab);
        second_tab.submit(LOG_IN, &[(EMAIL, email), (PASSWORD, "whatever is typed")]).await;
        second_tab.must_be_at(path, status);
        if status == 403 {
            second_tab.must_see("You're logged in as ada@example.com. Log out first.");
        }
        second_tab.visit("/app").await;
        second_tab.must_see(ADA.email);
    }
}

#[tokio::test]
async fn a_weak_hash_is_rehashed_at_the_next_login() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let db = site.stop().await;
    let settings = config(&db.url, &[]);
    let stronger = Params::new(64, 2, 1, None).expect("stronger settings");
    let hasher = Hasher::new(stronger, 1).expect("a hasher");
    let site = Site::with_hasher(db, settings, hasher).await;

    let stored =
        "select count(*) from users where password_hash like '$argon2id$v=19$m=64,t=2,p=1$%'";
    assert_eq!(site.db.number(stored).await, 0);
    let mut first = ADA.log_in_on_new_device(&site).await;
    assert_eq!(site.db.number(stored).await, 1);
    ADA.log_in_on_new_device(&site).await;
    // The password is unchanged, so no session ends.
    first.visit("/app").await;
    first.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_locked_account_gets_the_response_of_a_wrong_password() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    site.db.run("update users set locked_at = now()").await;
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/login", 422);
    browser.must_see(WRONG_LOGIN);
}

#[tokio::test]
async fn a_login_on_a_new_device_is_reported_by_email() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let before = mailbox(&site.db, ADA.email).await.len();
    ADA.log_in_on_new_device(&site).await;
    let letter = newest(&site.db, ADA.email).await;
    assert_eq!(
        (letter.kind.as_str(), letter.subject.as_str()),
        ("login.new-device", "New login to your account")
    );
    assert!(
        letter.text.contains("Chrome on Linux, from the IP address 127.0.0.1"),
        "{}",
        letter.text
    );
    // The laptop is known, so its next login is not reported.
    laptop.visit("/app").await;
    laptop.press(LOG_OUT).await;
    ADA.logs_in(&mut laptop).await;
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), before + 1);
    // The owner did not log in there: one press ends that session.
    let mut owner = site.browser();
    owner.visit(&letter.link("/not-me/")).await;
    owner.press(NOT_ME).await;
    owner.must_see(EVERY_DEVICE_LOGGED_OUT);
}

/// Ending all sessions also forgets the known devices. The next login may be the thief's.
#[tokio::test]
async fn the_first_login_after_an_operator_ended_all_sessions_is_reported_by_email() {
    let site = Site::start().await;
    ADA.at(&site).await;
    for command in ["log-out", "lock", "unlock"] {
        let status = process::command(&site.db, &["user", command, ADA.email]).status();
        assert!(status.expect("the binary").success(), "{command}");
    }
    site.db.run("delete from outbox").await;
    ADA.log_in_on_new_device(&site).await;
    assert_eq!(newest(&site.db, ADA.email).await.subject, "New login to your account");
}

#[tokio::test]
async fn the_first_login_after_a_recovery_is_not_reported_again() {
    let site = Site::start().await;
    ADA.at(&site).await;
    ADA.log_in_on_new_device(&site).await;
    let mut owner = site.browser();
    owner.visit(&newest(&site.db, ADA.email).await.link("/not-me/")).await;
    owner.press(NOT_ME).await;
    owner.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    let new = Person { password: "glacier pumpkin harmonica", ..ADA };
    owner.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, new.password)]).await;
    let before = mailbox(&site.db, ADA.email).await.len();
    new.logs_in(&mut owner).await;
    owner.must_be_at("/app", 200);
    assert_eq!(mailbox(&site.db, ADA.email).await.len(), before);
}
