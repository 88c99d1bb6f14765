//! Bad input: requests that no page of ours sends, to find one that breaks something.
//!
//! Why it matters: a 500 after half of the work, two passwords that are equal because invalid bytes
//! became the same replacement character, a field that two parsers read differently, a body that
//! never ends: each can give access to the attacker, or block others.
//! Stops in: `src/web/form.rs` (strict, limits size and time), `src/flows` (checks what a field
//! holds), `src/web/session_store.rs` (`load` ends a session whose row cannot be read).
//! Sources: ASVS 5.0 1.1.1, 2.2.1, 15.3.7, 16.5.3; WSTG-INPV-04; CWE-20, CWE-235.

use app::web::cookies::SESSION;
use futures_util::future::join_all;

use super::{get, is_logged_in, sessions};
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::raw::{self, RawConnection, RawResponse};
use crate::support::site::Site;

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser's cookies and the token of the form on its page.
struct Sender<'a> {
    site: &'a Site,
    cookies: String,
    token: String,
}

impl<'a> Sender<'a> {
    fn new(site: &'a Site, browser: &Browser, button: &str) -> Self {
        let form = browser.form(button);
        let token = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token").1;
        let cookie = |name| browser.cookie(name).map(|value| format!("{name}={value}; "));
        let cookies = [SESSION, "__Host-visitor"].into_iter().filter_map(cookie).collect();
        Sender { site, cookies, token: token.to_owned() }
    }

    fn head(&self, path: &str, more: &str) -> Vec<u8> {
        let (host, cookies) = (&self.site.app.origin.host, &self.cookies);
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n{more}\r\n").into()
    }

    async fn post(&self, path: &str, more: &str, fields: &[u8]) -> RawResponse {
        let body = [format!("csrf={}&", self.token).as_bytes(), fields].concat();
        let head = self.head(path, &format!("Content-Length: {}\r\n{more}", body.len()));
        raw::send(self.site.address, [head, body].concat()).await
    }

    async fn form(&self, path: &str, fields: &[u8]) -> RawResponse {
        self.post(path, &format!("Content-Type: {FORM}\r\n"), fields).await
    }
}

/// Asserts that the response is an error page with the security headers.
fn is_a_page(answer: &RawResponse, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {}", answer.status);
    assert!(answer.text().contains("</html>"), "{what}: {}", answer.text());
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
}

async fn stranger(site: &Site) -> Browser {
    let mut browser = site.browser();
    browser.visit("/login").await;
    browser
}

#[tokio::test]
async fn malformed_fields_are_rejected_with_an_error_page() {
    let site = Site::start().await;
    let ada = ADA.at(&site).await;
    let (stranger, ada) = (stranger(&site).await, Sender::new(&site, &ada, LOG_OUT));
    let stranger = Sender::new(&site, &stranger, LOG_IN);
    let long = "x".repeat(15_000);

    let login = |text: &str| format!("email={text}&password=whatever+it+is+here").into_bytes();
    for (field, status) in [
        ("%00", 422),
        ("ada%40example.com%00", 422),
        ("ada%40example.com%0d%0aBcc:eve%40example.net", 422),
        ("%1b%5b31m", 422),
        ("%ff", 400),
        ("%c0%80", 400),
        ("%ed%a0%80", 400),
        ("a%40example.com&email=b%40example.com", 400),
        (long.as_str(), 422),
        ("%f0%9f%98%80%e2%80%ae", 422),
        ("'; drop table users; --", 422),
    ] {
        let answer = stranger.form("/login", &login(field)).await;
        is_a_page(&answer, field);
        assert_eq!(answer.status, status, "{field}");
    }
    let raw_bytes = stranger.form("/login", b"email=\xff\xfe&password=x").await;
    assert_eq!(raw_bytes.status, 400);
    for (password, status) in
        [("%00", 422), ("%ff", 400), (long.as_str(), 422), ("a&password=b", 400)]
    {
        let fields = format!("email=ada%40example.com&password={password}");
        let answer = stranger.form("/login", fields.as_bytes()).await;
        is_a_page(&answer, password);
        assert_eq!(answer.status, status, "{password}");
    }
    for value in ["%ff", "a&value=b"] {
        let answer = ada.form("/test/value", format!("value={value}").as_bytes()).await;
        is_a_page(&answer, value);
        assert_eq!(answer.status, 400, "{value}");
    }
    assert_eq!(stranger.form("/login", b"csrf=twice").await.status, 400);
}

#[tokio::test]
async fn malformed_bodies_are_rejected_with_an_error_page() {
    let site = Site::start().await;
    let stranger = stranger(&site).await;
    let stranger = Sender::new(&site, &stranger, LOG_IN);
    for (content, status) in [
        ("Content-Type: application/x-www-form-urlencoded; charset=utf-16le", 415),
        ("Content-Type: application/x-www-form-urlencoded; charset=utf-7", 415),
        ("Content-Type: multipart/form-data; boundary=x", 415),
        ("Content-Type: text/plain", 415),
        ("Content-Type: \u{e9}", 415),
        ("X-None: 1", 415),
        ("Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip", 415),
        ("Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: br", 415),
    ] {
        let answer = stranger.post("/login", &format!("{content}\r\n"), b"email=x").await;
        is_a_page(&answer, content);
        assert_eq!(answer.status, status, "{content}");
    }
    let large = stranger.form("/login", &[b'x'; 16 * 1024]).await;
    is_a_page(&large, "16 KiB and a bit");
    assert_eq!(large.status, 413);

    // The same in chunks, without a Content-Length: rejected as soon as it is too large.
    let mut wire = RawConnection::open(site.address).await;
    let more = format!("Transfer-Encoding: chunked\r\nContent-Type: {FORM}\r\n");
    wire.write(stranger.head("/login", &more)).await;
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat();
    wire.write(chunk.repeat(5)).await;
    let answer = wire.answer().await.expect("an answer");
    is_a_page(&answer, "in pieces");
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_body_that_never_arrives_gets_408() {
    let site = Site::start().await;
    let stranger = stranger(&site).await;
    let stranger = Sender::new(&site, &stranger, LOG_IN);
    let mut wire = RawConnection::open(site.address).await;
    let more = format!("Content-Length: 100\r\nContent-Type: {FORM}\r\n");
    wire.write(stranger.head("/login", &more)).await;
    wire.write("csrf=").await;
    let answer = wire.late_response().await.expect("an answer");
    is_a_page(&answer, "a body held back");
    assert_eq!(answer.status, 408);
}

#[tokio::test]
async fn requests_with_invalid_cookies_are_anonymous() {
    let site = Site::start().await;
    let other = Site::start().await;
    let theirs = ADA.at(&other).await.cookie(SESSION).expect("a cookie");
    let own = ADA.at(&site).await.cookie(SESSION).expect("a cookie");
    let values = [
        theirs,
        own[..own.len() - 1].to_owned(),
        format!("{own}A"),
        own.replacen(|c: char| c.is_ascii_lowercase(), "Z", 1),
        super::sealed(&site, "too short"),
        super::sealed(&site, &"é".repeat(32)),
        super::sealed(&site, &"'; drop table sessions; --".repeat(3)),
        super::sealed(&site, ""),
        "x".repeat(5_000),
        String::new(),
        "%".to_owned(),
    ];
    let visits = values.iter().map(async |value| {
        let cookie = format!("Cookie: {SESSION}={value}; __Host-visitor={value}\r\n");
        let page = get(&site, "/login", cookie.as_bytes()).await;
        let guarded = get(&site, "/app", cookie.as_bytes()).await;
        assert_eq!((page.status, guarded.status), (200, 303), "{value}");
    });
    join_all(visits).await;
}

#[tokio::test]
async fn a_session_whose_row_cannot_be_read_ends() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    for state in ["[]", "\"x\"", "null", "1"] {
        let ada = ADA.log_in_on_new_device(&site).await;
        sqlx::query("update sessions set state = $1::jsonb")
            .bind(state)
            .execute(&site.db.pool)
            .await
            .expect("to spoil it");
        assert!(!is_logged_in(ada).await, "{state}");
        assert_eq!(sessions(&site.db).await, 0, "{state}");
    }
    // A user ID in a readable state is ignored: the user is in the column `user_id`.
    let mut ada = ADA.log_in_on_new_device(&site).await;
    sqlx::query("update sessions set state = $1::jsonb")
        .bind(r#"{"actix_identity.user_id": "00000000-0000-0000-0000-000000000000", "value": [1]}"#)
        .execute(&site.db.pool)
        .await
        .expect("to spoil it");
    ada.visit("/account").await;
    ada.must_see(ADA.email);
}

#[tokio::test]
async fn a_rejected_login_shows_the_typed_email_again_but_escaped() {
    let site = Site::start().await;
    let mut browser = stranger(&site).await;
    let typed = "<script>alert(1)</script>\"'";
    browser.submit(LOG_IN, &[(EMAIL, typed), (PASSWORD, "wrong")]).await;
    browser.must_be_at("/login", 422);
    assert_eq!(browser.field(LOG_IN, EMAIL), typed);
    assert!(!browser.html().contains("<script>alert"), "{}", browser.html());
    assert!(!browser.html().contains("wrong\""), "the password is not sent back");
}
