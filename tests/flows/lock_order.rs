//! Concurrent operations on one account never deadlock, because each transaction locks the user
//! first (see "Lock order" in `src/accounts.rs`).
//!
//! PostgreSQL resolves a deadlock after a second by aborting one transaction: the owner's password
//! change could be lost during an attack. Two links, two tabs and a script would be enough.

use std::pin::Pin;

use app::accounts::session;
use app::accounts::token::{self, NewToken, Owner, Purpose};
use app::accounts::user::User;

use crate::attacks::wait_for_a_lock;
use crate::support::browser::Browser;
use crate::support::database::database_with;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::process::command;
use crate::support::race::race;
use crate::support::site::Site;

const ROUNDS: usize = 6;
const PASSWORDS: [&str; 3] = [ADA.password, GRACE.password, EVE.password];

type Operation = Pin<Box<dyn Future<Output = u16>>>;

async fn link(site: &Site, ada: &User, purpose: Purpose) -> String {
    let email = if purpose == Purpose::ChangeEmail { "ada@example.net" } else { ADA.email };
    let new = NewToken { purpose, owner: Owner::User(ada.id), email, code_mac: None };
    let token = token::issue(&site.db.pool, new).await.expect("a token");
    let path = match purpose {
        Purpose::Reset => "password/reset",
        Purpose::ChangeEmail => "email/change",
        _ => "not-me",
    };
    format!("/{path}/{}", token.as_str())
}

/// Prepares a click on a button of the open page. Its result is the status of the response.
fn press(
    mut browser: Browser,
    button: &'static str,
    fields: Vec<(&'static str, &'static str)>,
) -> Operation {
    Box::pin(async move {
        browser.follow_redirects = false;
        browser.submit(button, &fields).await;
        browser.status
    })
}

/// Every operation on the account, each in a browser that has the form open.
async fn acts(site: &Site, ada: &User) -> Vec<Operation> {
    let mut acts = Vec::new();
    for number in 0..2 {
        let new = PASSWORDS[number + 1];
        let mut reset = site.browser();
        reset.visit(&link(site, ada, Purpose::Reset).await).await;
        acts.push(press(reset, CHANGE_PASSWORD, vec![(NEW_PASSWORD, new)]));
        let mut not_me = site.browser();
        not_me.visit(&link(site, ada, Purpose::NotMe).await).await;
        acts.push(press(not_me, NOT_ME, vec![]));
        let mut known = ADA.log_in_on_new_device(site).await;
        let mut sudo = known.clone();
        sudo.visit("/sudo").await;
        acts.push(press(sudo, CONTINUE, vec![(PASSWORD, ADA.password)]));
        let mut operator = command(&site.db, &["user", "log-out", ADA.email]);
        acts.push(Box::pin(async move {
            let ended = tokio::task::spawn_blocking(move || operator.status()).await;
            // Fails if a change of email was first, as for an address without an account.
            match ended.expect("no panic").expect("the binary").code() {
                Some(0 | 1) => 200,
                _ => 500,
            }
        }));
        let mut moving = known.clone();
        moving.visit(&link(site, ada, Purpose::ChangeEmail).await).await;
        acts.push(press(moving, CHANGE_EMAIL, vec![]));
        let mut out = known.clone();
        out.visit("/test/value").await;
        acts.push(press(out.clone(), "Keep the value", vec![("Value", "milk")]));
        acts.push(press(out, LOG_OUT, vec![]));
        known.visit("/account/password").await;
        let fields = vec![(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, new)];
        acts.push(press(known.clone(), CHANGE_PASSWORD, fields));
        // Once with a device cookie, which the login renews, and once without.
        let mut fresh = site.browser();
        fresh.visit("/login").await;
        known.restart();
        known.visit("/login").await;
        for browser in [fresh, known] {
            let fields = vec![(EMAIL, ADA.email), (PASSWORD, ADA.password)];
            acts.push(press(browser, LOG_IN, fields));
        }
    }
    // Two people share a browser, so its device cookie is known to both accounts.
    let mut shared = site.browser();
    for person in [ADA, GRACE] {
        person.logs_in(&mut shared).await;
        shared.press(LOG_OUT).await;
    }
    for person in [ADA, GRACE] {
        shared.visit("/login").await;
        let fields = vec![(EMAIL, person.email), (PASSWORD, person.password)];
        acts.push(press(shared.clone(), LOG_IN, fields));
    }
    acts
}

#[tokio::test]
async fn concurrent_operations_on_one_account_do_not_deadlock() {
    let site = Site::on(database_with(20).await, &[("SESSIONS_PER_USER", "3")]).await;
    let ada = ADA.create_account(&site).await;
    GRACE.create_account(&site).await;
    let hash = "select password_hash from users where email like 'ada%'";
    let hash: String = sqlx::query_scalar(hash).fetch_one(&site.db.pool).await.expect("a hash");
    let mut answers = Vec::new();
    for _ in 0..ROUNDS {
        let acts = acts(&site, &ada).await;
        answers.extend(race(acts).await);
        // Restores the user for the next round.
        sqlx::query(
            "update users set password_hash = $1, reset_required_at = null,
                    email = 'ada@example.com', email_canonical = 'ada@example.com'
             where email like 'ada%'",
        )
        .bind(&hash)
        .execute(&site.db.pool)
        .await
        .expect("the database");
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(site.db.number(deadlocks).await, 0);
    // A deadlock would be a 503. No other 5xx is expected either.
    assert!(answers.iter().all(|status| *status < 500), "{answers:?}");
    assert!(answers.iter().filter(|status| **status == 303).count() > answers.len() / 3);
}

/// An audit event refers to the user, which locks the row against a change of its key. If the login
/// then waits for the row, to send a notice, it deadlocks with a change of email.
#[tokio::test]
async fn a_login_that_sends_a_notice_does_not_deadlock_with_a_change_of_email() {
    for (stopped, status, notice) in
        [(false, 303, "login.new-device"), (true, 422, "login.stopped")]
    {
        let site = Site::start().await;
        ADA.at(&site).await;
        if stopped {
            site.db.run("update users set reset_required_at = now()").await;
        }
        let mut browser = site.browser();
        browser.visit("/login").await;
        let fields = vec![(EMAIL, ADA.email), (PASSWORD, ADA.password)];
        let mut change = site.db.pool.begin().await.expect("a transaction");
        let hold = sqlx::query("select from users for no key update");
        hold.execute(&mut *change).await.expect("the lock");
        let (answer, ()) = tokio::join!(press(browser, LOG_IN, fields), async {
            wait_for_a_lock(&site.db, 1).await;
            let update = sqlx::query("update users set email_canonical = 'ada@example.net'");
            update.execute(&mut *change).await.expect("no deadlock");
            change.rollback().await.expect("the database");
        });
        assert_eq!(answer, status);
        assert_eq!(newest(&site.db, ADA.email).await.kind, notice);
    }
}

/// A logout of a tab, after another tab has changed the password and kept the session. Without the
/// lock it deletes the session while a command of an operator holds the user and waits for it.
#[tokio::test]
async fn a_logout_locks_a_user_whose_credentials_have_changed() {
    let site = Site::start().await;
    let ada = ADA.create_account(&site).await;
    site.db.run("update users set session_epoch = session_epoch + 1").await;
    let mut logout = site.db.pool.begin().await.expect("a transaction");
    session::hold_owner(&mut logout, ada.id).await.expect("the lock");
    let mut operator = site.db.pool.begin().await.expect("a transaction");
    let lock = sqlx::query("select from users for update skip locked");
    assert!(lock.fetch_optional(&mut *operator).await.expect("an answer").is_none());
}

#[tokio::test]
async fn a_logout_waits_for_the_user_before_it_locks_the_session() {
    let site = Site::start().await;
    let ada = ADA.at(&site).await;
    let mut operator = site.db.pool.begin().await.expect("a transaction");
    let hold = sqlx::query("select from users for update");
    hold.execute(&mut *operator).await.expect("the lock");
    let (status, ()) = tokio::join!(press(ada, LOG_OUT, vec![]), async {
        wait_for_a_lock(&site.db, 1).await;
        let lock = "select from sessions where user_id is not null for update skip locked";
        let sessions = sqlx::query(lock).fetch_all(&mut *operator).await.expect("an answer");
        assert_eq!(sessions.len(), 1, "the operator would wait for the session");
        operator.rollback().await.expect("the database");
    });
    assert_eq!(status, 303);
    assert_eq!(site.db.number("select count(*) from sessions where user_id is not null").await, 0);
}
