//! An attacker who knows the public ID of somebody else's session tries to end it.
//!
//! Stops in: `src/accounts/session/listed.rs::end_listed`, which asks for the user too.

use crate::support::browser::Browser;
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

async fn revokes(browser: &mut Browser, id: &str) -> (u16, String) {
    browser.visit("/account/sessions").await;
    let mut form = browser.form("Log out everywhere else");
    form.action.set_path(&format!("/account/sessions/{id}/revoke"));
    browser.send(form).await;
    (browser.status, browser.text())
}

#[tokio::test]
async fn a_foreign_an_unknown_and_a_broken_id_get_the_same_response() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let mut eve = EVE.at(&site).await;
    // The form is on the page only with a second session.
    EVE.log_in_on_new_device(&site).await;
    let id = "select public_id::text from sessions s join users u on u.id = s.user_id where u.email = $1";
    let of_ada: String =
        sqlx::query_scalar(id).bind(ADA.email).fetch_one(&site.db.pool).await.expect("her session");
    let foreign = revokes(&mut eve, &of_ada).await;
    assert_eq!(foreign.0, 404);
    for id in [uuid::Uuid::new_v4().to_string().as_str(), "x", "%00", "1%20or%201=1"] {
        assert_eq!(revokes(&mut eve, id).await, foreign, "{id}");
    }
    ada.visit("/app").await;
    ada.must_be_at("/app", 200);
}
