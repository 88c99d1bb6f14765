//! `deploy/after-restore.sql`, which an operator runs over a restored backup before the app starts.

use crate::support::labels::*;
use crate::support::mailbox::{mailbox, newest};
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::site::Site;

#[tokio::test]
async fn after_the_file_no_session_link_or_invitation_of_the_backup_is_valid() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let mut forgetful = site.browser();
    forgetful.visit("/login").await;
    forgetful.click(FORGOT_PASSWORD).await;
    forgetful.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    let mut grace = GRACE.registers(&site).await;
    let letter = newest(&site.db, GRACE.email).await;
    let links = [
        newest(&site.db, ADA.email).await.link("/password/reset/"),
        letter.link("/email/verify/"),
        EVE.is_invited(&site).await,
    ];
    // All of them are valid in the backup. To open a link uses up none.
    ada.visit("/app").await;
    ada.must_be_at("/app", 200);
    for link in &links {
        let mut browser = site.browser();
        browser.visit(link).await;
        assert_eq!(browser.status, 200, "{link}");
    }

    site.db.run(include_str!("../../deploy/after-restore.sql")).await;

    ada.visit("/app").await;
    ada.must_be_at("/login?next=%2Fapp", 200);
    for link in &links {
        let mut browser = site.browser();
        browser.visit(link).await;
        browser.must_be_at(link, 404);
    }
    grace.submit(CONFIRM, &[(CODE, &letter.code())]).await;
    grace.must_be_at("/email/verify", 422);
    // Nothing is left for which a new link could be requested, and no email of the backup is sent.
    grace.press(RESEND).await;
    let mut eve = site.browser();
    eve.visit("/email/verify").await;
    eve.submit(RESEND, &[(EMAIL, EVE.email)]).await;
    for person in [ADA, GRACE, EVE] {
        assert_eq!(mailbox(&site.db, person.email).await.len(), 0, "{}", person.email);
    }
    assert_eq!(site.db.number("select count(*) from users").await, 1);
    ADA.log_in_on_new_device(&site).await;
    GRACE.registers(&site).await;
}
