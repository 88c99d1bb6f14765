//! The mailbox page of development.

use app::mail::{self, MAIL_LIFETIME, Mail};

use reqwest::Method;

use crate::support::clock;
use crate::support::people::ADA;
use crate::support::site::Site;

fn mail(subject: &str, text: &str) -> Mail {
    Mail {
        kind: "test",
        subject: subject.to_owned(),
        text: text.to_owned(),
        lifetime: MAIL_LIFETIME,
        user_id: None,
    }
}

async fn write(site: &Site, subject: &str, text: &str) {
    let mut tx = site.db.pool.begin().await.unwrap();
    mail::send(&mut tx, ADA.email, mail(subject, text)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_mailbox_lists_mails_and_their_links_work() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/dev/mailbox").await;
    browser.must_see("No emails yet.");
    let link = format!("{}/login?next=%2Faccount", site.url);
    write(&site, "The first", "Hello").await;
    write(&site, "The second", &format!("Hello,\n\nthis way:\n\n{link}\n\n    K7QM-2F9D\n")).await;
    browser.visit("/dev/mailbox").await;
    browser.must_see("until you set SMTP_URL");
    let text = browser.text();
    assert!(text.find("The second") < text.find("The first"), "newest first: {text}");
    browser.click("The second").await;
    for words in [ADA.email, "this way:", "K7QM-2F9D", "because SMTP_URL isn't set"] {
        browser.must_see(words);
    }
    browser.click(&link).await;
    browser.must_be_at("/login?next=%2Faccount", 200);
}

#[tokio::test]
async fn the_html_version_has_its_styles_and_nothing_else() {
    let site = Site::start().await;
    write(&site, "Hello", "    K7QM-2F9D\n").await;
    let mut browser = site.browser();
    browser.visit("/dev/mailbox").await;
    browser.click("Hello").await;
    let path = format!("{}/html", browser.path);
    let page = browser.fetch(Method::GET, &path, &[], "").await;
    assert!(page.body.contains("K7QM-2F9D") && page.body.contains("style="), "{}", page.body);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    for part in
        ["default-src 'none'; style-src 'unsafe-inline';", "frame-ancestors 'none'; sandbox"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("allow-") && !policy.contains("script-src"), "{policy}");
}

#[tokio::test]
async fn every_page_links_the_mailbox_and_shows_how_many_emails_are_new() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/login").await;
    assert!(browser.html().contains("src=\"/dev/badge.svg\""), "{}", browser.html());
    let badge = async || site.browser().fetch(Method::GET, "/dev/badge.svg", &[], "").await.body;
    assert!(!badge().await.contains("<text"), "nothing is new");
    write(&site, "The first", "Hello").await;
    write(&site, "The second", "Hello").await;
    let mut tx = site.db.pool.begin().await.unwrap();
    mail::send_or_discard(&mut tx, None, mail("A decoy", "Hello")).await.unwrap();
    tx.commit().await.unwrap();
    assert!(badge().await.contains(">2</text>"), "{}", badge().await);
    clock::later(&site.db, "11 minutes").await;
    assert!(!badge().await.contains("<text"), "nothing is new");
}

#[tokio::test]
async fn untrusted_text_in_a_mail_becomes_no_link_and_no_script() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let others = ["https://evil.example/", &format!("{}.evil.example/", site.url), "http://a@b/"];
    let text = format!("{}\n\n<script>alert(1)</script>\n\njavascript:alert(1)", others.join("\n"));
    write(&site, "<b>Hello</b>", &text).await;
    browser.visit("/dev/mailbox").await;
    browser.click("<b>Hello</b>").await;
    for other in others {
        browser.must_see(other);
        assert!(!browser.html().contains(&format!("href=\"{other}")), "{other} is a link");
    }
    assert!(
        !browser.html().contains("<script>alert") && !browser.html().contains("href=\"javascript")
    );
}

#[tokio::test]
async fn subject_and_text_of_a_sent_mail_are_erased() {
    let site = Site::with(&[("SMTP_URL", "smtp://127.0.0.1:1")]).await;
    write(&site, "K7QM-2F9D is your code", "K7QM-2F9D").await;
    let claimed = mail::outbox::claim(&site.db.pool).await.unwrap().expect("a mail");
    let sent = mail::outbox::DeliveryOutcome::Sent;
    mail::outbox::finish(&site.db.pool, &claimed, sent, None).await.unwrap();
    let mut browser = site.browser();
    browser.visit("/dev/mailbox").await;
    browser.must_not_see("K7QM-2F9D");
    browser.click("test").await;
    browser.must_see("erased");
    browser.must_not_see("K7QM-2F9D");
}

#[tokio::test]
async fn the_hint_says_whether_mails_are_sent() {
    for (smtp_url, leaves) in [("", false), ("smtp://127.0.0.1:1", true)] {
        let site = Site::with(&[("SMTP_URL", smtp_url)]).await;
        let mut browser = site.browser();
        browser.visit("/password/reset").await;
        let (said, untrue) = match leaves {
            true => ("emails go to the server in SMTP_URL", "emails don't leave this computer"),
            false => ("emails don't leave this computer", "emails go to the server in SMTP_URL"),
        };
        browser.must_see(said);
        browser.must_not_see(untrue);
    }
}

#[tokio::test]
async fn an_unknown_mail_is_not_found() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for path in ["/dev/mailbox/1", "/dev/mailbox/0192d3c4-0000-7000-8000-000000000000"] {
        browser.visit(path).await;
        assert_eq!(browser.status, 404, "{path}");
    }
}

#[tokio::test]
async fn production_has_no_mailbox() {
    let site = Site::in_production().await;
    write(&site, "Hello", "secret").await;
    let id: String =
        sqlx::query_scalar("select id::text from outbox").fetch_one(&site.db.pool).await.unwrap();
    let of_mail = ["", "/html"].map(|end| format!("/dev/mailbox/{id}{end}"));
    for path in of_mail.into_iter().chain(["/dev/mailbox".into(), "/dev/badge.svg".into()]) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
        );
        let answer = crate::support::raw::send(site.address, request).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("Hello"));
    }
    let request = "GET /login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n";
    let login = crate::support::raw::send(site.address, request.to_owned()).await;
    assert!(login.status == 200 && !login.text().contains("/dev/"), "{}", login.text());
}
