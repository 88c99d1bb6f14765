//! Logging out.

use crate::support::people::ADA;
use crate::support::site::Site;

#[tokio::test]
async fn logging_out_works_when_the_session_is_already_over() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    sqlx::query("delete from sessions").execute(&site.db.pool).await.expect("the database");
    browser.press("Log out").await;
    browser.must_be_at("/login", 200);
    browser.must_see("You are logged out.");
    assert_eq!(browser.cookie("__Host-session"), None);
}
