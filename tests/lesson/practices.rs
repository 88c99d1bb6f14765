//! The pages of the practices, and what the list of them names.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

use app::accounts::password::Password;
use app::lesson::practices::{PRACTICES, Practice, all};
use app::lesson::source::Place;
use scraper::{Html, Selector};

use super::site_with;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::page::{selector, text_of};
use crate::support::people::{ADA, Person};
use crate::support::raw;
use crate::support::second_factor::{Factor, SecondFactor, set_up};
use crate::support::site::Site;

/// The longest text of a page: eight lines of the column.
const TEXT_MAX: usize = 600;

fn url_of(practice: &Practice) -> String {
    format!("/practices/{}", practice.name)
}

/// The lines of "For you, now": label and value.
fn evidence(browser: &Browser) -> Vec<(String, String)> {
    let page = Html::parse_document(browser.html());
    let (line, label, value) =
        (selector("[aria-labelledby=evidence] dl div"), selector("dt"), selector("dd"));
    let text = |row: scraper::ElementRef, part: &Selector| {
        text_of(row.select(part).next().expect("a label and a value"))
    };
    page.select(&line).map(|row| (text(row, &label), text(row, &value))).collect()
}

fn value(browser: &Browser, label: &str) -> String {
    let found = evidence(browser).into_iter().find(|(name, _)| name == label);
    found.unwrap_or_else(|| panic!("no {label} in {:?}", evidence(browser))).1
}

fn file_of(place: &Place) -> String {
    fs::read_to_string(place.file).unwrap_or_else(|error| panic!("{}: {error}", place.file))
}

#[test]
fn every_practice_has_a_url_of_its_own_and_short_texts() {
    let mut names = BTreeSet::new();
    for practice in all() {
        let name = practice.name;
        assert!(names.insert(name), "{name} exists twice");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        for text in [practice.risk, practice.does, practice.express] {
            assert!((20..TEXT_MAX).contains(&text.chars().count()), "{name}: {text}");
            assert!(text.matches('`').count() % 2 == 0, "{name}: a backtick is missing: {text}");
            assert!(text.ends_with(['.', ')']), "{name}: {text}");
        }
        assert!(practice.risk.chars().count() < 200, "{name}: the risk is a sentence or two");
        assert!(!practice.code.is_empty() && !practice.tests.is_empty(), "{name}");
    }
}

#[test]
fn every_item_that_a_practice_names_is_where_it_says() {
    for practice in all() {
        for place in practice.code {
            let excerpt = place.excerpt().unwrap_or_else(|| panic!("{}: {place}", practice.name));
            let text = file_of(place);
            let lines: Vec<&str> = text.lines().collect();
            for shown in excerpt.numbered().lines().filter(|line| line.trim() != "…") {
                let (number, line) = shown.trim_start().split_once("  ").unwrap_or((shown, ""));
                let number: usize = number.trim().parse().expect("a number");
                assert_eq!(line.trim_end(), lines[number - 1].trim_end(), "{place}:{number}");
            }
            let symbol = place.symbol.rsplit("::").next().expect("a name");
            assert!(excerpt.numbered().contains(symbol), "{place}");
        }
    }
}

#[test]
fn every_test_that_a_practice_names_exists_and_its_patch_fails_one() {
    for practice in all() {
        for test in practice.tests {
            let defined = format!("fn {}(", test.symbol);
            let text = file_of(test);
            assert_eq!(text.matches(&defined).count(), 1, "{}: {test}", practice.name);
            let before = &text[..text.find(&defined).expect("it is there")];
            // The runner of the browser tests has no attribute.
            let attributes = before.rsplit("\n\n").next().expect("the lines before");
            let is_test = ["#[test]", "#[tokio::test"].iter().any(|mark| attributes.contains(mark));
            assert!(is_test || test.file.starts_with("tests/browser/"), "{test} is no test");
        }
        if let Some(patch) = practice.patch {
            let file = format!("reference/patches/{patch}.patch");
            let patch = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let red: Vec<&str> =
                patch.lines().map_while(|line| line.strip_prefix("test: ")).collect();
            let is_red =
                |test: &Place| red.iter().any(|path| path.rsplit("::").next() == Some(test.symbol));
            let name = practice.name;
            assert!(practice.tests.iter().any(is_red), "{name} names no test of {file}: {red:?}");
        }
    }
}

/// A table of these practices, as a document has it.
fn table(practices: &[Practice], row: impl Fn(&Practice) -> [String; 3]) -> String {
    let rows = practices.iter().map(|practice| format!("| {} |\n", row(practice).join(" | ")));
    format!("| Practice | Code | Tests |\n|---|---|---|\n{}", rows.collect::<String>())
}

/// The files of these places, each once.
fn files(places: &[Place]) -> String {
    let mut files: Vec<String> = Vec::new();
    for place in places {
        let file = format!("`{}`", place.file);
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files.join(", ")
}

fn places(places: &[Place]) -> String {
    places.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_tables_of_practices_in_the_documents_are_those_of_the_list() {
    let short = |practice: &Practice| {
        [practice.title.to_owned(), files(practice.code), files(practice.tests)]
    };
    let whole = |practice: &Practice| {
        let title = format!("**{}.** {}", practice.title, practice.risk);
        [title, places(practice.code), places(practice.tests)]
    };
    let sections = PRACTICES
        .iter()
        .map(|group| format!("## {}\n\n{}", group.title, table(group.practices, whole)));
    let sections = sections.collect::<Vec<_>>().join("\n");
    let further = format!("these and {} more", all().count() - PRACTICES[0].practices.len());
    for (document, part) in [
        ("README.md", table(PRACTICES[0].practices, short)),
        ("README.md", further),
        ("docs/practices.md", sections),
    ] {
        let text = fs::read_to_string(document).expect("a document");
        assert!(text.contains(&part), "{document} needs this:\n\n{part}");
    }
}

#[tokio::test]
async fn a_stranger_reads_every_page_without_a_cookie_and_without_a_row() {
    let site = site_with(&[]).await;
    let mut browser = site.browser();
    browser.visit("/").await;
    browser.click("The practices, a page each").await;
    browser.must_be_at("/practices", 200);
    for practice in all() {
        browser.visit("/practices").await;
        browser.click(practice.title).await;
        browser.must_be_at(&url_of(practice), 200);
        must_show(&browser, practice);
        assert_eq!(browser.raw_set_cookies(), [""; 0], "{}", practice.name);
    }
    assert_eq!(site.db.number("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn a_user_sees_more_evidence_and_nothing_that_grants_access() {
    let site = site_with(&[]).await;
    let mut stranger = site.browser();
    let mut browser = ADA.at(&site).await;
    let secrets = secrets(&site, &browser).await;
    let mut more = 0;
    for practice in all() {
        stranger.visit(&url_of(practice)).await;
        browser.visit(&url_of(practice)).await;
        browser.must_be_at(&url_of(practice), 200);
        must_show(&browser, practice);
        more += usize::from(evidence(&browser) != evidence(&stranger));
        for secret in &secrets {
            assert!(!browser.html().contains(secret), "{}: {secret}", practice.name);
        }
    }
    assert!(more > all().count() / 2, "{more} pages differ");
}

/// The page has everything that the list says, and some evidence.
fn must_show(browser: &Browser, practice: &Practice) {
    let plain = |text: &str| text.replace('`', "");
    browser.must_see(practice.title);
    for text in [practice.risk, practice.does, practice.express] {
        browser.must_see(&plain(text));
    }
    for place in practice.code.iter().chain(practice.tests) {
        browser.must_see(&place.to_string());
    }
    let lines = evidence(browser);
    assert!(!lines.is_empty(), "{}", practice.name);
    assert!(lines.iter().all(|(_, value)| !value.is_empty()), "{}: {lines:?}", practice.name);
}

/// Everything stored about Ada from which a page may show only a beginning, or nothing.
async fn secrets(site: &Site, browser: &Browser) -> Vec<String> {
    let text = |query: &'static str| sqlx::query_scalar(query).fetch_one(&site.db.pool);
    let id_hash: String =
        text("select encode(id_hash, 'hex') from sessions").await.expect("a session");
    let password_hash: String = text("select password_hash from users").await.expect("a user");
    let salt_and_hash = password_hash.splitn(5, '$').last().expect("a salt").to_owned();
    let cookie = browser.cookie("__Host-session").expect("a cookie");
    vec![id_hash[..10].to_owned(), salt_and_hash[..8].to_owned(), cookie[..20].to_owned()]
}

type Setting = (&'static str, &'static str);

/// Practice, settings, and a text that only a site with them shows.
const OTHER_SETTINGS: &[(&str, &[Setting], &str)] = &[
    ("expiration", &[("SESSION_IDLE_TIMEOUT", "7m")], "7 minutes"),
    ("expiration", &[("REMEMBER_ABSOLUTE_TIMEOUT", "21d")], "21 days"),
    ("your-sessions", &[("SESSIONS_PER_USER", "3")], "3 sessions"),
    ("sudo-mode", &[("SUDO_WINDOW", "4m")], "4 minutes"),
    ("password-hashing", &[("ARGON2_MEMORY", "65536")], "$argon2id$v=19$m=65536,t=2,p=1"),
    ("password-hashing", &[("ARGON2_ITERATIONS", "5")], "$argon2id$v=19$m=19456,t=5,p=1"),
    ("account-enumeration", &[("ARGON2_MEMORY", "65536")], "$argon2id$v=19$m=65536,t=2,p=1"),
    ("this-wasnt-me", &[("AUDIT_RETENTION", "90d")], "90 days"),
    ("second-factors", &[("REQUIRE_SECOND_FACTOR", "true")], "every page leads to its setup"),
    ("proxies-and-hosts", &[("TRUSTED_PROXIES", "127.0.0.1")], "read from trusted proxies only"),
    ("fail-closed", &[("ALLOW_UNSAFE", "no-mail")], "no-mail"),
];

#[tokio::test]
async fn other_settings_give_other_evidence() {
    let site = site_with(&[]).await;
    for (name, settings, text) in OTHER_SETTINGS {
        let shows = async |site: &Site| {
            let mut browser = site.browser();
            browser.visit(&format!("/practices/{name}")).await;
            browser.must_be_at(&format!("/practices/{name}"), 200);
            evidence(&browser).iter().any(|(_, value)| value.contains(text))
        };
        assert!(!shows(&site).await, "{name} shows {text:?} with other settings too");
        assert!(shows(&site_with(settings).await).await, "{name} does not show {text:?}");
    }
}

#[tokio::test]
async fn a_required_second_factor_is_said_where_it_closes_a_page() {
    let site = site_with(&[("REQUIRE_SECOND_FACTOR", "true")]).await;
    ADA.create_account(&site).await;
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser.visit("/practices/deny-by-default").await;
    assert_eq!(value(&browser, "/app for you"), "Leads to the setup of a second factor");
}

#[tokio::test]
async fn the_name_of_the_cookie_is_the_one_that_this_site_sets() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
    let site = site_with(&[("LISTEN", &format!("127.0.0.1:{port}"))]).await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/practices/secure-cookies").await;
    let name = value(&browser, "Name");
    assert_eq!(name, format!("__Host-session-{port}"));
    assert!(browser.cookie(&name).is_some());
}

#[tokio::test]
async fn over_https_the_pages_say_so_and_show_the_headers_that_are_sent() {
    let site = site_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    for (proto, by) in [("http", "plain HTTP"), ("https", "https")] {
        let mut browser = site.browser();
        browser.extra_headers.push(("x-forwarded-proto", proto.to_owned()));
        browser.visit("/practices/https").await;
        assert_eq!(value(&browser, "This request came by"), by);
        assert_eq!(value(&browser, "This site"), site.url);
        browser.visit("/practices/security-headers").await;
        for (name, shown) in evidence(&browser) {
            let sent = browser.headers.get(&name).map(|value| value.to_str().expect("text"));
            let absent = "Not sent, because this site is not https";
            assert_eq!(shown, sent.unwrap_or(absent), "{name} over {by}");
        }
        browser.visit("/practices/content-security-policy").await;
        let sent = &browser.headers["content-security-policy"];
        assert_eq!(sent, &*value(&browser, "Of this page"));
    }
}

#[tokio::test]
async fn a_rotation_and_an_epoch_are_shown_as_they_are() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    let id_regeneration = "/practices/id-regeneration";
    browser.visit(id_regeneration).await;
    assert_eq!(value(&browser, "Follows an earlier ID"), "No");
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, "marble caravan thunder")];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    browser.visit(id_regeneration).await;
    assert_eq!(value(&browser, "Follows an earlier ID"), "Yes");
    browser.visit("/practices/credential-changes").await;
    assert_eq!(value(&browser, "Epoch of your session"), "1");
    assert_eq!(value(&browser, "Epoch of your account"), "1");
}

#[tokio::test]
async fn the_evidence_counts_the_sessions_and_the_devices_of_this_user_only() {
    let site = site_with(&[]).await;
    let grace = Person { email: "grace@example.org", password: "glacier pumpkin harmonica" };
    grace.at(&site).await;
    let mut browser = ADA.at(&site).await;
    ADA.log_in_on_new_device(&site).await;
    browser.visit("/practices/your-sessions").await;
    assert_eq!(value(&browser, "You have"), "2 sessions");
    browser.visit("/practices/this-wasnt-me").await;
    assert_eq!(value(&browser, "You have used"), "2 devices");
    browser.visit("/practices/limits").await;
    assert!(value(&browser, "This browser").starts_with("Has logged in before"));
}

#[tokio::test]
async fn the_second_factors_and_the_hash_of_this_user_are_shown() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    let hash = site.app.hasher.hash(&Password::typed(ADA.password)).await.expect("a hash");
    let settings = hash.as_str().splitn(5, '$').take(4).collect::<Vec<_>>().join("$");
    browser.visit("/practices/password-hashing").await;
    assert_eq!(value(&browser, "Your hash"), settings);
    browser.visit("/practices/second-factors").await;
    assert_eq!(value(&browser, "You have"), "None");
    set_up::<Factor>(&site, &mut browser).await;
    browser.visit("/practices/second-factors").await;
    assert_eq!(value(&browser, "You have"), Factor::KIND.title);
    assert_eq!(value(&browser, "Left"), "10 recovery codes");
    assert_eq!(value(&browser, "Proved in this session"), "Yes");
}

#[tokio::test]
async fn sudo_mode_is_over_when_its_window_is() {
    let site = site_with(&[]).await;
    let mut browser = ADA.at(&site).await;
    browser.visit("/practices/sudo-mode").await;
    assert!(value(&browser, "You authenticated").ends_with("ago: sudo mode"));
    site.db.run("update sessions set authenticated_at = now() - interval '11 minutes'").await;
    browser.visit("/practices/sudo-mode").await;
    assert_eq!(value(&browser, "You authenticated"), "11 minutes ago: sudo mode is over");
}

#[tokio::test]
async fn an_unknown_practice_is_a_404_and_so_are_all_without_the_lesson() {
    let with = site_with(&[]).await;
    let mut browser = with.browser();
    browser.visit("/practices/nothing").await;
    browser.must_be_at("/practices/nothing", 404);
    let without = Site::start().await;
    let mut browser = without.browser();
    browser.visit("/").await;
    assert!(!browser.html().contains("/practices"), "{}", browser.html());
    for path in ["/practices".to_owned()].into_iter().chain(all().map(url_of)) {
        browser.visit(&path).await;
        browser.must_be_at(&path, 404);
    }
}

/// A demonstration may turn the lesson on. The waivers are the operator's.
#[tokio::test]
async fn production_has_the_pages_if_it_wants_them_and_keeps_its_waivers() {
    let production = [
        ("ENVIRONMENT", "production"),
        ("BASE_URL", "https://localhost"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("ALLOW_UNSAFE", "no-mail"),
    ];
    for (lesson, status) in [("on", 200), ("off", 404), ("", 404)] {
        let site = Site::with(&[&production[..], &[("LESSON", lesson)]].concat()).await;
        for practice in all() {
            let path = url_of(practice);
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\
                 Connection: close\r\n\r\n"
            );
            let response = raw::send(site.address, request).await;
            assert_eq!(response.status, status, "{path} with LESSON={lesson}");
            assert!(!response.text().contains("no-mail"), "{path}");
            assert!(!response.text().contains("/dev/mailbox"), "{path}");
        }
    }
}
