//! Session fixation: the attacker plants a session in the victim's browser, and is logged in with
//! it as soon as the victim is.
//!
//! Why it matters: the attacker needs no password, and the victim sees nothing. Even with a new ID,
//! values that the attacker left in the session would survive the login.
//! Stops in: `src/flows/start_session.rs` (`clear`, then `Identity::login`) and
//! `src/web/session_store.rs` (`delete`; `load` adopts no ID that was never issued).
//! Sources: ASVS 5.0 7.2.4, 7.2.1; WSTG-SESS-03; CWE-384; actix-extras#244, where a renewed session
//! was overwritten by a later insert.

use app::accounts::session::{self, NewSession};
use app::accounts::session_id::SessionId;
use app::config::Timeouts;
use app::web::cookies::SESSION;
use serde_json::json;

use super::{is_logged_in, sealed, sessions};
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE, Person, test_client};
use crate::support::site::Site;

const PLANTED: &str = "planted by somebody else";

/// Logs in although the browser is already logged in, as a script or an old tab can. The page and
/// its token are ours, so only the new session protects the victim.
async fn logs_in_inside(browser: &mut Browser, person: Person) {
    browser.visit("/app").await;
    let mut form = browser.form(LOG_OUT);
    form.action = form.action.join("/login").expect("an address");
    form.forge("email", person.email);
    form.forge("password", person.password);
    browser.send(form).await;
    browser.must_be_at("/app", 200);
    browser.must_see(person.email);
}

/// The cookie of an anonymous session with planted values, as the attacker could get one.
async fn session_of_nobody(site: &Site) -> String {
    let state = json!({ "value": PLANTED, "is_admin": true, "actix_identity.user_id": "1" });
    let client = test_client();
    let new = NewSession {
        user: None,
        timeouts: Timeouts::ANONYMOUS,
        remembered: false,
        second_factor: false,
        client: &client,
        state: &state,
    };
    let mut tx = site.db.pool.begin().await.expect("a transaction");
    let id = session::start(&mut tx, new, 20).await.expect("to insert").expect("a session");
    tx.commit().await.expect("to commit");
    sealed(site, id.as_str())
}

/// Only a new session is left; it has no planted value, and the planted cookie is invalid.
async fn only_the_new_session_is_valid(site: &Site, victim: &mut Browser, planted_cookie: &str) {
    let cookie = victim.cookie(SESSION).expect("a session cookie");
    assert_ne!(cookie, planted_cookie, "the victim goes on under the planted ID");
    let mut attacker = site.browser();
    attacker.plant_cookie(SESSION, planted_cookie);
    assert!(!is_logged_in(attacker).await, "the planted cookie is logged in");
    assert_eq!(sessions(&site.db).await, 1, "the old row is still there");
    assert_eq!(victim.kept_value().await, "", "a planted value survived the login");
    let state: serde_json::Value = sqlx::query_scalar("select state from sessions")
        .fetch_one(&site.db.pool)
        .await
        .expect("the one session");
    assert_eq!(state, json!({}));
}

#[tokio::test]
async fn the_attackers_own_session_ends_at_the_victims_login() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut eve = EVE.at(&site).await;
    eve.keep_value(PLANTED).await;
    let cookie = eve.cookie(SESSION).expect("a session cookie");

    let mut victim = site.browser();
    victim.plant_cookie(SESSION, &cookie);
    logs_in_inside(&mut victim, ADA).await;
    only_the_new_session_is_valid(&site, &mut victim, &cookie).await;
}

#[tokio::test]
async fn a_login_in_the_browser_of_another_user_inherits_no_values() {
    let site = Site::start().await;
    EVE.create_account(&site).await;
    let mut shared = ADA.at(&site).await;
    shared.keep_value(PLANTED).await;
    let cookie = shared.cookie(SESSION).expect("a session cookie");

    logs_in_inside(&mut shared, EVE).await;
    shared.must_not_see(ADA.email);
    only_the_new_session_is_valid(&site, &mut shared, &cookie).await;
}

#[tokio::test]
async fn a_planted_anonymous_session_ends_at_the_login() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let cookie = session_of_nobody(&site).await;

    let mut victim = site.browser();
    victim.plant_cookie(SESSION, &cookie);
    ADA.logs_in(&mut victim).await;
    victim.must_be_at("/app", 200);
    only_the_new_session_is_valid(&site, &mut victim, &cookie).await;
}

#[tokio::test]
async fn planted_cookies_give_no_access_to_the_victims_password_reset() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let session = session_of_nobody(&site).await;
    for planted in [Some(session), None] {
        let mut attacker = site.browser();
        let session = planted.is_some();
        if let Some(planted) = planted {
            attacker.plant_cookie(SESSION, &planted);
        }
        attacker.visit("/password/reset").await;
        let mut victim = site.browser();
        victim.clone_cookies_from(&attacker);
        victim.visit("/password/reset").await;
        victim.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
        victim.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
        victim.must_be_at("/password/reset/choose", 200);
        attacker.visit("/password/reset/choose").await;
        attacker.must_see(INVALID_LINK);
        // The attacker forges the victim's form, with a token of their own.
        attacker.visit("/login").await;
        let login = attacker.form(LOG_IN);
        let token = login.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token").1;
        // With a planted session that token is valid, but the form's link cannot be guessed.
        for link in ["guessed", ""] {
            victim.visit("/password/reset/choose").await;
            let mut form = victim.form(CHANGE_PASSWORD);
            form.forge("csrf", token);
            form.forge("link", link);
            form.forge("password", "marble kangaroo umbrella");
            victim.send(form).await;
            victim.must_be_at("/password/reset/choose", 403);
        }
        if !session {
            // Without one the token is invalid: the reset link has renewed the visitor's binding.
            victim.visit("/password/reset/choose").await;
            let mut form = victim.form(CHANGE_PASSWORD);
            form.forge("csrf", token);
            form.forge("password", "marble kangaroo umbrella");
            victim.send(form).await;
            victim.must_be_at("/password/reset/choose", 403);
        }
        ADA.log_in_on_new_device(&site).await;
    }
}

#[tokio::test]
async fn an_id_that_was_never_issued_is_not_adopted() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let cookie = sealed(&site, SessionId::generate().as_str());

    let mut victim = site.browser();
    victim.plant_cookie(SESSION, &cookie);
    victim.visit("/login").await;
    assert_eq!(victim.cookie(SESSION), None, "a cookie without a session is removed");
    victim.plant_cookie(SESSION, &cookie);
    victim.submit(LOG_IN, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    victim.must_be_at("/app", 200);
    only_the_new_session_is_valid(&site, &mut victim, &cookie).await;
}
