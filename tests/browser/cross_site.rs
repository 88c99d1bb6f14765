//! Attacks by a page of another origin on a logged-in user, in a browser that enforces its rules.
//! `tests/attacks/` does the same without a browser.

use crate::other_site::OtherSite;
use crate::pages;
use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};

/// Another port of the same host is same-site, so `SameSite` lets the session cookie pass.
pub async fn a_same_site_post_from_another_port_is_rejected(stage: &BrowserTest<'_>) {
    forge(stage, OtherSite::same_site_url).await;
}

pub async fn a_cross_site_post_is_rejected(stage: &BrowserTest<'_>) {
    forge(stage, OtherSite::stranger).await;
}

/// The attacker has even stolen a CSRF token of this session; the check of the origin must suffice.
async fn forge(stage: &BrowserTest<'_>, from: impl Fn(&OtherSite) -> String) {
    ADA.create_account(&stage.site).await;
    EVE.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    window.visit("/test/value").await;
    window.fill("Value", "Water the lemon tree").await;
    window.press("Keep the value").await;
    let token = window.ask("return document.querySelector('[name=csrf]').value").await;
    let token = token.as_str().expect("a token").to_owned();

    let login = [("email", EVE.email), ("password", EVE.password)];
    for (path, fields) in
        [("/test/value", &[("value", "Eve was here")][..]), ("/logout", &[]), ("/login", &login)]
    {
        let stolen = [("csrf", token.as_str())];
        let inputs = fields
            .iter()
            .chain(&stolen)
            .map(|(name, value)| format!("<input name={name} value='{value}'>"));
        let site = &stage.site.url;
        let page = format!(
            "<form method=post action={site}{path}>{}</form><script>document.forms[0].submit()</script>",
            inputs.collect::<String>()
        );
        let evil = OtherSite::with(page).await;
        window.visit(&from(&evil)).await;
        window.wait_for_page().await;
        window.must_be_at(path).await;
        window.must_see(NOTHING_CHANGED).await;
    }
    window.visit("/app").await;
    window.must_see(ADA.email).await;
    window.visit("/test/value").await;
    let value = window.field("Value").await.attr("value").await.expect("the value");
    assert_eq!(value.as_deref(), Some("Water the lemon tree"));
}

pub async fn no_page_can_be_framed(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    for path in ["/", "/app", "/account/password", "/nowhere"] {
        let page = format!("<iframe src={}{path}></iframe>", stage.site.url);
        let evil = OtherSite::with(page).await;
        window.visit(&evil.same_site_url()).await;
        let refused = window.console().await;
        assert!(
            refused.iter().any(|entry| entry.message.contains("frame-ancestors")),
            "{refused:?}"
        );
        window.driver.enter_frame(0).await.expect("the frame");
        let inside = window.ask("return location.href").await;
        assert_eq!(inside, "chrome-error://chromewebdata/", "{path}");
        window.driver.enter_default_frame().await.expect("the page around it");
    }
}

/// No violation of the Content-Security-Policy, no script error, no missing file.
pub async fn no_page_logs_to_the_console(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    pages::walk(stage, &window, ADA, async |name| {
        let entries = window.console().await;
        let said =
            entries.iter().filter(|entry| !entry.message.contains("responded with a status of"));
        let said: Vec<_> = said.collect();
        assert!(said.is_empty(), "{name}: {said:?}");
    })
    .await;
}
