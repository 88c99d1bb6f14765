//! The last step of every login: the number of sessions per user, and the epoch check.

use app::accounts::session::{self, NewSession};
use app::accounts::session_id::SessionId;
use app::accounts::user::{self, User, proof};
use app::database::Connection;
use serde_json::json;

use crate::support::labels::*;
use crate::support::people::{ADA, GRACE, test_client};
use crate::support::race::race;
use crate::support::site::Site;

/// Starts a session, as the last step of a login does, in a transaction of the test.
async fn start(site: &Site, tx: &mut Connection, user: &User, per_user: i64) -> Option<SessionId> {
    let new = NewSession {
        user: Some(user),
        timeouts: site.app.config.lifetimes.ordinary,
        remembered: false,
        second_factor: false,
        client: &test_client(),
        state: &json!({}),
    };
    session::start(tx, new, per_user).await.expect("the database")
}

#[tokio::test]
async fn a_login_beyond_the_limit_ends_the_oldest_session() {
    let site = Site::with(&[("SESSIONS_PER_USER", "2")]).await;
    let mut grace = GRACE.at(&site).await;
    let mut oldest = ADA.at(&site).await;
    let mut older = ADA.log_in_on_new_device(&site).await;
    ADA.log_in_on_new_device(&site).await;
    oldest.visit("/app").await;
    oldest.must_be_at("/login?next=%2Fapp", 200);
    for kept in [&mut older, &mut grace] {
        kept.visit("/app").await;
        kept.must_be_at("/app", 200);
    }
}

#[tokio::test]
async fn a_hundred_concurrent_logins_keep_the_session_limit() {
    let site = Site::with(&[("SESSIONS_PER_USER", "5"), ("ARGON2_CONCURRENCY", "4")]).await;
    ADA.create_account(&site).await;
    let mut page = site.browser();
    page.visit("/login").await;
    page.follow_redirects = false;
    let mut browsers = race((0..100).map(|_| {
        let mut browser = page.clone();
        async move {
            browser.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
            browser
        }
    }))
    .await;
    // On a busy machine a few requests may time out waiting for a database connection: 503.
    browsers.retain(|browser| browser.status != 503);
    assert!(browsers.iter().all(|browser| browser.status == 303));
    assert_eq!(site.db.number("select count(*) from sessions").await, 5);
    let mut still_in = 0;
    for browser in &mut browsers {
        browser.visit("/app").await;
        still_in += usize::from(browser.status == 200);
    }
    assert_eq!(still_in, 5, "of {} logins", browsers.len());
}

/// The late login waited for the user's row while another login began and ended. Its transaction
/// began first, but its session starts last.
#[tokio::test]
async fn a_login_that_waited_for_a_lock_keeps_its_session() {
    let site = Site::with(&[("SESSIONS_PER_USER", "1")]).await;
    let ada = ADA.create_account(&site).await;
    let mut late = site.db.pool.begin().await.expect("the database");
    sqlx::query("select now()").execute(&mut *late).await.expect("its time");
    let mut early = ADA.log_in_on_new_device(&site).await;
    let started = start(&site, &mut late, &ada, 1).await;
    late.commit().await.expect("to commit");
    let id_hash = started.expect("a session").hash();
    assert!(!session::find(&site.db.pool, &[id_hash]).await.expect("the database").is_empty());
    assert_eq!(site.db.number("select count(*) from sessions").await, 1);
    early.visit("/app").await;
    early.must_be_at("/login?next=%2Fapp", 200);
}

#[tokio::test]
async fn an_expired_session_does_not_use_up_the_session_limit() {
    let site = Site::with(&[("SESSIONS_PER_USER", "2")]).await;
    let mut first = ADA.at(&site).await;
    ADA.log_in_on_new_device(&site).await;
    site.db
        .run(
            "update sessions set ends_at = now()
             where id = (select id from sessions order by created_at desc limit 1)",
        )
        .await;
    ADA.log_in_on_new_device(&site).await;
    first.visit("/app").await;
    first.must_be_at("/app", 200);
}

#[tokio::test]
async fn a_login_during_a_password_change_starts_no_session() {
    let site = Site::start().await;
    // This user was read together with the hash of the old password …
    let ada = ADA.create_account(&site).await;
    let mut tx = site.db.pool.begin().await.expect("the database");
    let old = user::password_hash(&mut *tx, ada.id).await.expect("a hash").expect("a user");
    // … and the password is changed before the session starts.
    proof::change_password(&mut tx, ada.id, &old, &old).await.expect("a change");
    assert!(start(&site, &mut tx, &ada, 20).await.is_none());
}
