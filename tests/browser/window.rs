//! A window of a real Chromium. It finds links, buttons and fields by their text. A failed search
//! prints the page.

#![allow(dead_code, reason = "deleting a feature may leave a helper unused")]

use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use thirtyfour::{BrowserLogEntry, ChromeCapabilities};

use crate::driver::Driver;
use crate::support::labels::*;
use crate::support::people::Person;

/// Widths in CSS pixels. 320 is a page of 1280 at 400 % zoom (WCAG 1.4.10).
pub const WIDE: u32 = 1280;
pub const PHONE: u32 = 390;
pub const NARROW: u32 = 320;

/// How long the next page may take on a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The polling interval.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

#[derive(Clone)]
pub struct Window {
    pub driver: WebDriver,
    base: String,
}

impl Window {
    pub async fn open(driver: &Driver, base: &str, scripts: Scripts) -> Window {
        let mut wishes = ChromeCapabilities::new();
        let mut options = json!({
            "binary": driver.browser,
            // No sandbox, because CI runs as root. Others stop Chromium's own traffic.
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            ],
        });
        if scripts == Scripts::Off {
            let block = json!({ "profile.managed_default_content_settings.javascript": 2 });
            options["prefs"] = block;
        }
        wishes.set("goog:chromeOptions", options).expect("options");
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        wishes.set("goog:loggingPrefs", logs).expect("options");
        let driver = WebDriver::new(&driver.url, wishes).await.expect("a window of Chromium");
        Window { driver, base: base.to_owned() }
    }

    pub async fn close(self) {
        if let Err(error) = self.driver.quit().await {
            eprintln!("a window stays open: {error}");
        }
    }

    /// Opens a path of the site, or a whole URL.
    pub async fn visit(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{}{path}", self.base) } else { path.into() };
        self.driver.goto(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Follows the link with this text.
    pub async fn click(&self, words: &str) {
        let link = self
            .the(
                "link",
                words,
                &format!("//a[normalize-space()=\"{words}\" or @aria-label=\"{words}\"]"),
            )
            .await;
        self.leave(link.click()).await;
    }

    /// Presses a button that submits a form.
    pub async fn press(&self, words: &str) {
        self.leave(self.button(words).await.click()).await;
    }

    /// Performs an action that opens another page. `WebDriver` returns before that page has loaded,
    /// so this waits until the old page is gone.
    pub async fn leave(&self, act: impl Future<Output = WebDriverResult<()>>) {
        let page = self.driver.find(By::Tag("html")).await.expect("a page");
        act.await.expect("a click");
        let gone = page.wait_until().wait(TIMEOUT, POLL_INTERVAL).stale().await;
        gone.expect("another page");
    }

    /// Waits for a page of the site, which has a heading, after an attacker's page, which has none.
    pub async fn wait_for_page(&self) {
        let heading = self.driver.query(By::Tag("h1")).wait(TIMEOUT, POLL_INTERVAL);
        heading.first().await.expect("a page of ours");
    }

    pub async fn button(&self, words: &str) -> WebElement {
        self.the("button", words, &format!("//button[normalize-space()=\"{words}\"]")).await
    }

    pub async fn field(&self, label: &str) -> WebElement {
        let label_for = format!("//label[normalize-space()=\"{label}\"]/@for");
        self.the("field", label, &format!("//*[self::input or self::textarea][@id={label_for}]"))
            .await
    }

    pub async fn fill(&self, label: &str, value: &str) {
        let field = self.field(label).await;
        field.clear().await.expect("an empty field");
        field.send_keys(value).await.expect("a field that takes text");
    }

    pub async fn tick(&self, label: &str) {
        let tick = format!("//label[normalize-space()=\"{label}\"]/input");
        self.the("box", label, &tick).await.click().await.expect("a click");
    }

    /// The first element that this CSS selector matches.
    pub async fn element(&self, css: &str) -> WebElement {
        self.find("element", css, By::Css(css)).await
    }

    async fn the(&self, what: &str, words: &str, xpath: &str) -> WebElement {
        self.find(what, words, By::XPath(xpath)).await
    }

    async fn find(&self, what: &str, words: &str, by: By) -> WebElement {
        match self.driver.find(by).await {
            Ok(element) => element,
            Err(_) => {
                panic!("no {what} \"{words}\" at {}:\n{}", self.path().await, self.text().await)
            }
        }
    }

    pub async fn logs_in(&self, person: Person) {
        self.visit("/login").await;
        self.fill(EMAIL, person.email).await;
        self.fill(PASSWORD, person.password).await;
        self.press(LOG_IN).await;
    }

    /// Path and query; the whole URL if it is another site's.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.expect("an address").to_string();
        url.strip_prefix(&self.base).map_or_else(|| url.clone(), str::to_owned)
    }

    /// The visible text.
    pub async fn text(&self) -> String {
        let body = self.driver.find(By::Tag("body")).await.expect("a page");
        body.text().await.expect("its text")
    }

    pub async fn must_be_at(&self, path: &str) {
        let at = self.path().await;
        assert!(at == path, "at {at} and not at {path}:\n{}", self.text().await);
    }

    pub async fn must_see(&self, words: &str) {
        let text = self.text().await;
        assert!(text.contains(words), "no \"{words}\" at {}:\n{text}", self.path().await);
    }

    /// Checks that the words are neither on the page nor in its source.
    pub async fn must_not_contain(&self, words: &str) {
        let source = self.driver.source().await.expect("a page");
        assert!(!source.contains(words), "\"{words}\" at {}:\n{source}", self.path().await);
    }

    /// Runs a script and returns its result. A promise is awaited.
    pub async fn ask(&self, script: &str) -> Value {
        let answer = self.driver.execute(script, vec![]).await;
        answer.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// Sends a `DevTools` command: `command("Emulation.setEmulatedMedia", json!({…}))`
    pub async fn command(&self, name: &str, parameters: Value) -> Value {
        let answer = self.driver.cdp().send_raw(name, parameters).await;
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Sets media features: `set_media_features(&[("color-scheme", "dark")])`
    pub async fn set_media_features(&self, wishes: &[(&str, &str)]) {
        let features = wishes
            .iter()
            .map(|(what, value)| json!({ "name": format!("prefers-{what}"), "value": value }));
        let features: Vec<Value> = features.collect();
        self.command("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        // Chromium ignores a feature that it does not know.
        for (what, value) in wishes {
            let matches = format!("return matchMedia('(prefers-{what}: {value})').matches");
            assert_eq!(self.ask(&matches).await, json!(true), "{what}: {value}");
        }
    }

    /// `light` or `dark`. No transitions, because a half-changed colour has another contrast.
    pub async fn is_in(&self, scheme: &str) {
        self.set_media_features(&[("color-scheme", scheme), ("reduced-motion", "reduce")]).await;
    }

    /// As with the contrast themes of Windows.
    pub async fn force_colors(&self) {
        let forced = json!([{ "name": "forced-colors", "value": "active" }]);
        self.command("Emulation.setEmulatedMedia", json!({ "features": forced })).await;
        let matches = self.ask("return matchMedia('(forced-colors: active)').matches").await;
        assert_eq!(matches, json!(true));
    }

    /// A `zoom` of 2 shows the page at 200 %.
    pub async fn set_width(&self, width: u32, zoom: u32) {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": zoom, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// New messages of the console, including violations of the Content-Security-Policy.
    pub async fn console(&self) -> Vec<BrowserLogEntry> {
        self.driver.browser_log().await.expect("the console")
    }
}
