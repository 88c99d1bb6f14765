//! Passkeys in a real browser, with the virtual authenticator of Chromium.

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::window::{POLL_INTERVAL, Scripts, TIMEOUT, Window};

/// An authenticator of the device, whose owner touches it at once.
struct Virtual {
    id: Value,
}

impl Virtual {
    async fn plugged_into(window: &Window) -> Self {
        window.command("WebAuthn.enable", json!({})).await;
        let options = json!({ "options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true,
            "automaticPresenceSimulation": true,
        } });
        let added = window.command("WebAuthn.addVirtualAuthenticator", options).await;
        Self { id: added["authenticatorId"].clone() }
    }

    async fn passkeys(&self, window: &Window) -> usize {
        let wish = json!({ "authenticatorId": self.id });
        let answer = window.command("WebAuthn.getCredentials", wish).await;
        answer["credentials"].as_array().expect("a list").len()
    }
}

pub async fn a_passkey_is_added_used_and_removed(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    let device = Virtual::plugged_into(&window).await;
    window.visit("/account").await;
    window.click("add a passkey").await;
    window.press(ADD_PASSKEY).await;
    wait_for_heading(&window, "Recovery codes").await;
    window.must_see("is added.").await;
    assert_eq!(device.passkeys(&window).await, 1);

    // By the button of the login page, in a browser that offers no passkeys in its autofill.
    let no_autofill = "PublicKeyCredential.isConditionalMediationAvailable = async () => false";
    let script = json!({ "source": no_autofill });
    let script = window.command("Page.addScriptToEvaluateOnNewDocument", script).await;
    window.press(LOG_OUT).await;
    window.must_be_at("/login").await;
    window.button(LOG_IN_WITH_PASSKEY).await.click().await.expect("a click");
    wait_for_heading(&window, DASHBOARD).await;
    window.must_see(ADA.email).await;
    window.command("Page.removeScriptToEvaluateOnNewDocument", script).await;

    // By autofill: the authenticator answers what the email field of the page offers.
    window.press(LOG_OUT).await;
    wait_for_heading(&window, DASHBOARD).await;

    // In sudo mode.
    crate::support::clock::later(&stage.site.db, "11 minutes").await;
    window.visit("/account/passkeys").await;
    window.must_be_at("/sudo?factor=on&next=%2Faccount%2Fpasskeys").await;
    window.press("Continue with a passkey").await;
    wait_for_heading(&window, "Passkeys").await;

    // Once it is removed, the site does not know it, and says so.
    window.element("summary").await.click().await.expect("a click");
    window.press(REMOVE).await;
    window.must_see("is removed.").await;
    let script = json!({ "source": no_autofill });
    window.command("Page.addScriptToEvaluateOnNewDocument", script).await;
    window.press(LOG_OUT).await;
    window.button(LOG_IN_WITH_PASSKEY).await.click().await.expect("a click");
    let problem = window.driver.query(By::Css(".by-script .problem"));
    let problem = problem.and_displayed().first().await.expect("a problem");
    let said = problem.text().await.expect("its text");
    assert!(
        said.contains("doesn't know that passkey") || said.contains("No passkey was used"),
        "{said}"
    );
    window.must_be_at("/login").await;
}

pub async fn without_scripts_the_page_says_what_passkeys_need(stage: &BrowserTest<'_>) {
    let window = stage.window_with(Scripts::Off).await;
    window.visit("/login").await;
    window.must_see("needs JavaScript").await;
    let button = window.element(".by-script button").await;
    assert!(!button.is_displayed().await.expect("an answer"));
}

/// Waits until the script has opened the page with this heading.
async fn wait_for_heading(window: &Window, words: &str) {
    let heading = format!("//h1[normalize-space()=\"{words}\"]");
    let found = window.driver.query(By::XPath(heading)).wait(TIMEOUT, POLL_INTERVAL).first().await;
    let (path, text) = (window.path().await, window.text().await);
    assert!(found.is_ok(), "no page \"{words}\", but {path}:\n{text}");
}
