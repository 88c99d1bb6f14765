//! The front page, for anonymous visitors and for logged-in users.

use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

#[tokio::test]
async fn an_anonymous_visitor_finds_sign_up_and_login() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/").await;
    browser.must_be_at("/", 200);
    browser.click(CREATE_ACCOUNT).await;
    browser.must_be_at("/register", 200);
    browser.visit("/").await;
    browser.click(LOG_IN).await;
    browser.must_be_at("/login", 200);
}

#[tokio::test]
async fn a_logged_in_user_finds_the_dashboard() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/").await;
    browser.must_see(ADA.email);
    browser.must_not_see(CREATE_ACCOUNT);
    browser.click("Go to your dashboard").await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn visiting_the_front_page_sets_no_cookie_and_creates_no_session() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/").await;
    assert_eq!(browser.raw_set_cookies(), [""; 0]);
    browser.visit("/login").await;
    assert_eq!(site.db.number("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn the_reference_offers_three_ways_to_use_it() {
    let site = Site::start().await;
    for mut browser in [site.browser(), ADA.at(&site).await] {
        browser.visit("/").await;
        browser.must_see("is a reference web app in Rust");
        for way in ["Try it", "Read it", "The practices"] {
            browser.must_see(way);
        }
        // A file that it names exists. The other code is a path of the site.
        let files = browser.html().split("<code>").skip(1);
        let files = files.filter_map(|rest| rest.split("</code>").next());
        let files: Vec<&str> = files.filter(|file| !file.starts_with('/')).collect();
        assert!(!files.is_empty(), "the files to read");
        for file in files {
            assert!(std::path::Path::new(file).is_file(), "{file}");
        }
        browser.click("the mailbox").await;
        browser.must_be_at("/dev/mailbox", 200);
    }
}

#[tokio::test]
async fn the_home_page_of_production_names_no_mailbox() {
    let site = Site::in_production().await;
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n";
    let answer = crate::support::raw::send(site.address, request).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("Create account") && !answer.text().contains("mailbox"));
}

const FLASH: &str =
    r#"update sessions set state = '{"flash": {"kind": "good", "text": "Hello, Ada."}}'"#;

/// The skip link leads to `main`, so a message before it would be skipped.
#[tokio::test]
async fn a_message_is_shown_in_the_main_content_before_the_heading() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    for path in ["/", "/app", "/account", "/account/password", "/password/reset"] {
        site.db.run(FLASH).await;
        browser.visit(path).await;
        let content = browser.html().split_once("<main").expect("content").1;
        let before = content.split_once("<h1").expect("a heading").0;
        assert!(before.contains("Hello, Ada."), "{path}: {content}");
    }
}
