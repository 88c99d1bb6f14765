//! An authenticator app, which reads its secret from the page as a person would type it.

use std::time::{SystemTime, UNIX_EPOCH};

use totp_rs::{Builder, Secret, Totp};

use super::browser::Browser;
use super::page::{selector, text_of};
use super::people::ADA;
use super::second_factor::set_up;
use super::site::Site;

const STEP: u64 = 30;

pub struct Authenticator {
    totp: Totp,
}

impl Authenticator {
    /// Reads the key on the page for setting up.
    pub fn reading(browser: &Browser) -> Self {
        Self::with_key(&shown_key(browser))
    }

    pub fn with_key(key: &str) -> Self {
        let secret = Secret::try_from_base32(key).expect("a key in base32");
        Self { totp: Builder::new().with_secret(secret).build().expect("a long enough key") }
    }

    /// The code that the app shows now.
    pub fn code(&self) -> String {
        self.code_of_step(0)
    }

    /// The code of a step in the past (negative) or future.
    pub fn code_of_step(&self, steps: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        self.totp.generate(now.saturating_add_signed(steps * STEP as i64)).to_string()
    }

    /// A code of six digits that is wrong now, and in the steps around.
    pub fn wrong_code(&self) -> String {
        let right: Vec<String> = (-3..=3).map(|steps| self.code_of_step(steps)).collect();
        let wrong = (0..).map(|n| format!("{n:06}"));
        wrong.into_iter().find(|code| !right.contains(code)).expect("most codes are wrong")
    }
}

/// The key of an app on the page, without spaces.
pub fn shown_key(browser: &Browser) -> String {
    let page = scraper::Html::parse_document(browser.html());
    let key = page.select(&selector("code.secret")).next().expect("a key on the page");
    text_of(key).split_whitespace().collect()
}

/// Ada has an account with an app, and this is the browser in which she set it up. The next code
/// of the app is accepted. Returns the recovery codes too.
pub async fn ada_with_app(site: &Site) -> (Browser, Authenticator, Vec<String>) {
    let mut browser = ADA.at(site).await;
    let (app, codes) = set_up(site, &mut browser).await;
    (browser, app, codes)
}

/// A browser on a new device in which Ada's password was entered.
pub async fn ada_half_way(site: &Site) -> Browser {
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at("/login/totp", 200);
    browser
}
