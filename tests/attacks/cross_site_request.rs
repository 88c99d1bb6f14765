//! Cross-site request forgery: the attacker's page submits our forms from the victim's browser,
//! with the victim's cookies. Login CSRF does the same with the attacker's password.
//!
//! Why it matters: without a click, the victim's data is changed, or the victim is logged out or
//! logged in as the attacker. So the test sends a request to every route that changes something, as
//! the router lists them, with every combination of sender, token and content type. The expected
//! status is computed from the rule.
//! Stops in: `src/web/csrf.rs` (`reject_cross_site`), `src/web/csrf/checked.rs` (the token),
//! `src/web/form.rs` (the content type), `src/routes.rs` (POST only).
//! Sources: ASVS 5.0 3.5.1–3.5.3; NIST SP 800-63B-4 §5.1; Go 1.25 `CrossOriginProtection`; CWE-352.

use app::web::cookies::SESSION;
use reqwest::Method;

use super::{content, is_logged_in, routes, sessions};
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE, GRACE};
use crate::support::raw;
use crate::support::second_factor::{Factor, LOGIN_PAGE, set_up};
use crate::support::site::Site;

const SITES: [Option<&str>; 6] =
    [Some("same-origin"), Some("none"), Some("same-site"), Some("cross-site"), Some("bogus"), None];
const TYPES: [&str; 4] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/json",
];

/// Method and path of every route that accepts an unsafe method.
async fn unsafe_routes() -> Vec<(Method, String)> {
    let routes: Vec<_> =
        routes().await.into_iter().filter(|(method, _)| !method.is_safe()).collect();
    assert!(routes.contains(&(Method::POST, "/logout".into())), "the router lists {routes:?}");
    routes
}

#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    site: Option<&'a str>,
    origin: Option<&'a str>,
    token: &'a str,
    content_type: &'a str,
}

/// The lesson has the site reject every form that is sent here; see `tests/lesson/try_it.rs`.
const ALWAYS_REJECTED: [&str; 2] = ["/lesson/no-token", "/lesson/cross-site"];

/// The rule: first the sender that the browser names, then the content type, then the token.
fn refusal(case: Case, own: &str, good: &str, kind: &str) -> Option<u16> {
    let ours = match case.site {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => case.origin.is_none_or(|origin| origin == own),
    };
    match (ours, case.content_type == kind, case.token == good) {
        (false, ..) => Some(403),
        (true, false, _) => Some(415),
        (true, true, false) => Some(403),
        (true, true, true) => None,
    }
}

/// The only content type that a route reads: the requests of a script are JSON.
fn kind(path: &str) -> &'static str {
    let is_json = ["/start", "/finish"].iter().any(|step| path.ends_with(step));
    if is_json { TYPES[3] } else { TYPES[0] }
}

async fn send(site: &Site, (method, path): &(Method, String), cookie: &str, case: Case<'_>) -> u16 {
    let line = |name: &str, value: Option<&str>| {
        value.map(|value| format!("{name}: {value}\r\n")).unwrap_or_default()
    };
    let body = match case.content_type {
        "application/json" => format!(r#"{{"csrf":"{}"}}"#, case.token),
        "multipart/form-data; boundary=x" => format!(
            "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--x--\r\n",
            case.token
        ),
        _ => format!("csrf={}", case.token),
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nCookie: {SESSION}={cookie}\r\n{}{}Content-Type: \
         {}\r\n{}Content-Length: {}\r\n\r\n{body}",
        site.app.origin.host,
        line("Sec-Fetch-Site", case.site),
        line("Origin", case.origin),
        case.content_type,
        line("X-CSRF-Token", (kind(path) == TYPES[3]).then_some(case.token)),
        body.len(),
    );
    raw::send(site.address, request).await.status
}

fn token(browser: &Browser, button: &str) -> String {
    let form = browser.form(button);
    let token = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token").1;
    token.to_owned()
}

#[tokio::test]
async fn only_forms_of_this_site_can_change_data() {
    // Each accepted request gets a new session of another user, and so ends none of Ada's.
    let site = Site::with(&[("SESSIONS_PER_USER", "1000"), ("LESSON", "on")]).await;
    let (old, mut eve) = (ADA.at(&site).await, EVE.at(&site).await);
    GRACE.create_account(&site).await;
    let ada = ADA.log_in_on_new_device(&site).await;
    set_up::<Factor>(&site, &mut eve).await;
    let mut half_way = site.browser();
    EVE.logs_in(&mut half_way).await;
    half_way.must_be_at(LOGIN_PAGE, 200);
    half_way.visit("/login/recovery-code").await;
    let cookie = |browser: &Browser| browser.cookie(SESSION).expect("a cookie");
    let logged_in = (cookie(&ada), token(&ada, LOG_OUT));
    let half_way = (cookie(&half_way), token(&half_way, LOG_IN));
    let wrong = [String::new(), token(&eve, LOG_OUT), token(&old, LOG_OUT)];
    // So that no request moves an idle timeout: this test takes longer than a minute.
    site.db.run("update sessions set last_seen_at = now() + interval '1 hour'").await;
    let own = site.url.as_str();
    let (port, scheme) = ("http://localhost:1".to_owned(), own.replace("http:", "https:"));
    let origins = [
        Some(own),
        Some("null"),
        Some("https://evil.example"),
        Some(scheme.as_str()),
        Some(port.as_str()),
        None,
    ];
    let cases = |good| {
        let mut cases = Vec::new();
        for site in SITES {
            for origin in origins {
                for token in wrong.iter().chain([good]) {
                    let case = |content_type| Case { site, origin, token, content_type };
                    cases.extend(TYPES.map(case));
                }
            }
        }
        cases
    };

    for route in unsafe_routes().await {
        if ALWAYS_REJECTED.contains(&route.1.as_str()) {
            continue;
        }
        // Without it, the second step of a login leads to the first.
        let is_step = route.1.starts_with("/login/");
        let (cookie, good) = if is_step { &half_way } else { &logged_in };
        let cases = cases(good);
        let before = content(&site.db).await;
        for case in &cases {
            if let Some(expected) = refusal(*case, own, good, kind(&route.1)) {
                let status = send(&site, &route, cookie, *case).await;
                assert_eq!(status, expected, "{route:?} {case:?}");
            }
        }
        assert!(
            content(&site.db).await == before,
            "{route:?}: a refused request changed something"
        );
        for case in cases.iter().filter(|case| refusal(**case, own, good, kind(&route.1)).is_none())
        {
            let grace = GRACE.log_in_on_new_device(&site).await;
            let (cookie, token) =
                (grace.cookie(SESSION).expect("a cookie"), token(&grace, LOG_OUT));
            let status = send(&site, &route, &cookie, Case { token: &token, ..*case }).await;
            assert!(status < 500 && ![403, 415].contains(&status), "{route:?}: {status}");
        }
    }
}

#[tokio::test]
async fn another_site_cannot_log_the_victim_in_as_the_attacker() {
    let site = Site::start().await;
    let mut eve = EVE.at(&site).await;
    eve.restart();
    eve.visit("/login").await;
    let form = eve.form(LOG_IN);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let mut victim = site.browser();
    victim.visit("/login").await;
    let before = sessions(&site.db).await;
    for origin in ["https://evil.example", "http://localhost:1", "https://localhost"] {
        let fields = [("email", EVE.email), ("password", EVE.password), ("csrf", token)];
        victim.cross_site_post(origin, "/login", &fields).await;
        victim.must_be_at("/login", 403);
        assert_eq!(victim.cookie(SESSION), None, "from {origin}");
    }
    assert_eq!(sessions(&site.db).await, before);
}

#[tokio::test]
async fn another_site_cannot_log_the_victim_out() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.follow_link_from("https://evil.example", "/logout").await;
    ada.must_be_at("/", 200);
    ada.follow_link_from("https://evil.example", "/logout?_method=POST").await;
    ada.must_be_at("/", 200);
    ada.visit("/app").await;
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let header = [("x-http-method-override", "POST")];
        let answer = ada.fetch(method, "/logout", &header, "").await;
        let home = answer.headers.get("location").is_some_and(|location| location == "/");
        assert!(home || answer.status == 405, "{}", answer.status);
    }
    ada.cross_site_post("https://evil.example", "/logout", &[]).await;
    ada.must_be_at("/logout", 403);
    assert!(is_logged_in(ada).await);
}
