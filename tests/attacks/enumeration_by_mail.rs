//! Enumeration beyond the login page: the attacker compares how registration, password reset and
//! "Resend email" respond to known and unknown email addresses, and how long they take.
//!
//! Stops in: `src/flows/register.rs`, `src/flows/password/reset.rs`, `src/flows/email/verify/` (the
//! same response for everybody; only the mail differs). Sources: ASVS 5.0 6.3.8; OWASP Forgot
//! Password Cheat Sheet.

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, GRACE, Person};
use crate::support::race::race;
use crate::support::site::Site;

/// What the attacker compares: each response's status and headers, the page, runs of Argon2.
async fn asked(site: &Site, path: &str, button: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let mut browser = site.browser();
    browser.visit(path).await;
    let before = site.app.hasher.runs();
    browser.submit(button, fields).await;
    let runs = site.app.hasher.runs() - before;
    let mut seen = vec![format!("{runs} runs of Argon2"), masked(&browser, fields[0].1)];
    for hop in &browser.hops {
        seen.push(format!("{} {}", hop.status, hop.url.path()));
        for (name, value) in &hop.headers {
            let value = value.to_str().expect("text");
            match name.as_str() {
                "date" => {}
                // The content of an encrypted value may differ, not its length. `%2F` is one byte.
                "set-cookie" => {
                    let length = value.len() - 2 * value.matches('%').count();
                    seen.push(format!("{} of {length} bytes", &value[..14]));
                }
                name => seen.push(format!("{name}: {value}")),
            }
        }
    }
    seen.sort();
    seen
}

/// The page without its CSRF token and the typed email address.
fn masked(browser: &Browser, typed: &str) -> String {
    let mut html = browser.html().replace(typed, "…");
    while let Some(start) = html.find("name=\"csrf\" value=\"") {
        let end = start + html[start + 19..].find('"').expect("its end") + 19;
        html.replace_range(start..end, "");
    }
    html
}

/// For how many hours the browser keeps `__Host-visitor`, in which a registration is remembered.
pub(super) fn hours_kept(browser: &Browser) -> Vec<i64> {
    let cookies = browser.hops.iter().flat_map(|hop| hop.headers.get_all("set-cookie"));
    let cookies = cookies.map(|cookie| cookie.to_str().expect("text"));
    let cookies = cookies.filter(|cookie| cookie.starts_with("__Host-visitor="));
    let seconds = cookies.map(|cookie| {
        let age = cookie.split("Max-Age=").nth(1).expect("a limit").split(';').next();
        age.and_then(|age| age.parse::<i64>().ok()).expect("a number")
    });
    let hours: Vec<i64> = seconds.map(|seconds| (seconds + 60) / 3600).collect();
    assert!(!hours.is_empty());
    hours
}

/// Has no account. The email address is as long as Ada's, so that lengths can be compared.
const NOBODY: Person = Person { email: "bea@example.com", ..ADA };

#[tokio::test]
async fn registration_reset_and_resend_respond_alike_to_known_and_unknown_emails() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    GRACE.registers(&site).await;
    let password = "whisper quarry albatross";
    for (path, button, label) in [
        ("/register", CREATE_ACCOUNT, EMAIL),
        ("/password/reset", SEND_LINK, EMAIL),
        ("/email/verify", RESEND, EMAIL),
    ] {
        let fields = |email| match path {
            "/register" => vec![(label, email), (PASSWORD, password)],
            _ => vec![(label, email)],
        };
        let known = asked(&site, path, button, &fields(ADA.email)).await;
        let unknown = asked(&site, path, button, &fields(NOBODY.email)).await;
        assert_eq!(known, unknown, "{path} tells who has an account");
        site.db.run("delete from users where email = 'bea@example.com'").await;
    }
}

#[tokio::test]
async fn fifty_concurrent_reset_requests_send_three_mails() {
    let site = Site::with_real_limits(&[]).await;
    ADA.create_account(&site).await;
    let mut page = site.browser();
    page.visit("/password/reset").await;
    // Concurrent. Beyond the budget the page is the same; the rate limit may respond with 429.
    let requests = (0..50).map(|_| {
        let mut browser = page.clone();
        async move {
            browser.submit(SEND_LINK, &[(EMAIL, ADA.email)]).await;
            browser.status
        }
    });
    for status in race(requests).await {
        assert!(matches!(status, 200 | 429), "{status}");
    }
    let mails = site
        .db
        .number("select count(*) from outbox where outcome is distinct from 'discarded'")
        .await;
    assert_eq!(mails, 3);
}

/// The attacker has registered the email addresses of others, and asks now and then for another
/// email: does the cookie of a registration tell that an account was deleted?
#[tokio::test]
async fn sending_again_does_not_tell_that_an_account_was_deleted() {
    let site = Site::start().await;
    let mut attackers = [ADA.registers(&site).await, GRACE.registers(&site).await];
    ADA.at(&site).await;
    let mut grace = GRACE.at(&site).await;
    let old = "update registrations set created_at = now() - interval '6 days 20 hours'";
    site.db.run(old).await;
    grace.visit("/account/delete").await;
    grace.submit(DELETE_ACCOUNT, &[(EMAIL, GRACE.email)]).await;
    assert_eq!(site.db.number("select count(*) from users").await, 1);
    for attacker in &mut attackers {
        attacker.press(RESEND).await;
    }
    assert_eq!(hours_kept(&attackers[0]), hours_kept(&attackers[1]));
}
