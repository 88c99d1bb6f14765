//! One tour through the main flows, from the sign-up to a password reset.

use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE, GRACE};
use crate::window::{Scripts, Window};

pub async fn the_main_flows_work_with_scripts(stage: &BrowserTest<'_>) {
    tour(stage, &stage.window().await).await;
}

pub async fn the_main_flows_work_without_scripts(stage: &BrowserTest<'_>) {
    let window = stage.window_with(Scripts::Off).await;
    window.visit("/login").await;
    // A script adds this button, so its absence shows that scripts are off.
    assert!(!window.text().await.contains("Show"), "scripts are off");
    tour(stage, &window).await;
}

async fn tour(stage: &BrowserTest<'_>, window: &Window) {
    window.visit("/").await;
    window.click(CREATE_ACCOUNT).await;
    window.fill(EMAIL, ADA.email).await;
    window.fill(PASSWORD, ADA.password).await;
    window.press(CREATE_ACCOUNT).await;
    window.must_be_at("/email/verify").await;
    window.must_see(ADA.email).await;
    follows_the_link(stage, window, "/email/verify/").await;
    window.press(CONFIRM_EMAIL).await;
    window.must_be_at("/app").await;
    window.must_see(EMAIL_CONFIRMED).await;
    window.must_see(ADA.email).await;

    window.click(ACCOUNT).await;
    window.click(CHANGE_OF_PASSWORD).await;
    window.fill(CURRENT_PASSWORD, ADA.password).await;
    window.fill(NEW_PASSWORD, GRACE.password).await;
    window.press(CHANGE_PASSWORD).await;
    window.must_be_at("/account").await;
    window.must_see(PASSWORD_CHANGED).await;

    window.press(LOG_OUT).await;
    window.must_be_at("/login").await;
    window.must_see(LOGGED_OUT).await;

    window.visit("/account").await;
    window.must_be_at("/login?next=%2Faccount").await;
    window.fill(EMAIL, ADA.email).await;
    window.fill(PASSWORD, ADA.password).await;
    window.press(LOG_IN).await;
    window.must_see(WRONG_LOGIN).await;
    window.fill(PASSWORD, GRACE.password).await;
    window.tick(STAY_LOGGED_IN).await;
    window.press(LOG_IN).await;
    window.must_be_at("/account").await;
    window.click(DASHBOARD).await;
    window.must_see("or after 14 days without activity").await;

    window.press(LOG_OUT).await;
    window.click(FORGOT_PASSWORD).await;
    window.fill(EMAIL, ADA.email).await;
    window.press(SEND_LINK).await;
    window.must_see(LINK_ON_ITS_WAY).await;
    follows_the_link(stage, window, "/password/reset/").await;
    window.must_be_at("/password/reset/choose").await;
    window.fill(NEW_PASSWORD, EVE.password).await;
    window.press(CHANGE_PASSWORD).await;
    window.must_be_at("/login").await;
    window.fill(EMAIL, ADA.email).await;
    window.fill(PASSWORD, EVE.password).await;
    window.press(LOG_IN).await;
    window.must_be_at("/app").await;
}

/// Opens the newest mail to Ada, and follows its link.
async fn follows_the_link(stage: &BrowserTest<'_>, window: &Window, part: &str) {
    window.click("the mailbox").await;
    window.click(&newest(&stage.site.db, ADA.email).await.subject).await;
    let mail = window.text().await;
    let link = mail.split_whitespace().find(|word| word.contains(part));
    window.click(link.expect("a link in the mail")).await;
}
