//! The lesson in a browser: what a script can read, and the buttons "Try it".

use serde_json::Value;

use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::window::{Scripts, Window};

async fn dashboard(stage: &BrowserTest<'_>, scripts: Scripts) -> Window {
    ADA.create_account(&stage.site).await;
    let window = stage.window_with(scripts).await;
    window.logs_in(ADA).await;
    window.must_be_at("/app").await;
    window
}

pub async fn the_dashboard_shows_what_a_script_reads_of_the_cookies(stage: &BrowserTest<'_>) {
    let window = dashboard(stage, Scripts::On).await;
    window.must_see("document.cookie is \"\": every cookie of this site is HttpOnly.").await;
    // A cookie that a script may read shows that the line is live.
    window.ask("document.cookie = 'theme=dark; path=/'").await;
    window.visit("/app").await;
    window.must_see("document.cookie is \"theme=dark\"").await;
}

pub async fn without_scripts_the_dashboard_explains_http_only(stage: &BrowserTest<'_>) {
    let window = dashboard(stage, Scripts::Off).await;
    window.must_see("With JavaScript on, this line shows what a script of this page finds.").await;
}

pub async fn both_timeouts_count_down(stage: &BrowserTest<'_>) {
    let window = dashboard(stage, Scripts::On).await;
    // Two minutes pass for the script, but not for the test.
    let passed = "const now = performance.now();
        performance.now = () => now + 125_000;
        const countdowns = [...document.querySelectorAll('.countdown')];
        await new Promise(done =>
            new MutationObserver(done).observe(countdowns[1], { childList: true }));
        return countdowns.map(element => element.textContent)";
    let shown = window.ask(passed).await;
    let shown: Vec<&str> =
        shown.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert!(shown[0].starts_with("57 minutes"), "{shown:?}");
    assert!(shown[1].starts_with("23 hours 57 minutes"), "{shown:?}");
}

pub async fn a_session_is_ended_on_the_server(stage: &BrowserTest<'_>) {
    let window = dashboard(stage, Scripts::On).await;
    window.press(END_ON_SERVER).await;
    window.must_be_at("/lesson/end-session").await;
    window.must_see("the site rejected it").await;
    window.must_see("src/web/session_store.rs::PostgresStore::find").await;
    window.click("Open the dashboard").await;
    window.must_be_at("/login?next=%2Fapp").await;
}

pub async fn a_post_without_a_token_is_rejected(stage: &BrowserTest<'_>) {
    let window = dashboard(stage, Scripts::Off).await;
    window.press(WITHOUT_TOKEN).await;
    window.must_see("src/web/csrf/token.rs::check").await;
    window.click("Open the form again").await;
    window.must_be_at("/app").await;
}

pub async fn a_post_replayed_as_cross_site_is_rejected(stage: &BrowserTest<'_>) {
    let window = dashboard(stage, Scripts::On).await;
    window.press(AS_CROSS_SITE).await;
    window.must_see("src/web/csrf.rs::reject_cross_site").await;
    window.click("Open the form again").await;
    window.must_be_at("/app").await;
}

pub async fn a_password_change_ends_the_session_elsewhere(stage: &BrowserTest<'_>) {
    let window = dashboard(stage, Scripts::Off).await;
    window.press(CHANGE_TEST_PASSWORD).await;
    window.must_be_at("/lesson/password").await;
    window.must_see("src/accounts/session/ended.rs::end_all").await;
    window.click("Back to the dashboard").await;
    window.must_be_at("/app").await;
}
