//! Take-over by a change of email: an attacker moves the account to a mailbox of theirs, or makes
//! somebody confirm an address for the attacker's account.
//!
//! Why it matters: a person who can read the mailbox of an account can reset its password, so the
//! email address is a credential. The owner must hear of a change at an address that the attacker
//! cannot read, and must be able to undo it.
//! Stops in: `src/flows/email/change.rs` (only the account that asked), `src/flows/not_me.rs` (the
//! old address restores itself), `src/accounts/token/email_change.rs` (`discard_later_not_me`).
//! Sources: ASVS 5.0 6.3.7, 7.5.1; WSTG-SESS-08 (session puzzling).

use app::accounts::session;
use app::accounts::session_id::SessionIdHash;

use super::{is_logged_in, wait_for_a_lock};
use crate::support::asking::{asks_for_new_email, changes_email, gets_change_link};
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::site::Site;

/// Mailboxes of the attacker.
const FIRST: &str = "first@evil.example";
const SECOND: &str = "second@evil.example";

/// Presses "This wasn't me" in the newest notice to an email address.
async fn undo(site: &Site, email: &str) -> Browser {
    let notices = mailbox(&site.db, email).await;
    let notice =
        notices.iter().rev().find(|mail| mail.text.contains("/not-me/")).expect("a notice");
    let mut browser = site.browser();
    browser.visit(&notice.link("/not-me/")).await;
    browser.press(NOT_ME).await;
    browser
}

/// Chooses a new password on the page of a reset link, and logs in.
async fn choose(browser: &mut Browser, email: &'static str) {
    browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, GRACE.password)]).await;
    Person { email, password: GRACE.password }.logs_in(browser).await;
}

async fn has_account(site: &Site, email: &str) -> bool {
    let found = "select exists (select from users where email = $1)";
    let found: bool =
        sqlx::query_scalar(found).bind(email).fetch_one(&site.db.pool).await.expect("the database");
    found
}

#[tokio::test]
async fn the_link_works_in_no_session_of_another_account() {
    let site = Site::start().await;
    // The attacker gives the victim's address, and the victim presses every button there is.
    let mut eve = EVE.at(&site).await;
    let link = gets_change_link(&site, &mut eve, GRACE.email).await;
    let mut ada = ADA.at(&site).await;
    ada.visit(&link).await;
    assert_eq!(ada.status, 404);
    ada.must_see(ADA.email);
    ada.must_not_see(EVE.email);
    // Sent by hand, with the victim's own CSRF token.
    ada.visit("/account").await;
    let mut form = ada.form(LOG_OUT);
    form.action.set_path("/email/change");
    form.forge("token", link.rsplit('/').next().expect("a token"));
    ada.send(form).await;
    assert_eq!(ada.status, 404);
    assert!(has_account(&site, EVE.email).await && has_account(&site, ADA.email).await);
    // The other way round: the link that the victim asked for, in the attacker's session.
    let link = gets_change_link(&site, &mut ada, "ada@example.org").await;
    eve.visit(&link).await;
    assert_eq!(eve.status, 404);
    eve.must_not_see(ADA.email);
    assert!(!has_account(&site, "ada@example.org").await);
}

/// WSTG-SESS-08: the request belongs to the account and not to the browser.
#[tokio::test]
async fn a_request_is_not_confirmed_for_the_next_user_of_the_browser() {
    let site = Site::start().await;
    let mut shared = EVE.at(&site).await;
    let link = gets_change_link(&site, &mut shared, FIRST).await;
    shared.visit("/app").await;
    shared.press(LOG_OUT).await;
    ADA.create_account(&site).await;
    ADA.logs_in(&mut shared).await;
    shared.visit(&link).await;
    assert_eq!(shared.status, 404);
    assert!(has_account(&site, ADA.email).await && !has_account(&site, FIRST).await);
}

#[tokio::test]
async fn a_stolen_session_cannot_move_the_account() {
    let site = Site::start().await;
    let ada = ADA.at(&site).await;
    clock::later(&site.db, "11 minutes").await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&ada);
    thief.visit("/account/email").await;
    thief.must_be_at("/sudo?next=%2Faccount%2Femail", 200);
}

#[tokio::test]
async fn the_old_address_undoes_the_change_for_seven_days() {
    for (days, works) in [("6 days 23 hours", true), ("7 days 1 minute", false)] {
        let site = Site::start().await;
        let mut thief = ADA.at(&site).await;
        changes_email(&site, &mut thief, FIRST).await;
        let notice = newest(&site.db, ADA.email).await;
        clock::later(&site.db, days).await;
        let mut owner = site.browser();
        owner.visit(&notice.link("/not-me/")).await;
        if !works {
            owner.must_see(INVALID_LINK);
            continue;
        }
        owner.must_see("a***@example.com");
        owner.must_see("Its email has been changed to another one.");
        owner.press(NOT_ME).await;
        owner.must_be_at("/password/reset/sent", 200);
        let reset = newest(&site.db, ADA.email).await.link("/password/reset/");
        assert!(has_account(&site, ADA.email).await && !has_account(&site, FIRST).await);
        assert!(!is_logged_in(thief.clone()).await);
        // The thief knows the password, and reads the other mailbox.
        Person { email: FIRST, ..ADA }.logs_in(&mut thief).await;
        thief.must_be_at("/login", 422);
        ADA.logs_in(&mut thief).await;
        thief.must_be_at("/login", 422);
        let told = newest(&site.db, FIRST).await;
        assert_eq!(told.kind, "not-me.email-restored");
        assert!(!told.text.contains("/not-me/") && !told.text.contains("/password/reset"));
        owner.visit(&reset).await;
        choose(&mut owner, ADA.email).await;
        owner.must_be_at("/app", 200);
    }
}

/// After two moves the attacker also has a notice, at the address in between.
#[tokio::test]
async fn the_earliest_address_wins_whichever_link_is_used_first() {
    for attacker_first in [false, true] {
        let site = Site::start().await;
        let mut thief = ADA.at(&site).await;
        changes_email(&site, &mut thief, FIRST).await;
        changes_email(&site, &mut thief, SECOND).await;
        let of_thief = newest(&site.db, FIRST).await.link("/not-me/");
        if attacker_first {
            undo(&site, FIRST).await.must_be_at("/password/reset/sent", 200);
            assert!(has_account(&site, FIRST).await);
        }
        let mut owner = undo(&site, ADA.email).await;
        owner.must_be_at("/password/reset/sent", 200);
        assert!(has_account(&site, ADA.email).await);
        thief.visit(&of_thief).await;
        thief.must_see(INVALID_LINK);
        owner.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
        choose(&mut owner, ADA.email).await;
        owner.must_be_at("/app", 200);
    }
}

/// A link for a new address that the attacker has asked for must not outlive the undo.
#[tokio::test]
async fn no_link_of_the_attacker_survives_the_undo() {
    let site = Site::start().await;
    let mut thief = ADA.at(&site).await;
    changes_email(&site, &mut thief, FIRST).await;
    asks_for_new_email(&mut thief, SECOND).await;
    thief.visit("/password/reset").await;
    thief.submit(SEND_LINK, &[(EMAIL, FIRST)]).await;
    undo(&site, ADA.email).await;
    let grants = "select count(*) from tokens where purpose in ('reset', 'change_email')
                  and email <> 'ada@example.com'";
    assert_eq!(site.db.number(grants).await, 0);
    // Nor does a request for a reset at that address find the account.
    thief.visit("/password/reset").await;
    thief.submit(SEND_LINK, &[(EMAIL, FIRST)]).await;
    assert_eq!(newest(&site.db, FIRST).await.kind, "not-me.email-restored");
}

/// The owner has signed up again with the old address before pressing the button.
#[tokio::test]
async fn an_account_that_cannot_go_back_is_locked() {
    let site = Site::start().await;
    let mut thief = ADA.at(&site).await;
    changes_email(&site, &mut thief, FIRST).await;
    let link = newest(&site.db, ADA.email).await.link("/not-me/");
    let mut owner = Person { password: GRACE.password, ..ADA }.at(&site).await;
    let mut undone = site.browser();
    undone.visit(&link).await;
    undone.must_see("to lock the changed account");
    undone.press(NOT_ME).await;
    undone.must_be_at("/", 200);
    undone.must_see("we locked the changed account");
    assert!(!is_logged_in(thief.clone()).await);
    Person { email: FIRST, ..ADA }.logs_in(&mut thief).await;
    thief.must_be_at("/login", 422);
    thief.visit("/password/reset").await;
    thief.submit(SEND_LINK, &[(EMAIL, FIRST)]).await;
    assert!(mailbox(&site.db, FIRST).await.iter().all(|mail| mail.kind != "password.reset.asked"));
    owner.visit("/app").await;
    owner.must_be_at("/app", 200);
}

/// The notice of a login that was under way during the undo would be newer than the undo, and its
/// link would restore the address of the attacker.
#[tokio::test]
async fn a_login_during_the_undo_sends_no_notice_to_the_attacker() {
    let site = Site::with_real_limits(&[]).await;
    let mut thief = ADA.at(&site).await;
    changes_email(&site, &mut thief, FIRST).await;
    let moved = Person { email: FIRST, ..ADA };
    moved.log_in_on_new_device(&site).await;
    let mails = mailbox(&site.db, FIRST).await.len();
    let undo = newest(&site.db, ADA.email).await.link("/not-me/");
    let mut owner = site.browser();
    owner.visit(&undo).await;
    let mut other = site.browser();
    other.visit("/login").await;
    // Holds up the login after it has read the user: it counts the email that it wants to send.
    let mut holding = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select from throttles where action = 'login.new-device.mail' for update")
        .execute(&mut *holding)
        .await
        .expect("a lock");
    tokio::join!(other.submit(LOG_IN, &[(EMAIL, FIRST), (PASSWORD, ADA.password)]), async {
        wait_for_a_lock(&site.db, 1).await;
        owner.press(NOT_ME).await;
        holding.commit().await.expect("to commit");
    });
    owner.must_be_at("/password/reset/sent", 200);
    assert!(!is_logged_in(other).await);
    let since: Vec<String> =
        mailbox(&site.db, FIRST).await.split_off(mails).into_iter().map(|mail| mail.kind).collect();
    assert_eq!(since, ["not-me.email-restored"]);
}

/// A form can take ten seconds to arrive. The notice of a password change that began before the
/// change of email would be newer than the attacker's own notices, and undo less than they do.
#[tokio::test]
async fn a_password_change_from_before_the_change_of_email_does_nothing() {
    let site = Site::with_real_limits(&[]).await;
    let mut thief = ADA.at(&site).await;
    thief.visit("/account/password").await;
    let wrong = [(CURRENT_PASSWORD, "not the password"), (NEW_PASSWORD, GRACE.password)];
    thief.submit(CHANGE_PASSWORD, &wrong).await;
    let mut other_tab = thief.clone();
    let link = gets_change_link(&site, &mut other_tab, FIRST).await;
    other_tab.visit(&link).await;
    // Holds up the password change while it counts the guess at the current password.
    let mut holding = site.db.pool.begin().await.expect("a transaction");
    sqlx::query("select from throttles where action = 'account.password' for update")
        .execute(&mut *holding)
        .await
        .expect("a lock");
    let right = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
    tokio::join!(thief.submit(CHANGE_PASSWORD, &right), async {
        wait_for_a_lock(&site.db, 1).await;
        other_tab.press(CHANGE_EMAIL).await;
        other_tab.must_see(EMAIL_CHANGED);
        holding.commit().await.expect("to commit");
    });
    assert_eq!(thief.status, 422);
    let kinds: Vec<String> =
        mailbox(&site.db, ADA.email).await.into_iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds, ["login.new-device", "email.change.confirmed"]);
}

#[tokio::test]
async fn a_request_from_before_a_change_of_email_holds_no_session() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let id: SessionIdHash =
        sqlx::query_scalar("select id_hash from sessions where user_id is not null")
            .fetch_one(&site.db.pool)
            .await
            .expect("a session");
    let mut found = session::find(&site.db.pool, &[id]).await.expect("the database");
    let session = found.remove(&id).expect("it is valid");
    let before = session.user.clone().expect("Ada");
    let mut tx = site.db.pool.begin().await.expect("a transaction");
    assert!(session::hold(&mut tx, &session, &before).await.expect("the database"));
    tx.rollback().await.expect("the database");
    changes_email(&site, &mut ada, "ada@example.org").await;
    let mut tx = site.db.pool.begin().await.expect("a transaction");
    assert!(!session::hold(&mut tx, &session, &before).await.expect("the database"));
}
