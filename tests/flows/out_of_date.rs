//! Forms with an invalid CSRF token: from an old tab, or from a browser that lost its cookies. The
//! form is shown again with the typed values, and works when it is sent again.

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::site::Site;

const NEW: &str = "marble kangaroo umbrella";
const HEIDI: Person = Person { email: "heidi@example.com", ..ADA };

struct Case {
    /// With the page of the form open.
    browser: Browser,
    button: &'static str,
    /// Labels and the values typed there.
    fields: Vec<(&'static str, &'static str)>,
    /// The path after the form has worked.
    then: &'static str,
}

impl Case {
    async fn new(
        browser: Browser,
        path: &str,
        button: &'static str,
        fields: &[(&'static str, &'static str)],
        then: &'static str,
    ) -> Case {
        let mut browser = browser;
        browser.visit(path).await;
        Case { browser, button, fields: fields.to_vec(), then }
    }
}

/// Every form that has a page of its own, with a session or without one.
async fn forms(site: &Site) -> Vec<Case> {
    let ada = ADA.at(site).await;
    let pending = GRACE.registers(site).await;
    let letter = newest(&site.db, GRACE.email).await;
    let mut asking = site.browser();
    asking.visit("/password/reset").await;
    HEIDI.create_account(site).await;
    asking.submit(SEND_LINK, &[(EMAIL, HEIDI.email)]).await;
    let reset = newest(&site.db, HEIDI.email).await.link("/password/reset/");
    let code: &'static str = letter.code().leak();
    let change = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, NEW)];
    vec![
        Case::new(
            site.browser(),
            "/login?next=/account",
            LOG_IN,
            &[(EMAIL, ADA.email), (PASSWORD, ADA.password)],
            "/account",
        )
        .await,
        Case::new(
            site.browser(),
            "/register",
            CREATE_ACCOUNT,
            &[(EMAIL, EVE.email), (PASSWORD, EVE.password)],
            "/email/verify",
        )
        .await,
        Case::new(
            site.browser(),
            "/password/reset",
            SEND_LINK,
            &[(EMAIL, ADA.email)],
            "/password/reset/sent",
        )
        .await,
        Case::new(
            site.browser(),
            "/email/verify",
            RESEND,
            &[(EMAIL, GRACE.email)],
            "/email/verify",
        )
        .await,
        Case::new(
            ada.clone(),
            "/test/value",
            "Keep the value",
            &[("Value", "milk")],
            "/test/value",
        )
        .await,
        Case::new(pending, "/email/verify", CONFIRM, &[(CODE, code)], "/app").await,
        Case::new(site.browser(), &reset, CHANGE_PASSWORD, &[(NEW_PASSWORD, NEW)], "/login").await,
        Case::new(ada, "/account/password", CHANGE_PASSWORD, &change, "/account").await,
    ]
}

/// The form is rejected and shown again, without its passwords. Sent once more, it works.
async fn shown_again(mut case: Case, token: Option<&str>, words: &str) {
    let path = case.browser.path.clone();
    let mut form = case.browser.form(case.button);
    for (label, value) in &case.fields {
        case.browser.found(form.fill(label, value));
    }
    if let Some(token) = token {
        form.forge("csrf", token);
    }
    case.browser.send(form).await;
    assert_eq!(case.browser.status, 403, "{path}");
    case.browser.must_see(words);
    for (label, typed) in &case.fields {
        let stays = if label.contains("assword") { "" } else { typed };
        assert_eq!(case.browser.field(case.button, label), stays, "{path}");
    }
    case.browser.submit(case.button, &case.fields).await;
    case.browser.must_be_at(case.then, 200);
}

#[tokio::test]
async fn a_form_with_an_invalid_token_is_shown_again_and_then_works() {
    let site = Site::start().await;
    for case in forms(&site).await {
        shown_again(case, Some("AAAA"), OUT_OF_DATE).await;
    }
}

#[tokio::test]
async fn a_form_without_cookies_is_shown_again_and_then_works() {
    let site = Site::start().await;
    for mut case in forms(&site).await.into_iter().take(4) {
        case.browser.cookies = Default::default();
        shown_again(case, None, NO_COOKIE).await;
    }
}

#[tokio::test]
async fn two_tabs_that_load_the_login_concurrently_both_work() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut first = site.browser();
    let mut second = site.browser();
    first.visit("/login").await;
    second.visit("/login").await;
    // The second response arrived last, so the browser has its cookie.
    first.clone_cookies_from(&second);
    let fields = [(EMAIL, ADA.email), (PASSWORD, ADA.password)];
    first.submit(LOG_IN, &fields).await;
    first.must_be_at("/login", 403);
    assert_eq!(first.field(LOG_IN, EMAIL), ADA.email);
    first.submit(LOG_IN, &fields).await;
    first.must_be_at("/app", 200);
}
