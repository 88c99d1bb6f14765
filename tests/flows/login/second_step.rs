//! The second step of a login, whatever the kind of the second factor.

use app::web::cookies::SESSION;

use crate::attacks::{content, wait_for_a_lock};
use crate::support::asking::gets_change_link;
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::mailbox;
use crate::support::people::{ADA, GRACE};
use crate::support::second_factor::{
    LOGIN_PAGE, SecondFactor, ada_half_way, ada_with_factor, enter_recovery_code,
};
use crate::support::site::Site;

#[tokio::test]
async fn password_and_second_factor_lead_to_the_page_that_was_asked_for() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut browser = site.browser();
    browser.visit("/account/sessions").await;
    browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    browser.must_see(ADA.email);
    factor.prove(&mut browser).await;
    browser.must_be_at("/account/sessions", 200);
}

#[tokio::test]
async fn a_login_stays_remembered_over_the_second_step() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password), (STAY_LOGGED_IN, "on")];
    browser.submit(LOG_IN, &fields).await;
    factor.prove(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.restart();
    browser.visit("/app").await;
    browser.must_be_at("/app", 200);
}

/// A second click on "Log in", or another tab: its request still has the session ID of before.
#[tokio::test]
async fn a_request_that_raced_with_the_second_step_keeps_the_new_cookie() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut browser = ada_half_way(&site).await;
    let mut late = browser.clone();
    factor.prove(&mut browser).await;
    browser.must_be_at("/app", 200);
    late.follow_redirects = false;
    factor.prove(&mut late).await;
    assert_eq!(late.status, 303);
    assert_eq!(session_cookies(&late), [""; 0]);
    late.visit("/app").await;
    assert_eq!(session_cookies(&late), [""; 0]);
    assert_eq!(late.headers["location"], "/login?next=%2Fapp");
    // After the logout, nothing follows that ID.
    browser.press(LOG_OUT).await;
    late.visit("/app").await;
    assert_eq!(session_cookies(&late).len(), 1);
}

/// The request arrives while the new session is inserted.
#[tokio::test]
async fn a_request_during_the_second_step_keeps_the_new_cookie() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut browser = ada_half_way(&site).await;
    let mut late = browser.clone();
    late.follow_redirects = false;
    let wait = "create function wait() returns trigger language plpgsql as
                $$ begin perform pg_advisory_xact_lock(1); return new; end $$";
    site.db.run(wait).await;
    let trigger = "create trigger wait before insert on sessions
                   for each row when (new.user_id is not null) execute function wait()";
    site.db.run(trigger).await;
    let mut held = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select pg_advisory_xact_lock(1)").execute(&mut *held).await.expect("a lock");
    tokio::join!(factor.prove(&mut browser), async {
        wait_for_a_lock(&site.db, 1).await;
        late.visit("/app").await;
        held.commit().await.expect("to commit");
    });
    browser.must_be_at("/app", 200);
    assert_eq!(late.headers["location"], "/login?next=%2Fapp");
    assert_eq!(session_cookies(&late), [""; 0]);
}

/// Two clicks on "Log in" while an earlier login waits for its second step: both requests end the
/// session of that login, and each begins one.
#[tokio::test]
async fn two_requests_that_replace_one_session_both_go_on() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut first = ada_half_way(&site).await;
    first.visit("/login").await;
    let mut second = first.clone();
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password)];
    log_in_at_once(&site, &mut first, &mut second, &fields).await;
    first.must_be_at(LOGIN_PAGE, 200);
    second.must_be_at(LOGIN_PAGE, 200);
    factor.prove(&mut second).await;
    second.must_be_at("/app", 200);
}

#[tokio::test]
async fn two_clicks_with_one_recovery_code_send_no_warning() {
    let site = Site::behind_a_proxy().await;
    let (_, _, codes) = ada_with_factor(&site).await;
    let mut first = ada_half_way(&site).await;
    first.visit("/login/recovery-code").await;
    let mut second = first.clone();
    first.follow_redirects = false;
    second.follow_redirects = false;
    let fields = [(RECOVERY_CODE, &*codes[0])];
    log_in_at_once(&site, &mut first, &mut second, &fields).await;
    let mut places = [&first, &second].map(|browser| browser.headers["location"].to_str().unwrap());
    places.sort_unstable();
    assert_eq!(places, ["/app", "/login?next=%2Fapp"]);
    // Whichever response arrives last, the browser keeps the cookie of the new session.
    let cookies = [&first, &second].map(|browser| session_cookies(browser).len());
    assert_eq!(cookies.iter().sum::<usize>(), 1);
    let mails = mailbox(&site.db, ADA.email).await;
    assert!(mails.iter().all(|mail| mail.subject != "Wrong code after your password"));
}

/// The path after the login can be the link of an email, and links are stored as hashes only.
#[tokio::test]
async fn a_stolen_dump_holds_no_link_that_waits_for_the_second_step() {
    let site = Site::start().await;
    let (mut ada, mut factor, _) = ada_with_factor(&site).await;
    let link = gets_change_link(&site, &mut ada, "ada@example.net").await;
    let mut phone = site.browser();
    phone.visit(&link).await;
    phone.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    phone.must_be_at(LOGIN_PAGE, 200);
    site.db.run("delete from outbox").await;
    let dump = content(&site.db).await;
    assert!(dump.contains("ada@example.net"), "the dump was read");
    assert!(!dump.contains(link.rsplit('/').next().expect("a token")), "{dump}");
    factor.prove(&mut phone).await;
    phone.must_be_at(&link, 200);
}

/// Submits the open form in both. Both requests have loaded their session when they wait for Ada's
/// row.
async fn log_in_at_once(
    site: &Site,
    first: &mut Browser,
    second: &mut Browser,
    fields: &[(&str, &str)],
) {
    let mut held = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select id from users for update").execute(&mut *held).await.expect("a lock");
    tokio::join!(first.submit(LOG_IN, fields), second.submit(LOG_IN, fields), async {
        wait_for_a_lock(&site.db, 2).await;
        held.commit().await.expect("to commit");
    });
}

fn session_cookies(browser: &Browser) -> Vec<String> {
    let lines = browser.raw_set_cookies().into_iter();
    lines.filter(|line| line.starts_with(SESSION)).collect()
}

#[tokio::test]
async fn an_account_without_one_logs_in_with_the_password_alone() {
    let site = Site::start().await;
    ada_with_factor(&site).await;
    let mut grace = GRACE.at(&site).await;
    grace.must_be_at("/app", 200);
    for path in [LOGIN_PAGE, "/login/recovery-code"] {
        grace.visit(path).await;
        grace.must_be_at("/app", 200);
    }
}

#[tokio::test]
async fn after_five_minutes_the_password_is_needed_again() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut browser = ada_half_way(&site).await;
    clock::later(&site.db, "4 minutes").await;
    browser.visit(LOGIN_PAGE).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    clock::later(&site.db, "61 seconds").await;
    factor.prove(&mut browser).await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    browser.must_see("enter your password again.");
}

#[tokio::test]
async fn the_owner_hears_of_a_right_password_with_a_wrong_code_once() {
    let site = Site::behind_a_proxy().await;
    let (mut known, _, _) = ada_with_factor(&site).await;
    let mails = async || {
        let mails = mailbox(&site.db, ADA.email).await;
        mails.iter().filter(|mail| mail.subject == "Wrong code after your password").count()
    };
    // On her own device, Ada mistypes.
    known.press(LOG_OUT).await;
    ADA.logs_in(&mut known).await;
    enter_recovery_code(&mut known, "not a code").await;
    assert_eq!(mails().await, 0);
    let mut stranger = ada_half_way(&site).await;
    for _ in 0..3 {
        enter_recovery_code(&mut stranger, "not a code").await;
        assert_eq!(mails().await, 1);
    }
}

#[tokio::test]
async fn a_login_is_recorded_when_it_is_complete() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let logins = "select count(*) from audit_events where kind in ('login', 'login.new-device')";
    let devices = "select count(*) from devices";
    let before = (site.db.number(logins).await, site.db.number(devices).await);
    let mut browser = ada_half_way(&site).await;
    assert_eq!((site.db.number(logins).await, site.db.number(devices).await), before);
    factor.prove(&mut browser).await;
    assert_eq!(site.db.number(logins).await, before.0 + 1);
    assert_eq!(site.db.number(devices).await, before.1 + 1);
    assert_eq!(site.db.number("select count(*) from half_logins").await, 0);
}

#[tokio::test]
async fn a_password_reset_does_not_remove_the_second_factor() {
    let site = Site::start().await;
    let (_, mut factor, _) = ada_with_factor(&site).await;
    let mut browser = site.browser();
    browser.visit("/password/reset").await;
    browser.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    ADA.resets_and_logs_in(&site, &mut browser).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    factor.prove(&mut browser).await;
    browser.must_be_at("/app", 200);
}
