//! A passkey authenticator in software, and the browser's part around it.

use async_trait::async_trait;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::browser::Browser;
use super::labels::*;
use super::page::selector;
use super::people::Person;
use super::requests::BrowserResponse;
use super::site::Site;

/// The AAGUID of Bitwarden.
const AAGUID: [u8; 16] = 0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349_u128.to_be_bytes();

/// A device with at most one passkey. Its owner always consents, and is verified if asked.
pub struct Device {
    passkey: Option<Passkey>,
    /// Whether the authenticator counts its signatures. One that synchronises its passkeys does
    /// not.
    pub counts: bool,
    /// Where the browser believes to be.
    pub origin: Url,
}

#[derive(Clone, Copy)]
struct Consents;

#[async_trait]
impl UserValidationMethod for Consents {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

impl Device {
    pub fn at(site: &Site) -> Self {
        Self::with_origin(Url::parse(&site.url).expect("the origin"))
    }

    pub fn with_origin(origin: Url) -> Self {
        Self { passkey: None, counts: false, origin }
    }

    /// A copy of the authenticator, with its private key.
    pub fn copy(&self) -> Self {
        Self { passkey: self.passkey.clone(), counts: self.counts, origin: self.origin.clone() }
    }

    /// Makes a passkey. `options` is the response of the site to `start`.
    pub async fn makes(&mut self, options: &Value) -> Value {
        let mut authenticator =
            Authenticator::new(Aaguid::from(AAGUID), None, Consents, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(self.counts);
        let mut client = Client::new(authenticator).allows_insecure_localhost(true);
        let request = serde_json::from_value(options.clone()).expect("options for a new passkey");
        let made = client.register(&self.origin, request, DefaultClientData).await;
        let made = made.unwrap_or_else(|error| panic!("{error:?}"));
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(made).expect("JSON")
    }

    /// Signs a challenge. `options` is the response of the site to `start`.
    pub async fn signs(&mut self, options: &Value) -> Value {
        let store = self.passkey.clone();
        let authenticator =
            Authenticator::new(Aaguid::from(AAGUID), store, Consents, RustCryptoBackend);
        let mut client = Client::new(authenticator).allows_insecure_localhost(true);
        let request = serde_json::from_value(options.clone()).expect("options to sign");
        let signed = client.authenticate(&self.origin, request, DefaultClientData).await;
        let signed = signed.unwrap_or_else(|error| panic!("{error:?}"));
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(signed).expect("JSON")
    }

    /// Moves the passkey to another relying party, as a phishing site would like it to be.
    pub fn believes(&mut self, origin: &str, rp_id: &str) {
        self.origin = Url::parse(origin).expect("an origin");
        self.passkey.as_mut().expect("a passkey").rp_id = rp_id.to_owned();
    }

    /// Adds a passkey to the account that is logged in in this browser.
    pub async fn is_added(&mut self, browser: &mut Browser) -> BrowserResponse {
        browser.visit("/account/passkeys").await;
        browser.must_be_at("/account/passkeys", 200);
        let options = started(browser).await;
        let credential = self.makes(&options).await;
        let data = credential["response"]["authenticatorData"].clone();
        let body = json!({ "credential": credential, "authenticator_data": data });
        post(browser, "finish", &body).await
    }

    /// Signs on the page that is open: a login page, or `/sudo`. Follows the response.
    pub async fn logs_in(&mut self, browser: &mut Browser) -> BrowserResponse {
        let options = started(browser).await;
        let credential = self.signs(&options).await;
        let (next, second_step) = {
            let page = scraper::Html::parse_document(browser.html());
            let block = block(&page);
            let next = block.attr("data-next").expect("where it leads").to_owned();
            (next, block.attr("data-second-step").is_some())
        };
        let body = json!({ "credential": credential, "next": next, "second_step": second_step });
        let answer = post(browser, "finish", &body).await;
        follow(browser, &answer).await;
        answer
    }
}

/// Visits the page that a successful response names. After a 401, the page is loaded again.
pub async fn follow(browser: &mut Browser, answer: &BrowserResponse) {
    match answer.status {
        200 => browser.visit(json_of(answer)["next"].as_str().expect("a path")).await,
        401 => browser.visit(&browser.path.clone()).await,
        _ => {}
    }
}

pub fn json_of(answer: &BrowserResponse) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.body))
}

/// The challenge for the block of the page that is open.
pub async fn started(browser: &mut Browser) -> Value {
    let answer = post(browser, "start", &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    json_of(&answer)
}

/// The block of the button for passkeys, which `static/passkeys.js` reads.
fn block(page: &scraper::Html) -> scraper::ElementRef<'_> {
    page.select(&selector(".by-script")).next().expect("a block for passkeys")
}

/// Sends what `static/passkeys.js` sends.
pub async fn post(browser: &mut Browser, step: &str, body: &Value) -> BrowserResponse {
    let page = scraper::Html::parse_document(browser.html());
    let block = block(&page);
    let path = format!("{}/{step}", block.attr("data-path").expect("its path"));
    let token = block.select(&selector("[name=csrf]")).next().and_then(|token| token.attr("value"));
    let token = token.expect("its token").to_owned();

    let headers = [("content-type", "application/json"), ("x-csrf-token", token.as_str())];
    browser.fetch(Method::POST, &path, &headers, &body.to_string()).await
}

/// A person with an account and a passkey, and the browser in which it was added.
pub async fn with_passkey(person: Person, site: &Site) -> (Browser, Device) {
    let mut browser = person.at(site).await;
    let mut device = Device::at(site);
    let answer = device.is_added(&mut browser).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    follow(&mut browser, &answer).await;
    browser.must_be_at("/account/recovery-codes", 200);
    (browser, device)
}

/// A browser on a new device, at the login page.
pub async fn at_login(site: &Site) -> Browser {
    let mut browser = site.browser();
    browser.visit("/login").await;
    browser.must_see(LOG_IN);
    browser
}
