//! An attacker has copied the cookie of a session, and wants what needs a recent authentication.
//!
//! Stops in: `src/web/sudo.rs`, and `Action::CurrentPassword` in `src/throttle/limits.rs`.

use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

/// The thief's browser, 21 minutes after the login of the owner: even forms need more by then.
async fn thief(site: &Site) -> Browser {
    let ada = ADA.at(site).await;
    clock::later(&site.db, "21 minutes").await;
    let mut thief = site.browser();
    thief.clone_cookies_from(&ada);
    thief
}

/// Every route behind `sudo::require` asks for the password: a GET and a POST.
#[tokio::test]
async fn a_stolen_session_cannot_reach_a_page_that_needs_sudo_mode() {
    let site = Site::start().await;
    let mut thief = thief(&site).await;
    let routes = include_str!("../../src/routes.rs");
    let guarded: Vec<&str> = routes
        .split("resource(\"")
        .filter(|part| part.contains("sudo_mode::require"))
        .map(|part| part.split('"').next().unwrap_or_default())
        .collect();
    assert!(!guarded.is_empty());
    for path in guarded {
        let path = format!("/account{path}");
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
