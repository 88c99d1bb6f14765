//! A second factor, for tests of what all kinds share. The line `type Factor` chooses the kind.
//! What only one kind does is tested in `tests/totp` and `tests/passkeys`.

mod passkey;
mod totp;

use super::browser::Browser;
use super::database::Database;
use super::labels::*;
use super::page::{selector, text_of};
use super::people::ADA;
use super::site::Site;

/// The kind of second factor that these tests set up: an authenticator app.
pub type Factor = super::authenticator::Authenticator;

/// A kind of second factor, in the hands of its owner.
pub trait SecondFactor: Sized {
    /// What the app says about the kind, such as the paths of its pages.
    const KIND: &'static app::web::factors::Factor;
    /// The subject of the email to the owner when one was set up.
    const NOTICE: &'static str;
    /// The button that removes it, on its page below `/account`.
    const REMOVE: &'static str;

    /// Sets it up on its page below `/account`, which is open. It leads to the recovery codes.
    async fn set_up(browser: &mut Browser) -> Self;

    /// Proves it on the page that is open: that of a login after the password, or `/sudo`.
    async fn prove(&mut self, browser: &mut Browser);

    /// Lets it be proved again at once, where its owner would have to wait.
    async fn renew(&self, db: &Database);
}

/// The page of the kind below `/account`, and the one that asks for it after the password.
pub const PAGE: &str = Factor::KIND.page;
pub const LOGIN_PAGE: &str = Factor::KIND.login_page;

/// The label of the field in sudo mode that takes a recovery code.
pub const SUDO_CODE: &str = match Factor::KIND.code {
    Some(label) => label,
    None => RECOVERY_CODE,
};

/// Sets up a second factor in a browser that has logged in recently. Returns it and the recovery
/// codes.
pub async fn set_up<F: SecondFactor>(site: &Site, browser: &mut Browser) -> (F, Vec<String>) {
    browser.visit(F::KIND.page).await;
    let factor = F::set_up(browser).await;
    browser.must_be_at("/account/recovery-codes", 200);
    let codes = shown_codes(browser);
    assert_eq!(codes.len(), 10, "{codes:?}");
    factor.renew(&site.db).await;
    (factor, codes)
}

/// The recovery codes on the page.
pub fn shown_codes(browser: &Browser) -> Vec<String> {
    let page = scraper::Html::parse_document(browser.html());
    page.select(&selector(".codes code")).map(text_of).collect()
}

/// Ada has an account with a second factor, and this is the browser in which she set it up.
pub async fn ada_with_factor(site: &Site) -> (Browser, Factor, Vec<String>) {
    let mut browser = ADA.at(site).await;
    let (factor, codes) = set_up(site, &mut browser).await;
    (browser, factor, codes)
}

/// A browser on a new device in which Ada's password was entered.
pub async fn ada_half_way(site: &Site) -> Browser {
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.must_be_at(LOGIN_PAGE, 200);
    browser
}

/// Enters a recovery code, half-way through a login.
pub async fn enter_recovery_code(browser: &mut Browser, code: &str) {
    browser.visit("/login/recovery-code").await;
    browser.submit(LOG_IN, &[(RECOVERY_CODE, code)]).await;
}
