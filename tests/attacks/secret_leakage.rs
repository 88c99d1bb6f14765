//! Secret leakage: the attacker reads the log, or a dump of the database.
//!
//! Why it matters: logs are copied to many places, and backups are lost. A session ID in either
//! would log its reader in. So the test runs the real program, which logs everything, and then
//! searches the log and the database for every secret of that run, in three encodings.
//! Stops in: `src/telemetry.rs` (a span of our own), `src/accounts/session_id.rs` and
//! `src/accounts/password/argon2id.rs` (no `Debug`), `src/web/session_store.rs` (not instrumented),
//! `src/accounts/session.rs` (hashes only).
//! Sources: ASVS 5.0 16.2.5, 14.2.1; OWASP Logging Cheat Sheet; CWE-532, CWE-312.

use app::keys::Keys;
use app::web::cookies::SESSION;
use app::web::encrypted_cookie::decrypt;

use super::content;
use crate::support::browser::Browser;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, Person};
use crate::support::process::Process;

const VALUE: &str = "a value that nobody else reads";
const WRONG: &str = "mistyped by her own hands";
const NEW: &str = "saxophone marble orchard";
const QUERY: &str = "what-a-link-holds";

/// The secrets that the browser holds now: cookies, session ID and CSRF token.
fn secrets(browser: &Browser, keys: &Keys, button: &str, found: &mut Vec<String>) {
    for name in [SESSION, "__Host-visitor", "__Host-device"] {
        found.extend(browser.cookie(name));
    }
    let key = keys.cookies().next().expect("a key");
    found.extend(browser.cookie(SESSION).and_then(|value| decrypt(key, SESSION, &value)));
    let form = browser.form(button);
    let token = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token").1;
    found.push(token.to_owned());
}

#[tokio::test]
async fn the_log_and_the_database_hold_no_secret() {
    let db = database().await;
    let secret_keys = Keys::generate();
    let keys = Keys::parse(&secret_keys).expect("a key");
    let site = Process::logging(&db, &[("SECRET_KEYS", &secret_keys), ("RUST_LOG", "trace")]);

    let mut held = vec![ADA.password.to_owned(), WRONG.to_owned(), NEW.to_owned()];
    let mut browser = site.browser();
    browser.visit("/register").await;
    secrets(&browser, &keys, CREATE_ACCOUNT, &mut held);
    browser.submit(CREATE_ACCOUNT, &[(EMAIL, ADA.email), (PASSWORD, ADA.password)]).await;
    browser.must_be_at("/email/verify", 200);
    let letter = newest(&db, ADA.email).await;
    let (link, code) = (letter.link("/email/verify/"), letter.code());
    // The outbox holds these until the mail is sent. The log and all other tables must not.
    let mailed = [link.rsplit('/').next().expect("a token").to_owned(), code];
    browser.visit(&link).await;
    browser.press(CONFIRM_EMAIL).await;
    browser.must_be_at("/app", 200);
    secrets(&browser, &keys, LOG_OUT, &mut held);
    // A value of the session: read with every request, and written with the next flash.
    let update = "update sessions set state = jsonb_build_object('value', $1::text)";
    let kept = sqlx::query(update).bind(VALUE).execute(&db.pool).await;
    assert_eq!(kept.expect("the database").rows_affected(), 1);
    browser.visit("/account/password").await;
    let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, NEW)];
    browser.submit(CHANGE_PASSWORD, &fields).await;
    browser.must_be_at("/account", 200);
    browser.visit(&format!("/app?{QUERY}")).await;
    secrets(&browser, &keys, LOG_OUT, &mut held);
    browser.press(LOG_OUT).await;
    Person { password: WRONG, ..ADA }.logs_in(&mut browser).await;
    browser.must_be_at("/login", 422);
    secrets(&browser, &keys, LOG_IN, &mut held);
    Person { password: NEW, ..ADA }.logs_in(&mut browser).await;
    browser.must_be_at("/app", 200);
    secrets(&browser, &keys, LOG_OUT, &mut held);
    db.run("delete from outbox").await;
    let dump = content(&db).await;
    held.extend(mailed);
    let log = site.log();

    assert!(log.contains("authn_login_success"), "the log was read: {log}");
    assert!(log.contains("TRACE"), "all of it");
    assert!(dump.contains(ADA.email), "the dump was read");
    held.retain(|secret| !secret.is_empty());
    let in_log = held.iter().map(String::as_str).chain([ADA.email, VALUE, QUERY, &secret_keys]);
    for secret in in_log {
        for spelling in spellings(secret) {
            let line = log.lines().find(|line| line.contains(&spelling));
            assert_eq!(line, None, "the log holds {secret}");
        }
    }
    for secret in &held {
        for spelling in spellings(secret) {
            assert!(!dump.contains(&spelling), "the database holds {secret}");
        }
    }
}

/// Plain, URL-encoded, and in hexadecimal. Of a long secret, the first 32 bytes must not leak.
fn spellings(secret: &str) -> [String; 3] {
    let secret = &secret[..secret.len().min(32)];
    let form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    [secret.to_owned(), form, hex]
}
