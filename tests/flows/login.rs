//! Logging in.

use crate::support::people::ADA;
use crate::support::site::Site;

#[tokio::test]
async fn a_registered_person_logs_in_and_sees_the_dashboard() {
    let site = Site::start().await;
    ADA.joins(&site).await;
    let mut browser = site.browser();
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    browser.must_see(ADA.email);
}
