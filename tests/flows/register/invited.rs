//! A site where only invited people get an account: `REGISTRATION=invited`.

use reqwest::Method;

use crate::attacks::routes;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

const INVITED: &[(&str, &str)] = &[("REGISTRATION", "invited")];

#[tokio::test]
async fn the_sign_up_page_says_that_accounts_are_by_invitation() {
    let site = Site::with(INVITED).await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    let mut form = browser.form(LOG_IN);
    browser.visit("/register").await;
    browser.must_be_at("/register", 403);
    browser.must_see(BY_INVITATION);
    browser.must_see("Ask the people who run Vestibule.");
    let (shown, runs) = (browser.text(), site.app.hasher.runs());

    // A form that was opened before the setting was changed.
    form.action.set_path("/register");
    form.fill(EMAIL, ADA.email).expect("the field");
    form.fill(PASSWORD, ADA.password).expect("the field");
    browser.send(form).await;
    browser.must_be_at("/register", 403);
    assert_eq!(browser.text(), shown);
    assert_eq!(site.app.hasher.runs(), runs);
    browser.click(LOG_IN).await;
    browser.must_be_at("/login", 200);
}

#[tokio::test]
async fn a_logged_in_user_is_still_led_to_the_dashboard() {
    let site = Site::with(INVITED).await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/register").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn no_page_leads_visitors_to_the_sign_up() {
    let open = pages_that_name_the_sign_up(&Site::start().await).await;
    let least = ["GET /", "GET /login", "GET /register", "GET /email/verify", "GET /robots.txt"];
    for page in least.map(str::to_owned) {
        assert!(open.contains(&page), "{page} is not among {open:?}");
    }
    let closed = pages_that_name_the_sign_up(&Site::with(INVITED).await).await;
    assert_eq!(closed, [""; 0]);
}

/// Requests every route as a visitor, and the link of an invitation.
async fn pages_that_name_the_sign_up(site: &Site) -> Vec<String> {
    let link = GRACE.is_invited(site).await;
    let mut found = Vec::new();
    for (method, path) in routes().await.into_iter().chain([(Method::GET, link)]) {
        let mut browser = site.browser();
        let token = token(&mut browser).await;
        let body = if method == Method::GET { String::new() } else { format!("csrf={token}") };
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let response = browser.fetch(method.clone(), &path, &form, &body).await;
        if response.body.contains("/register") {
            found.push(format!("{method} {path}"));
        }
    }
    found
}

async fn token(browser: &mut Browser) -> String {
    browser.visit("/login").await;
    let form = browser.form(LOG_IN);
    let mut fields = form.pairs().into_iter();
    fields.find(|(name, _)| *name == "csrf").expect("a token").1.to_owned()
}
