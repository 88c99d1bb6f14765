//! An attacker has copied the cookie of a session, and wants what needs a recent authentication.
//!
//! Stops in: `src/web/sudo.rs`, `Action::CurrentPassword` in `src/throttle/limits.rs`, and
//! `src/accounts/session/listed.rs::hold`.

use app::web::factors::KINDS;

use super::wait_for_a_lock;
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::guesses::prolong_waits;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE, Person};
use crate::support::second_factor::{Factor, PAGE, SecondFactor, ada_with_factor};
use crate::support::site::Site;
use app::accounts::session::{self, RotationReason};
use app::throttle::limits::Scope;

/// The thief's browser, 21 minutes after the login of the owner: even forms need more by then.
async fn thief(site: &Site) -> Browser {
    let ada = ADA.at(site).await;
    clock::later(&site.db, "21 minutes").await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&ada);
    thief
}

/// The routes that require sudo mode: in `routes.rs`, and in the files of features beside it.
fn guarded_routes() -> Vec<String> {
    let files = std::fs::read_dir("src").expect("src/").map(|file| file.expect("a file").path());
    let sources = files.filter(|path| path.is_file()).map(std::fs::read_to_string);
    let sources = sources.map(|source| source.expect("a source")).collect::<String>();
    let guarded = sources.split(';').filter(|statement| statement.contains("sudo_mode::require"));
    guarded.flat_map(routes_of).collect()
}

/// The paths of `resource("…")` in a statement, below its `scope("…")`.
fn routes_of(statement: &str) -> Vec<String> {
    let values = |name: &str| -> Vec<String> {
        let parts = statement.split(name).skip(1);
        parts.map(|part| part.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let scope = values("scope(\"").pop().unwrap_or_else(|| "/account".to_owned());
    values("resource(\"").into_iter().map(|path| format!("{scope}{path}")).collect()
}

/// Every route behind `sudo::require` asks for the password: a GET and a POST.
#[tokio::test]
async fn a_stolen_session_cannot_reach_a_page_that_needs_sudo_mode() {
    let site = Site::start().await;
    let mut thief = thief(&site).await;
    let guarded = guarded_routes();
    let of_factors = KINDS.iter().map(|factor| factor.page);
    for known in ["/account/delete", "/account/recovery-codes"].into_iter().chain(of_factors) {
        assert!(guarded.iter().any(|path| path == known), "{guarded:?}");
    }
    for path in guarded {
        thief.visit(&path).await;
        assert!(thief.path.starts_with("/sudo?next="), "{path}: {}", thief.path);
        // With a valid token, as from a page that the owner had opened.
        thief.visit("/account").await;
        let mut form = thief.form(LOG_OUT);
        form.action.set_path(&path);
        thief.send(form).await;
        assert!(thief.path.starts_with("/sudo?next="), "{path}: {}", thief.path);
    }
}

#[tokio::test]
async fn a_stolen_session_is_of_no_use_to_guess_the_password() {
    let site = Site::with_real_limits(&[]).await;
    let mut thief = thief(&site).await;
    let mut statuses = Vec::new();
    for number in 0..12 {
        thief.visit("/sudo?next=/account/export").await;
        thief.submit(CONTINUE, &[(PASSWORD, &format!("guess number {number}"))]).await;
        statuses.push(thief.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    thief.visit("/account/export").await;
    assert!(thief.path.starts_with("/sudo"));
}

#[tokio::test]
async fn the_password_of_another_account_is_not_accepted() {
    let site = Site::start().await;
    EVE.create_account(&site).await;
    let mut thief = thief(&site).await;
    thief.visit("/sudo").await;
    thief.submit(CONTINUE, &[(PASSWORD, EVE.password)]).await;
    thief.must_be_at("/sudo", 422);
}

/// A form can take ten seconds to arrive. The thief sends one whose session is ended meanwhile: it
/// must neither end the owner's session nor do anything else.
#[tokio::test]
async fn a_session_that_ends_while_its_form_arrives_does_nothing() {
    for (page, button, fields) in [
        ("/account/sessions", LOG_OUT_ELSEWHERE, vec![]),
        ("/account/sessions", END_SESSION, vec![]),
        ("/account/export", DOWNLOAD, vec![]),
        ("/account/email", SEND_LINK, vec![(NEW_EMAIL, EVE.email)]),
        ("/account/delete", DELETE_ACCOUNT, vec![(EMAIL, ADA.email)]),
    ] {
        let site = Site::start().await;
        let mut owner = ADA.at(&site).await;
        let mut thief = site.browser();
        thief.user_agent = "thief".to_owned();
        ADA.logs_in(&mut thief).await;
        thief.visit(page).await;
        thief.follow_redirects = false;
        // "End all others" of the owner, not yet committed: the thief's request waits for it.
        let mut ending = site.db.pool.begin().await.expect("a transaction");
        sqlx::query("select id from users for update").execute(&mut *ending).await.expect("a lock");
        sqlx::query("delete from sessions where user_agent = 'thief'")
            .execute(&mut *ending)
            .await
            .expect("to end it");
        let events = site.db.number("select count(*) from audit_events").await;
        tokio::join!(thief.submit(button, &fields), async {
            wait_for_a_lock(&site.db, 1).await;
            ending.commit().await.expect("to commit");
        });
        assert_eq!(thief.status, 303, "{button}");
        let location = thief.headers["location"].to_str().expect("ASCII");
        assert!(location.starts_with("/login"), "{button}: {location}");
        assert_eq!(site.db.number("select count(*) from audit_events").await, events, "{button}");
        owner.visit("/app").await;
        owner.must_be_at("/app", 200);
    }
}

/// The thief has a copy of the owner's cookie, and sends a form of it slowly. Meanwhile the owner
/// authenticates again, which gives the session a new ID: the form must not give the thief the next
/// one, and put the owner out.
#[tokio::test]
async fn a_copy_of_the_cookie_does_nothing_once_the_owner_has_authenticated_again() {
    for (page, button, fields) in [
        ("/account/sessions", END_SESSION, vec![]),
        ("/account/export", DOWNLOAD, vec![]),
        ("/account/email", SEND_LINK, vec![(NEW_EMAIL, EVE.email)]),
        ("/account/delete", DELETE_ACCOUNT, vec![(EMAIL, ADA.email)]),
        ("/account/recovery-codes", MAKE_NEW_CODES, vec![]),
        (PAGE, Factor::REMOVE, vec![]),
    ] {
        let site = Site::start().await;
        let (owner, _, _) = ada_with_factor(&site).await;
        let mut thief = owner.clone();
        // Another device, for the button that ends its session.
        sqlx::query(
            "insert into sessions (id, public_id, id_hash, csrf_binding, user_id, user_epoch,
                                   authenticated_at, idle_timeout, ends_at, user_agent)
             select gen_random_uuid(), gen_random_uuid(), sha256('phone'), csrf_binding, user_id,
                    user_epoch, authenticated_at, idle_timeout, ends_at, 'phone' from sessions",
        )
        .execute(&site.db.pool)
        .await
        .expect("a session");
        thief.visit(page).await;
        thief.must_be_at(page, 200);
        thief.follow_redirects = false;
        let mut sudo = site.db.pool.begin().await.expect("a transaction");
        let locked = sqlx::query_as(
            "select u.id, s.id, u.session_epoch from users u
             join sessions s on s.user_id = u.id and s.user_agent <> 'phone' for update of u",
        );
        let (_, id, epoch): (uuid::Uuid, uuid::Uuid, i32) =
            locked.fetch_one(&mut *sudo).await.expect("a lock");
        let reason = RotationReason::Authenticated;
        let rotated = session::rotate_in_place(&mut sudo, id, epoch, reason).await;
        let new = rotated.expect("the database").expect("the session").hash();
        let events = site.db.number("select count(*) from audit_events").await;
        tokio::join!(thief.submit(button, &fields), async {
            wait_for_a_lock(&site.db, 1).await;
            sudo.commit().await.expect("to commit");
        });
        let location = thief.headers["location"].to_str().expect("ASCII");
        assert!(thief.status == 303 && location.starts_with("/login"), "{button}: {location}");
        assert_eq!(site.db.number("select count(*) from audit_events").await, events, "{button}");
        let still = session::find(&site.db.pool, &[new]).await.expect("the database");
        assert!(still.contains_key(&new), "{button}: the owner is put out");
    }
}

/// Sudo mode lasts ten minutes from the last proof. What needs no new proof must not extend it.
#[tokio::test]
async fn a_change_without_a_proof_does_not_extend_sudo_mode() {
    for (page, button) in [("/account/recovery-codes", MAKE_NEW_CODES), (PAGE, Factor::REMOVE)] {
        let site = Site::start().await;
        let (mut ada, _, _) = ada_with_factor(&site).await;
        clock::later(&site.db, "6 minutes").await;
        ada.visit(page).await;
        ada.press(button).await;
        assert_eq!(ada.status, 200, "{button}: {}", ada.path);
        ada.visit("/account/email").await;
        ada.must_be_at("/account/email", 200);
        clock::later(&site.db, "6 minutes").await;
        ada.visit("/account/email").await;
        assert!(ada.path.starts_with("/sudo"), "{button}: {}", ada.path);
    }
}

#[tokio::test]
async fn guesses_in_a_stolen_session_do_not_outlive_a_reset() {
    let site = Site::behind_a_proxy().await;
    let mut thief = thief(&site).await;
    for number in 0..6 {
        if number == 5 {
            assert_eq!(prolong_waits(&site, Scope::Account).await, 1);
        }
        thief.visit("/sudo").await;
        thief.submit(CONTINUE, &[(PASSWORD, &format!("guess number {number}"))]).await;
        assert_eq!(thief.status, if number == 5 { 429 } else { 422 }, "{number}");
    }
    let mut owner = site.browser();
    owner.visit("/password/reset").await;
    owner.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    owner.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    let new = Person { password: "glacier pumpkin harmonica", ..ADA };
    owner.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, new.password)]).await;
    new.logs_in(&mut owner).await;
    owner.visit("/sudo").await;
    owner.submit(CONTINUE, &[(PASSWORD, new.password)]).await;
    owner.must_be_at("/account", 200);
}
