//! Mail poisoning: a mail with somebody's link goes to the attacker, or links to the attacker's
//! site. The means: a forged Host header (password reset poisoning), line breaks in a field, or an
//! email address that only looks like the victim's (the Kelvin sign becomes `k` in lower case).
//!
//! Stops in: `src/mail.rs` (`Letterhead::of`: the origin is a setting), `src/email.rs` (`parse`:
//! ASCII only). Mail goes to the stored email address.

use crate::support::labels::*;
use crate::support::mailbox::mailbox;
use crate::support::people::Person;
use crate::support::site::Site;

const KELVIN: Person =
    Person { email: "ken@kiosk.example", password: "trombone velvet lighthouse" };

#[tokio::test]
async fn a_mailed_link_uses_the_configured_origin_and_not_the_request() {
    let site = Site::start().await;
    KELVIN.create_account(&site).await;
    let mut browser = site.browser();
    browser.extra_headers = vec![
        ("x-forwarded-host", "evil.example".to_owned()),
        ("forwarded", "host=evil.example;proto=http".to_owned()),
    ];
    browser.visit("/password/reset").await;
    browser.submit(SEND_LINK, &[(EMAIL, KELVIN.email)]).await;
    let letters = mailbox(&site.db, KELVIN.email).await;
    assert_eq!(letters.len(), 1);
    assert!(!letters[0].text.contains("evil"), "{}", letters[0].text);
    assert!(letters[0].text.contains(&format!("{}/password/reset/", site.url)));
}

#[tokio::test]
async fn emails_with_look_alike_letters_or_line_breaks_get_no_mail() {
    let site = Site::start().await;
    KELVIN.create_account(&site).await;
    let mut browser = site.browser();
    for typed in [
        "\u{212a}en@kiosk.example",
        "ken@\u{212a}iosk.example",
        "ken\u{ff20}kiosk.example",
        "ken@kiosk.example\r\nBcc: eve@example.net",
        "ken@kiosk.example,eve@example.net",
        "ken@kiosk.example eve@example.net",
    ] {
        browser.visit("/password/reset").await;
        browser.submit(SEND_LINK, &[(EMAIL, typed)]).await;
        assert_eq!(browser.status, 422, "{typed:?}");
    }
    let sent: i64 = sqlx::query_scalar("select count(*) from outbox")
        .fetch_one(&site.db.pool)
        .await
        .expect("the outbox");
    assert_eq!(sent, 0);
    // The same email address in another case: the mail goes to the stored one.
    browser.visit("/password/reset").await;
    browser.submit(SEND_LINK, &[(EMAIL, "KEN@Kiosk.example")]).await;
    assert_eq!(mailbox(&site.db, KELVIN.email).await.len(), 1);
}
