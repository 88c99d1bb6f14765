//! Deleting one's own account.

use crate::mail::carry;
use crate::support::asking::changes_email;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mail_server::MailServer;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::race::race;
use crate::support::site::Site;

#[tokio::test]
async fn an_account_is_deleted_and_every_device_logged_out() {
    let site = Site::start().await;
    let mut grace = GRACE.at(&site).await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    laptop.visit("/account").await;
    laptop.click("Delete").await;
    laptop.submit(DELETE_ACCOUNT, &[(EMAIL, "ADA@example.com")]).await;
    laptop.must_be_at("/", 200);
    laptop.must_see("Your account is deleted.");
    laptop.must_see(LOG_IN);
    phone.visit("/app").await;
    phone.must_be_at("/login?next=%2Fapp", 200);
    ADA.logs_in(&mut phone).await;
    phone.must_be_at("/login", 422);
    grace.visit("/app").await;
    grace.must_be_at("/app", 200);
    // The email address is free again.
    ADA.at(&site).await;
}

/// A thief may have deleted it. The email is the last row that names the person, so its address is
/// deleted once it is sent.
#[tokio::test]
async fn the_former_owner_is_told_by_an_email_that_keeps_no_address() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/delete").await;
    ada.submit(DELETE_ACCOUNT, &[(EMAIL, ADA.email)]).await;
    let mut server = MailServer::start().await;
    let delivery = carry(&site.db.pool, &server);
    let mail = server.mail().await;
    assert_eq!(mail.to, [ADA.email]);
    assert!(mail.data.contains("Your account was deleted, with everything in it."));
    delivery.stop().await;
    assert!(server.received().is_empty(), "emails from before are discarded");
    let named = "select count(*) from outbox where recipient <> '' or problem is not null";
    assert_eq!(site.db.number(named).await, 0);
}

/// A thief who changed it before would be the only one to be told.
#[tokio::test]
async fn an_earlier_email_address_is_told_of_the_deletion_too() {
    let site = Site::start().await;
    let mut thief = ADA.at(&site).await;
    changes_email(&site, &mut thief, "eve@example.net").await;
    thief.visit("/account/delete").await;
    thief.submit(DELETE_ACCOUNT, &[(EMAIL, "eve@example.net")]).await;
    for email in [ADA.email, "eve@example.net"] {
        assert_eq!(newest(&site.db, email).await.subject, "Your account was deleted");
    }
}

#[tokio::test]
async fn another_email_deletes_nothing_and_is_kept_in_the_field() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/delete").await;
    ada.submit(DELETE_ACCOUNT, &[(EMAIL, GRACE.email)]).await;
    ada.must_be_at("/account/delete", 422);
    assert_eq!(ada.field(DELETE_ACCOUNT, EMAIL), GRACE.email);
    assert_eq!(site.db.number("select count(*) from users").await, 1);
}

#[tokio::test]
async fn a_form_that_comes_too_late_comes_back_filled_after_the_password() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit("/account/delete").await;
    clock::later(&site.db, "21 minutes").await;
    ada.submit(DELETE_ACCOUNT, &[(EMAIL, ADA.email)]).await;
    ada.must_be_at("/sudo?next=%2Faccount%2Fdelete", 200);
    assert_eq!(site.db.number("select count(*) from users").await, 1);
    ada.submit(CONTINUE, &[(PASSWORD, ADA.password)]).await;
    ada.must_be_at("/account/delete", 200);
    assert_eq!(ada.field(DELETE_ACCOUNT, EMAIL), ADA.email);
    ada.press(DELETE_ACCOUNT).await;
    ada.must_be_at("/", 200);
}

#[tokio::test]
async fn requests_of_other_devices_during_the_deletion_keep_no_session() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phones = Vec::new();
    for _ in 0..10 {
        let mut phone = ADA.log_in_on_new_device(&site).await;
        phone.visit(if phones.len() % 2 == 0 { "/test/value" } else { "/account/password" }).await;
        phones.push(phone);
    }
    laptop.visit("/account/delete").await;
    let mut devices: Vec<_> = phones.into_iter().map(|phone| (phone, false)).collect();
    devices.push((laptop, true));
    let browsers = race(devices.into_iter().map(|(mut browser, deletes)| async move {
        match deletes {
            true => browser.submit(DELETE_ACCOUNT, &[(EMAIL, ADA.email)]).await,
            false if browser.path == "/test/value" => {
                browser.submit("Keep the value", &[("Value", "milk")]).await;
            }
            // Writes an event of the user that is being deleted.
            false => {
                let fields =
                    [(CURRENT_PASSWORD, "not the password"), (NEW_PASSWORD, GRACE.password)];
                browser.submit(CHANGE_PASSWORD, &fields).await;
            }
        }
        browser
    }))
    .await;
    for mut browser in browsers {
        assert!(matches!(browser.status, 200 | 422), "{} {}", browser.status, browser.path);
        browser.visit("/app").await;
        browser.must_be_at("/login?next=%2Fapp", 200);
    }
    for rows in [
        "select count(*) from users",
        "select count(*) from sessions where user_id is not null",
        "select count(*) from devices",
        "select count(*) from tokens where user_id is not null",
    ] {
        assert_eq!(site.db.number(rows).await, 0, "{rows}");
    }
}
