//! The dashboard and its note.

pub mod projects;

use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

#[tokio::test]
async fn the_dashboard_shows_the_email_and_the_idle_timeout() {
    let site = Site::start().await;
    let browser = ADA.at(&site).await;
    browser.must_see(ADA.email);
    browser.must_see("or after 1 hour without activity.");
    assert_eq!(browser.title(), "Dashboard · Vestibule");
}

#[tokio::test]
async fn a_note_is_saved_and_the_message_is_shown_once() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    browser.submit(SAVE_NOTE, &[(NOTE, "<b>milk</b> & “honey”")]).await;
    browser.must_be_at("/app", 200);
    browser.must_see(NOTE_SAVED);
    browser.visit("/app").await;
    browser.must_not_see(NOTE_SAVED);
    assert_eq!(browser.field(SAVE_NOTE, NOTE), "<b>milk</b> & “honey”");
    browser.submit(SAVE_NOTE, &[(NOTE, "")]).await;
    assert_eq!(browser.field(SAVE_NOTE, NOTE), "");
}

#[tokio::test]
async fn a_note_is_visible_only_in_its_session() {
    let site = Site::start().await;
    let mut laptop = ADA.at(&site).await;
    let mut phone = ADA.log_in_on_new_device(&site).await;
    laptop.submit(SAVE_NOTE, &[(NOTE, "only here")]).await;
    phone.visit("/app").await;
    assert_eq!(phone.field(SAVE_NOTE, NOTE), "");
    laptop.press(LOG_OUT).await;
    ADA.logs_in(&mut laptop).await;
    assert_eq!(laptop.field(SAVE_NOTE, NOTE), "");
}

#[tokio::test]
async fn a_note_over_500_characters_is_rejected_and_shown_again() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let longest = "é".repeat(500);
    browser.submit(SAVE_NOTE, &[(NOTE, &longest)]).await;
    browser.must_be_at("/app", 200);
    let longer = "é".repeat(501);
    browser.submit(SAVE_NOTE, &[(NOTE, &longer)]).await;
    browser.must_be_at("/app/note", 422);
    browser.must_see("up to 500 characters");
    assert_eq!(browser.field(SAVE_NOTE, NOTE), longer);
    browser.visit("/app").await;
    assert_eq!(browser.field(SAVE_NOTE, NOTE), longest);
}

#[tokio::test]
async fn a_note_sent_from_an_old_page_is_shown_again_and_not_kept() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let mut form = browser.form(SAVE_NOTE);
    form.fill(NOTE, "milk").expect("the field");
    form.forge("csrf", "AAAA");
    browser.send(form).await;
    browser.must_be_at("/app/note", 403);
    browser.must_see("This page was out of date");
    assert_eq!(browser.field(SAVE_NOTE, NOTE), "milk");
    browser.visit("/app").await;
    assert_eq!(browser.field(SAVE_NOTE, NOTE), "");
}

#[tokio::test]
async fn a_note_with_control_characters_is_rejected_with_a_message() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    for note in ["nul \0 byte", "bell \u{7}", "two\nlines", "\u{9b}31m"] {
        browser.submit(SAVE_NOTE, &[(NOTE, note)]).await;
        browser.must_be_at("/app/note", 422);
        browser.must_see("A note is one line of text, without control characters.");
        browser.visit("/app").await;
        assert_eq!(browser.field(SAVE_NOTE, NOTE), "");
    }
}
