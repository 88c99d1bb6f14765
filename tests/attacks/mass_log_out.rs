//! Surviving a mass logout: the attacker knows the old password or holds a session, and the victim
//! changes the password.
//!
//! Why it matters: people change their password when they suspect an intruder. A DELETE of all
//! sessions misses a login that has verified the old password and not yet inserted its row: that
//! session begins a moment later and stays.
//! Stops in: `src/accounts/user/proof.rs` (`change_password` raises the epoch and compares the old
//! hash), `src/accounts/session.rs` (`start` and `find` compare the epoch; `end_all`) and
//! `src/flows/account/password.rs` (`change`: all of it in one transaction).
//! Sources: ASVS 5.0 7.4.3, 6.2.3; CWE-613; OWASP Session Management Cheat Sheet.

use app::accounts::password::Password;
use app::accounts::session;
use app::accounts::user::{self, proof};
use app::web::cookies::SESSION;

use super::{is_logged_in, sessions, wait_for_a_lock};
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, Person};
use crate::support::site::Site;

const NEW: &str = "saxophone marble orchard";

async fn changes_password(browser: &mut Browser, new: &str) {
    browser.visit("/account/password").await;
    sends_password(browser, new).await;
}

async fn sends_password(browser: &mut Browser, new: &str) {
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, new)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
}

#[tokio::test]
async fn a_login_in_flight_with_the_old_password_begins_no_session() {
    let site = Site::start().await;
    let ada = ADA.create_account(&site).await;
    let old = user::password_hash(&site.db.pool, ada.id).await.expect("her hash").expect("a user");
    let new = site.app.hasher.hash(&Password::typed(NEW)).await.expect("a hash");

    let mut change = site.db.pool.begin().await.expect("a transaction");
    let epoch = proof::change_password(&mut change, ada.id, &old, &new).await.expect("to change");
    assert_eq!(epoch, Some(1));
    session::end_all(&mut change, ada.id, None).await.expect("to end them");
    let mut thief = site.browser();
    tokio::join!(ADA.logs_in(&mut thief), async {
        // The old password was verified as right; now the login waits for the user's row.
        wait_for_a_lock(&site.db, 1).await;
        change.commit().await.expect("to commit");
    });

    thief.must_be_at("/login", 200);
    assert!(!is_logged_in(thief).await, "the old password logged in after its change");
    assert_eq!(sessions(&site.db).await, 0);
}

#[tokio::test]
async fn every_other_session_ends_when_the_password_changes() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let others = [ADA.log_in_on_new_device(&site).await, ADA.log_in_on_new_device(&site).await];
    let copied = ada.clone();

    changes_password(&mut ada, NEW).await;
    ada.must_be_at("/account", 200);
    assert_ne!(ada.cookie(SESSION), copied.cookie(SESSION), "her own session has a new ID");
    assert!(!is_logged_in(copied).await, "a copy of her cookie is logged in");
    for other in others {
        assert!(!is_logged_in(other).await, "another session is logged in");
    }
    assert!(is_logged_in(ada).await, "she herself is logged out");
    assert_eq!(sessions(&site.db).await, 1);
}

#[tokio::test]
async fn of_fifty_concurrent_password_changes_one_succeeds() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/password").await;
    let passwords: Vec<String> =
        (10..60).map(|n| format!("saxophone marble {n} orchard")).collect();

    let tabs = passwords.iter().map(async |new| {
        let mut tab = ada.clone();
        sends_password(&mut tab, new).await;
        // Too late: logged out, the current password is now wrong, or no connection in time.
        assert!(matches!(tab.status, 200 | 422 | 503), "{} at {}", tab.status, tab.path);
        (tab.path == "/account").then_some(new.as_str())
    });
    // Ten requests have verified the current password before the first one can write.
    let mut row = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select from users for no key update").execute(&mut *row).await.expect("the row");
    let (won, ()) = tokio::join!(futures_util::future::join_all(tabs), async {
        wait_for_a_lock(&site.db, 10).await;
        row.commit().await.expect("to commit");
    });
    let won: Vec<&str> = won.into_iter().flatten().collect();

    assert_eq!(won.len(), 1, "{won:?} were all told that they won");
    let (epoch, events): (i32, i64) = sqlx::query_as(
        "select session_epoch, (select count(*) from audit_events where kind = 'account.password')
         from users",
    )
    .fetch_one(&site.db.pool)
    .await
    .expect("one user");
    assert_eq!((epoch, events), (1, 1));
    for password in &passwords {
        let mut browser = site.browser();
        Person { email: ADA.email, password: String::leak(password.clone()) }
            .logs_in(&mut browser)
            .await;
        assert_eq!(browser.path == "/app", won[0] == password, "{password}");
    }
}
