//! Ways in which a session ends that no other test shows: by SQL, and by a lost response.

use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

#[tokio::test]
async fn sessions_of_a_deleted_user_end() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    assert_eq!(site.db.run("delete from users").await, 1);
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    assert_eq!(browser.cookie("__Host-session"), None);
    assert_eq!(site.db.number("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn a_raised_epoch_ends_every_session_of_the_user() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    assert_eq!(site.db.run("update users set session_epoch = session_epoch + 1").await, 1);
    for browser in [&mut laptop, &mut phone] {
        browser.visit("/app").await;
        browser.must_be_at("/login?next=%2Fapp", 200);
        assert_eq!(browser.cookie("__Host-session"), None);
    }
}

#[tokio::test]
async fn a_browser_that_misses_the_rotated_id_has_to_log_in() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    // The same browser, as if the response to the password change had been lost.
    let mut without_response = site.browser();
    without_response.clone_cookies_from(&browser);
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, "pewter saxophone glade")];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    browser.must_be_at("/account", 200);

    without_response.visit("/app").await;
    without_response.must_be_at("/login?next=%2Fapp", 200);
    // The old cookie is not removed, because a response that removes it could remove the new one.
    assert!(without_response.cookie("__Host-session").is_some());
}
