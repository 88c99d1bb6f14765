//! The types of fields that a form can have, each through the real server. The form is in
//! `tests/support/fields.rs`.

use reqwest::Method;

use crate::support::browser::Browser;
use crate::support::site::Site;

const PAGE: &str = "/test/fields";
const READ: &str = "Read the fields";

/// The form filled in without a mistake.
const FILLED: [(&str, &str); 5] =
    [("Title", "A book"), ("Seats", "4"), ("Day", "2028-02-29"), ("Size", "Green as grass"), RED];
const RED: (&str, &str) = ("Red as a rose", "on");

/// The same as a body.
const BODY: &str = "id=00000000-0000-4000-8000-000000000000&title=A+book&story=&seats=4\
                    &day=2028-02-29&last_day=&size=green&colour=red";

async fn opened(site: &Site) -> Browser {
    let mut browser = site.browser();
    browser.visit(PAGE).await;
    browser
}

/// Sends `BODY` with a valid token, and with these further fields.
async fn status_of(browser: &mut Browser, body: &str) -> u16 {
    let form = browser.form(READ);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let body = format!("csrf={token}&{body}");
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    browser.fetch(Method::POST, PAGE, &kind, &body).await.status
}

#[tokio::test]
async fn each_kind_of_field_is_read_as_its_type() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    browser.submit(READ, &FILLED).await;
    browser.must_be_at(PAGE, 200);
    browser.must_see("A book None 4 2028-02-29 None Green Red [] false None []");

    let more = [
        ("Story", "Once\r\nupon"),
        ("Last day", " 2028-03-01 "),
        ("A ribbon", "on"),
        ("A map", "on"),
        ("Tell me more", "on"),
    ];
    browser.submit(READ, &[&FILLED[..], &more].concat()).await;
    browser.must_be_at(PAGE, 200);
    browser.must_see(
        r#"A book Some("Once\nupon") 4 2028-02-29 Some(2028-03-01) Green Red [Ribbon, Map] true"#,
    );
}

#[tokio::test]
async fn a_mistake_is_shown_at_its_field_with_what_was_typed() {
    let site = Site::start().await;
    let number = "Enter a whole number from 1 to 20.";
    let date = "Enter a date that exists, like 2026-11-24.";
    for (field, typed, message) in [
        ("Title", "", "Fill in this field."),
        ("Title", "  ", "Fill in this field."),
        ("Title", "a title beyond its end", "Use up to 20 characters."),
        ("Title", "bell \u{7}", "Use text without control characters."),
        ("Story", "bell \u{7}", "Use text without control characters."),
        ("Title", "a\u{202e}b", "Use text without control characters."),
        ("Seats", "", "Fill in this field."),
        ("Seats", "abc", number),
        ("Seats", "0", number),
        ("Seats", "21", number),
        ("Seats", "4.5", number),
        ("Day", "", "Fill in this field."),
        ("Day", "2026-02-30", date),
        ("Day", "tomorrow", date),
        ("Last day", "24.11.2026", date),
        ("Size", "Choose a size", "Choose one of these."),
    ] {
        let mut browser = opened(&site).await;
        browser.submit(READ, &[&FILLED[..], &[(field, typed)]].concat()).await;
        browser.must_be_at(PAGE, 422);
        browser.must_see(message);
        let typed = if field == "Size" { "" } else { typed };
        assert_eq!(browser.field(READ, field), typed, "{field}");
        // The other fields keep what was typed too.
        browser
            .submit(READ, &[FILLED.iter().copied().find(|own| own.0 == field).unwrap_or(RED)])
            .await;
        let fixed = if matches!(field, "Story" | "Last day") { 422 } else { 200 };
        browser.must_be_at(PAGE, fixed);
    }
}

#[tokio::test]
async fn every_mistake_is_shown_at_once() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    browser.submit(READ, &[("Title", "A book"), ("Seats", "many"), ("Day", "soon")]).await;
    browser.must_be_at(PAGE, 422);
    for message in ["Enter a whole number", "Enter a date that exists", "Choose one of these."] {
        browser.must_see(message);
    }
}

#[tokio::test]
async fn a_group_without_a_chosen_radio_button_has_a_message() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    browser.submit(READ, &FILLED[..4]).await;
    browser.must_be_at(PAGE, 422);
    browser.must_see("Choose one of these.");
    browser.submit(READ, &[RED]).await;
    browser.must_be_at(PAGE, 200);
}

#[tokio::test]
async fn an_unknown_value_of_a_choice_is_not_accepted() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    assert_eq!(status_of(&mut browser, BODY).await, 200);
    for (known, unknown) in [("size=green", "size=blue"), ("colour=red", "colour=RED")] {
        assert_eq!(status_of(&mut browser, &BODY.replace(known, unknown)).await, 422, "{unknown}");
    }
    assert_eq!(status_of(&mut browser, &format!("{BODY}&extras=map&extras=gold")).await, 422);
}

#[tokio::test]
async fn what_no_page_sends_is_rejected_with_400() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    for field in ["shape=oval", "shape=", "newsletter=yes", "pages=x", "pages=70000", "pages="] {
        assert_eq!(status_of(&mut browser, &format!("{BODY}&{field}")).await, 400, "{field}");
    }
    for id in ["", "7", "00000000-0000-4000-8000-00000000000"] {
        let body = BODY.replace("00000000-0000-4000-8000-000000000000", id);
        assert_eq!(status_of(&mut browser, &body).await, 400, "id={id}");
    }
    for field in ["id", "title", "story", "seats", "day", "last_day", "size"] {
        let body: Vec<&str> =
            BODY.split('&').filter(|pair| !pair.starts_with(&format!("{field}="))).collect();
        assert_eq!(status_of(&mut browser, &body.join("&")).await, 400, "without {field}");
    }
}

#[tokio::test]
async fn only_a_repeated_field_may_be_sent_twice() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    let repeated = "extras=map&extras=ribbon&pages=1&pages=65535&unknown=1&unknown=2";
    assert_eq!(status_of(&mut browser, &format!("{BODY}&{repeated}")).await, 200);
    for field in [
        "id=00000000-0000-4000-8000-000000000000",
        "title=A+book",
        "story=",
        "seats=4",
        "day=2028-02-29",
        "last_day=",
        "size=green",
        "colour=red",
    ] {
        assert_eq!(status_of(&mut browser, &format!("{BODY}&{field}")).await, 400, "{field}");
    }
    for twice in ["newsletter=on&newsletter=on", "shape=round&shape=round", "shape=round&shape="] {
        assert_eq!(status_of(&mut browser, &format!("{BODY}&{twice}")).await, 400, "{twice}");
    }
}
