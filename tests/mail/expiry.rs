//! An email is not sent once its link has expired.

use std::time::Duration;

use super::{Row, carry, notice, the_row, write, write_to};
use crate::support::clock;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::mail_server::{MailServer, Reaction};
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

fn expired(attempts: i32) -> Row {
    Row { outcome: Some("expired".to_owned()), problem: None, body: None, attempts }
}

#[tokio::test]
async fn a_mail_delayed_beyond_its_link_is_not_sent() {
    let (db, mut server) = (database().await, MailServer::start().await);
    write(&db.pool, notice().expires_in(HALF_AN_HOUR)).await;
    write_to(&db.pool, GRACE.email, notice()).await;
    clock::later(&db, "31 minutes").await;
    let delivery = carry(&db.pool, &server);
    assert_eq!(server.mail().await.to, [GRACE.email]);
    delivery.stop().await;
    assert!(server.received().is_empty());
    db.run("delete from outbox where recipient = 'grace@example.org'").await;
    assert_eq!(the_row(&db.pool).await, expired(1));
}

#[tokio::test]
async fn a_link_that_expires_during_the_attempt_is_not_sent() {
    let db = database().await;
    let mut server = MailServer::that(|command| match command.starts_with("RCPT") {
        true => Reaction::Hold,
        false => Reaction::Usual,
    })
    .await;
    write(&db.pool, notice().expires_in(HALF_AN_HOUR)).await;
    let delivery = carry(&db.pool, &server);
    server.wait_for_command("RCPT").await;
    clock::later(&db, "31 minutes").await;
    server.release();
    server.wait_for_command("QUIT").await;
    delivery.stop().await;
    assert!(server.received().is_empty());
    assert_eq!(the_row(&db.pool).await, expired(1));
}

/// Otherwise its text would stay until the next attempt, up to an hour later.
#[tokio::test]
async fn the_text_is_erased_when_the_link_expires() {
    let db = database().await;
    write(&db.pool, notice().expires_in(HALF_AN_HOUR)).await;
    db.run("update outbox set attempts = 20").await;
    let mail = app::mail::outbox::claim(&db.pool).await.unwrap().expect("it is due");
    assert!(app::mail::outbox::postpone(&db.pool, &mail, "451").await.unwrap());
    assert_eq!(db.number("select count(*) from outbox where due_at <= expires_at").await, 1);
}

#[tokio::test]
async fn a_reset_mail_expires_with_its_link_and_a_notice_after_a_day() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    browser.visit("/password/reset").await;
    browser.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
    let together = "select count(*) from outbox join tokens using (expires_at)
                    where kind = 'password.reset.asked' and purpose = 'reset'";
    assert_eq!(site.db.number(together).await, 1);
    write(&site.db.pool, notice()).await;
    let day = "select count(*) from outbox
               where kind = 'account.password' and expires_at = created_at + interval '1 day'";
    assert_eq!(site.db.number(day).await, 1);
}
