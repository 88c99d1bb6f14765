//! The second step of a login, with a recovery code.

use crate::support::labels::*;
use crate::support::mailbox::mailbox;
use crate::support::people::ADA;
use crate::support::second_factor::{
    SUDO_CODE, ada_half_way, ada_with_factor, enter_recovery_code, shown_codes,
};
use crate::support::site::Site;

#[tokio::test]
async fn a_recovery_code_logs_in_once_and_the_owner_gets_an_email() {
    let site = Site::start().await;
    let (_, _, codes) = ada_with_factor(&site).await;
    let mut browser = ada_half_way(&site).await;
    // As somebody types it from paper.
    enter_recovery_code(&mut browser, &codes[3].to_lowercase().replace('-', " ")).await;
    browser.must_be_at("/app", 200);
    browser.must_see("You used a recovery code. You have 9 left.");
    let mails = mailbox(&site.db, ADA.email).await;
    let mail = mails.iter().find(|mail| mail.subject == "A recovery code was used");
    let mail = mail.expect("an email about the code");
    assert!(mail.text.contains("Codes left: 9."), "{}", mail.text);

    let mut again = ada_half_way(&site).await;
    enter_recovery_code(&mut again, &codes[3]).await;
    again.must_be_at("/login/recovery-code", 422);
    enter_recovery_code(&mut again, &codes[4]).await;
    again.must_be_at("/app", 200);
}

#[tokio::test]
async fn the_account_page_warns_when_few_are_left() {
    let site = Site::start().await;
    let (mut owner, _, codes) = ada_with_factor(&site).await;
    owner.visit("/account").await;
    owner.must_see("10 left");
    for (used, code) in codes.iter().enumerate().take(7) {
        let mut browser = ada_half_way(&site).await;
        enter_recovery_code(&mut browser, code).await;
        let few = used == 6;
        assert_eq!(browser.html().contains("Make new ones on your account page"), few, "{used}");
    }
    owner.visit("/account").await;
    owner.must_see("you have 3 recovery codes left");
    owner.visit("/account/recovery-codes").await;
    owner.press(MAKE_NEW_CODES).await;
    assert_eq!(shown_codes(&owner).len(), 10);
    // The rest of the old set is invalid.
    let mut browser = ada_half_way(&site).await;
    enter_recovery_code(&mut browser, &codes[9]).await;
    browser.must_be_at("/login/recovery-code", 422);
}

#[tokio::test]
async fn a_code_of_a_restored_backup_is_invalid_because_it_may_have_been_used_since() {
    let site = Site::start().await;
    let (_, _, codes) = ada_with_factor(&site).await;
    site.db.run(include_str!("../../../deploy/after-restore.sql")).await;
    let mut browser = ada_half_way(&site).await;
    enter_recovery_code(&mut browser, &codes[0]).await;
    browser.must_be_at("/login/recovery-code", 422);
}

/// The code is used up by then, so a failure must not look as if it were not.
#[tokio::test]
async fn a_counter_that_cannot_be_reset_stops_neither_a_login_nor_sudo_mode() {
    let site = Site::with_real_limits(&[]).await;
    let (mut owner, _, codes) = ada_with_factor(&site).await;
    let mut browser = ada_half_way(&site).await;
    site.db
        .run(
            "create function fail() returns trigger language plpgsql
                 as $$ begin raise exception 'no space left on device'; end $$;
             create trigger fail before update on throttles for each row
                 when (new.action = 'second-factor' and new.failures < old.failures)
                 execute function fail()",
        )
        .await;
    enter_recovery_code(&mut browser, &codes[0]).await;
    browser.must_be_at("/app", 200);
    owner.visit("/sudo?factor=on").await;
    owner.submit(CONTINUE_WITH_CODE, &[(SUDO_CODE, &codes[1])]).await;
    owner.must_be_at("/account", 200);
    assert_eq!(site.db.number("select count(*) from recovery_codes").await, 8);
}
