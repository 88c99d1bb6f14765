//! `vestibule user reset-factors`: for a user who has lost the second factor and the recovery
//! codes.

use serde_json::json;

use super::{events, user};
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::second_factor::{Factor, SecondFactor, ada_half_way, ada_with_factor};
use crate::support::site::Site;

#[tokio::test]
async fn an_operator_removes_the_factors_and_the_owner_is_told() {
    let site = Site::start().await;
    let (mut open, mut factor, _) = ada_with_factor(&site).await;
    let mut half_way = ada_half_way(&site).await;
    let shown = user(&site.db, &["show", ADA.email, "--json"]).json();
    assert_eq!(shown["second_factors"], json!([Factor::KIND.kind]), "{shown}");
    assert_eq!(shown["recovery_codes"], json!(10));

    let said = user(&site.db, &["reset-factors", ADA.email]).done();
    let expected = "second factors removed, owner told by email, 1 session ended";
    assert_eq!(said, format!("{}: {expected}\n", ADA.email));
    let mail = newest(&site.db, ADA.email).await;
    assert_eq!(mail.subject, "The second step of your login was removed");
    assert!(mail.text.contains("/not-me/"), "{}", mail.text);
    assert!(events(&site.db).await.contains(&("user.reset-factors".to_owned(), true)));

    // Whoever was logged in or half-way has to begin again, with the password alone.
    open.visit("/app").await;
    open.must_be_at("/login?next=%2Fapp", 200);
    factor.prove(&mut half_way).await;
    half_way.must_be_at("/login?next=%2Fapp", 200);
    ADA.log_in_on_new_device(&site).await;
}

#[tokio::test]
async fn an_account_without_factors_is_left_as_it_is() {
    let site = Site::start().await;
    let mut open = GRACE.at(&site).await;
    let said = user(&site.db, &["reset-factors", GRACE.email]).done();
    assert_eq!(said, format!("{}: no second factor, nothing changed\n", GRACE.email));
    open.visit("/app").await;
    open.must_be_at("/app", 200);
    user(&site.db, &["reset-factors", ADA.email]).failed("ada@example.com has no account");
}
