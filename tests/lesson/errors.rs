//! Error pages that say which rule rejected a request.

use std::time::Duration;

use actix_web::http::StatusCode;
use app::lesson::errors::EXPLAIN;
use app::lesson::source;
use app::throttle::Rejection;
use app::web::error::{Error, InvalidToken};
use app::web::error_page::Failure;

use super::{ask_production, site_with};
use crate::support::database::database;
use crate::support::site::{Site, config};
use crate::support::source::files;

const HEADING: &str = "Which rule rejected this";

/// Whether `file::symbol` is an item of the source.
fn exists(place: &str) -> bool {
    let (file, symbol) = place.split_once("::").expect("a symbol");
    source::at(file.to_owned().leak(), symbol.to_owned().leak()).excerpt().is_some()
}

#[tokio::test]
async fn an_error_page_names_the_rule_and_its_place() {
    let site = site_with(&[]).await;
    let mut browser = site.browser();
    browser.visit("/nowhere").await;
    browser.must_see(HEADING);
    browser.must_see("No route matches this path.");
    browser.visit("/practices/nothing").await;
    browser.must_see("The handler of the route /practices/{name} found nothing");
    browser.cross_site_post("https://other.example", "/login", &[]).await;
    browser.must_see("src/web/csrf.rs::reject_cross_site");
    browser.cross_site_post(&site.url, "/logout", &[("csrf", "x")]).await;
    browser.visit("/readyz/").await;
    browser.must_see("src/routes.rs::all");
}

#[tokio::test]
async fn an_error_page_of_production_names_no_code() {
    let site = Site::in_production_with(&[("LESSON", "on")]).await;
    for (method, path, expected) in [("GET", "/nowhere", 404), ("POST", "/login", 403)] {
        let (status, page) = ask_production(&site, method, path).await;
        assert_eq!(status, expected, "{page}");
        assert!(!page.contains(HEADING) && !page.contains("src/"), "{page}");
    }
}

#[tokio::test]
async fn without_the_lesson_an_error_page_names_no_code() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.visit("/nowhere").await;
    browser.must_be_at("/nowhere", 404);
    assert!(!browser.html().contains("src/"), "{}", browser.html());
}

/// An error for which the visitor sees a page.
fn every_error() -> Vec<Error> {
    vec![
        Error::CrossSite,
        Error::InvalidToken(InvalidToken::OutOfDate),
        Error::InvalidToken(InvalidToken::NoCookies { https: false }),
        Error::NotFound,
        Error::TooMany(Rejection::Wait(Duration::from_secs(1))),
        Error::Busy,
        Error::Internal(anyhow::anyhow!("a fault")),
    ]
}

#[tokio::test]
async fn every_place_that_an_error_page_names_exists() {
    let config = config(&database().await.url, &[("LESSON", "on")]);
    for error in every_error() {
        let status = StatusCode::BAD_REQUEST;
        let failure = Failure { status, error: Some(&error), route: Some("/login") };
        let explanation = EXPLAIN.0(&config, failure).expect("an explanation");
        assert!(!explanation.places.is_empty());
        for place in explanation.places {
            assert!(exists(&place), "{place} is named for {error}");
        }
    }
}

/// The texts of all errors of the kind `Malformed`, of which each has its own rule.
#[test]
fn every_text_of_a_malformed_request_leads_to_its_code() {
    let mut found = 0;
    for file in files("src", "rs") {
        let code = file.text.replace("\\\n", "\u{1}");
        for call in ["Malformed(", "unacceptable("] {
            for (start, _) in code.match_indices(call) {
                let rest = &code[start..];
                let Some(end) = rest.find(';').or_else(|| rest.find(')')) else { continue };
                let Some(text) = rest[..end].split('"').nth(1) else { continue };
                let text: Vec<&str> = text.split('\u{1}').map(str::trim_start).collect();
                let place = source::holding(&text.concat());
                let place = place.unwrap_or_else(|| panic!("{}: {text:?}", file.path));
                assert!(exists(&place), "{place}");
                found += 1;
            }
        }
    }
    assert!(found > 10, "{found} texts");
}
