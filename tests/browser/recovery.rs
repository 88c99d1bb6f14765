//! After an error: the focus is where to go on, the title says so, and there is a way on.

use serde_json::json;

use crate::stage::BrowserTest;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE, Person};
use crate::window::Window;

/// The `id` of the focused element, or its text if it has none.
async fn focused(window: &Window) -> String {
    let focused = "const e = document.activeElement; return e.id || e.innerText";
    window.ask(focused).await.as_str().expect("a text").to_owned()
}

async fn title_says(window: &Window, title: &str) {
    let is = window.driver.title().await.expect("a title");
    assert!(is.starts_with(title), "the title is {is}");
}

pub async fn an_error_has_the_focus_and_is_in_the_title(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    // As small as a page of 1280 x 800 at 200 % zoom: the focused element must still be visible.
    let size = json!({ "width": 640, "height": 400, "deviceScaleFactor": 2, "mobile": false });
    window.command("Emulation.setDeviceMetricsOverride", size).await;
    let visible = "const b = document.activeElement.getBoundingClientRect();
        return b.top >= 0 && b.bottom <= innerHeight";

    window.logs_in(Person { password: "not the password of anybody", ..ADA }).await;
    title_says(&window, "Error: Log in").await;
    assert_eq!(focused(&window).await, WRONG_LOGIN);
    assert_eq!(window.ask(visible).await, true);
    // The next Tab continues from there.
    window.fill(PASSWORD, ADA.password).await;
    window.press(LOG_IN).await;
    title_says(&window, DASHBOARD).await;
    window.press(LOG_OUT).await;

    window.visit("/register").await;
    window.fill(EMAIL, GRACE.email).await;
    window.fill(PASSWORD, "passwordpassword").await;
    window.press(CREATE_ACCOUNT).await;
    title_says(&window, "Error: Create account").await;
    assert_eq!(focused(&window).await, "password");
    assert_eq!(window.ask(visible).await, true);
    window.fill(PASSWORD, GRACE.password).await;
    window.press(CREATE_ACCOUNT).await;

    window.fill(CODE, "0000-0000").await;
    window.press(CONFIRM).await;
    title_says(&window, "Error: Check your email").await;
    assert_eq!(focused(&window).await, "code");
    assert_eq!(window.ask("return document.activeElement.value").await, "0000-0000");
}

pub async fn an_ended_session_says_so_and_leads_back(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    // A visitor who never had a session reads something else.
    window.visit("/account").await;
    window.must_see("Log in to see that page.").await;
    window.logs_in(ADA).await;
    stage.site.db.run("delete from sessions").await;
    window.click(ACCOUNT).await;
    window.must_be_at("/login?next=%2Faccount").await;
    window.must_see(SESSION_ENDED).await;
    window.fill(EMAIL, ADA.email).await;
    window.fill(PASSWORD, ADA.password).await;
    window.press(LOG_IN).await;
    window.must_be_at("/account").await;
}

pub async fn a_session_that_ends_while_a_form_is_open_says_what_was_lost(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    window.visit("/test/value").await;
    window.fill("Value", "milk and bread").await;
    stage.site.db.run("delete from sessions").await;
    window.press("Keep the value").await;
    window.must_see(SESSION_ENDED).await;
    window.must_see(NOT_SAVED).await;
    window.fill(EMAIL, ADA.email).await;
    window.fill(PASSWORD, ADA.password).await;
    window.press(LOG_IN).await;
    // Back at the page of the form, to send it again.
    window.must_be_at("/test/value").await;
}

pub async fn a_login_in_another_tab_leaves_a_form_usable(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.visit("/login?next=/account").await;
    let first = window.driver.window().await.expect("a tab");
    let second = window.driver.new_tab().await.expect("a tab");
    window.driver.switch_to_window(second).await.expect("the other tab");
    window.logs_in(ADA).await;
    window.visit("/test/value").await;
    window.fill("Value", "milk").await;
    window.driver.switch_to_window(first).await.expect("the first tab");
    // This form is from before the login in the other tab, for the same user.
    window.fill(EMAIL, ADA.email).await;
    window.fill(PASSWORD, ADA.password).await;
    window.press(LOG_IN).await;
    window.must_be_at("/account").await;
    window.press(LOG_OUT).await;
    let tabs = window.driver.windows().await.expect("the tabs");
    window.driver.switch_to_window(tabs[1].clone()).await.expect("the other tab");
    window.press("Keep the value").await;
    window.must_see(LOG_IN).await;
    window.must_be_at("/login?next=%2Ftest%2Fvalue").await;
}

pub async fn every_dead_link_leads_to_a_new_one(stage: &BrowserTest<'_>) {
    let site = &stage.site;
    ADA.create_account(site).await;
    GRACE.registers(site).await;
    let window = stage.window().await;
    window.visit("/password/reset").await;
    window.fill(EMAIL, ADA.email).await;
    window.press(SEND_LINK).await;
    let reset = newest(&site.db, ADA.email).await.link("/password/reset/");
    let verify = newest(&site.db, GRACE.email).await.link("/email/verify/");
    clock::later(&site.db, "31 minutes").await;
    window.visit(&reset).await;
    window.must_see(INVALID_LINK).await;
    window.fill(EMAIL, ADA.email).await;
    window.press(SEND_NEW_LINK).await;
    window.must_be_at("/password/reset/sent").await;
    window.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    window.must_be_at("/password/reset/choose").await;

    // A link that was copied incompletely.
    window.visit(&verify[..verify.len() - 1]).await;
    window.must_see(INVALID_LINK).await;
    window.fill(EMAIL, GRACE.email).await;
    window.press(SEND_NEW_LINK).await;
    window.must_be_at("/email/verify").await;
    window.visit(&newest(&site.db, GRACE.email).await.link("/email/verify/")).await;
    window.must_see("Confirm your email").await;

    window.visit("/not-me/nothing").await;
    window.must_see(INVALID_LINK).await;
    window.fill(EMAIL, ADA.email).await;
    window.press(SEND_LINK).await;
    window.must_be_at("/password/reset/sent").await;
}

pub async fn a_rejected_request_leads_back_to_its_form(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    window.visit("/account").await;
    window.ask("document.querySelector('header [name=csrf]').value = 'x'").await;
    window.press(LOG_OUT).await;
    window.must_see(NOTHING_CHANGED).await;
    window.click("Open the form again").await;
    window.must_be_at("/account").await;
    window.press(LOG_OUT).await;
    window.must_see(LOGGED_OUT).await;
}
