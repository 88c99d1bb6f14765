//! The practices that every guide to sessions in Express lists.

use super::Practice;
use super::evidence::{Evidence, Value, code, moment, span, text};
use crate::config::{Certificate, Timeouts};
use crate::lesson::cookie;
use crate::lesson::source::at;

pub(super) static PRACTICES: [Practice; 7] = [
    Practice {
        name: "secure-cookies",
        title: "Secure cookies",
        risk: "A cookie that also travels over plain HTTP can be read on the way, and one that a \
               sibling subdomain can set can be replaced.",
        does: "Every cookie is `Secure`, on localhost too, with `Path=/` and without `Domain`. \
               Its name begins with `__Host-`, so browsers reject it with other attributes. The \
               attributes are no setting: no configuration can turn them off. The removal of a \
               cookie has the same ones, or browsers would ignore it.",
        code: &[at("src/web/set_cookie.rs", "cookie"), at("src/server.rs", "sessions")],
        tests: &[
            at(
                "tests/practices/secure_cookies.rs",
                "every_cookie_of_every_page_has_the_secure_attributes",
            ),
            at(
                "tests/practices/secure_cookies.rs",
                "every_cookie_of_login_and_logout_has_the_secure_attributes",
            ),
        ],
        patch: None,
        express: "In express-session, `cookie.secure` is false by default and the name is \
                  `connect.sid`. With `secure: true` behind a proxy, the cookie is silently not \
                  set until `trust proxy` is.",
        evidence: |facts| {
            let remembered = facts.login.as_ref().filter(|login| login.row.remembered);
            let max_age = remembered.map(|login| login.row.absolute_left);
            vec![
                code("Name", &facts.cookie.name),
                code("Attributes", &cookie::attributes(max_age)),
                text(
                    "In this request",
                    match facts.cookie.beginning {
                        Some(_) => "The browser has sent it.",
                        None => "The browser has sent none: you have no session.",
                    },
                ),
            ]
        },
    },
    Practice {
        name: "expiration",
        title: "Expiration",
        risk: "A session that never ends can be used by the next person at the computer, and a \
               stolen cookie works for ever.",
        does: "Each session has two timeouts: an idle one, which activity moves, and an absolute \
               one, which nothing moves. Both are chosen at the login and stored in its row. \
               PostgreSQL compares them with its own clock when it loads a session, so all \
               instances agree. “Stay logged in” has longer ones, and only then does the cookie \
               have a `Max-Age`.",
        code: &[
            at("src/accounts/session.rs", "find"),
            at("src/accounts/session/upkeep.rs", "touch"),
            at("src/config/lifetimes.rs", "Timeouts"),
        ],
        tests: &[
            at(
                "tests/practices/expiration.rs",
                "both_timeouts_of_a_session_are_exact_to_the_second",
            ),
            at(
                "tests/practices/expiration.rs",
                "activity_moves_the_idle_timeout_but_not_the_absolute_one",
            ),
            at("tests/practices/expiration.rs", "the_operator_sets_the_timeouts"),
        ],
        patch: None,
        express: "express-session has `cookie.maxAge`, with `rolling` to move it: one timeout, for \
                  all logins, and no absolute one (expressjs/session#557).",
        evidence: |facts| {
            let Some(login) = &facts.login else {
                let lifetimes = &facts.app.config.lifetimes;
                let Timeouts { idle, absolute } = lifetimes.ordinary;
                return vec![
                    text("Your session", "None yet. A login would begin one with these timeouts."),
                    span("Idle timeout", idle),
                    span("Absolute timeout", absolute),
                    span("Idle, if you stay logged in", lifetimes.remembered.idle),
                    span("Absolute, if you stay logged in", lifetimes.remembered.absolute),
                ];
            };
            vec![
                moment("Idle timeout", login.row.idle_ends_at),
                moment("Absolute timeout", login.row.ends_at),
                text("Stays logged in", if login.row.remembered { "Yes" } else { "No" }),
            ]
        },
    },
    Practice {
        name: "server-side-storage",
        title: "Server-side storage",
        risk: "If the cookie holds the session itself, the server cannot end it. If the database \
               holds the ID, a stolen dump logs the thief in.",
        does: "A session is a row in PostgreSQL. The cookie holds only its ID, 64 random \
               characters, encrypted. The row holds the SHA-256 of the ID, so nobody who reads the \
               database can log in with it. A value that the app keeps in the session is in the \
               row too. A visit without a session writes no row of `sessions`.",
        code: &[
            at("src/web/session_store.rs", "PostgresStore::load"),
            at("src/accounts/session_id.rs", "SessionId::hash"),
            at("migrations/0002_sessions.sql", "id_hash"),
        ],
        tests: &[
            at(
                "tests/practices/server_side_storage.rs",
                "the_cookie_contains_a_random_id_and_no_data",
            ),
            at(
                "tests/practices/server_side_storage.rs",
                "a_stolen_dump_logs_nobody_in_even_with_the_keys",
            ),
            at("tests/attacks/secret_leakage.rs", "the_log_and_the_database_hold_no_secret"),
        ],
        patch: Some("session-id-stored-unhashed"),
        express: "The default `MemoryStore` of express-session loses every session at a restart. \
                  connect-pg-simple stores the ID as it is, in the column `sid`.",
        evidence: |facts| match &facts.login {
            Some(login) => vec![
                text("In the browser", format!("{} encrypted characters", facts.cookie.length)),
                code("In PostgreSQL", &format!("id_hash = \\x{}…", login.row.hash_prefix)),
                text(
                    "Values that the app keeps",
                    match login.row.state.is_empty() {
                        true => "None".to_owned(),
                        false => format!("`{}`", login.row.state.join("`, `")),
                    },
                ),
            ],
            None => vec![text("Your session", "None. This visit has written no row.")],
        },
    },
    Practice {
        name: "id-regeneration",
        title: "Session ID regeneration",
        risk: "Session fixation: an attacker plants a session in the victim's browser, waits for \
               the login, and is logged in too.",
        does: "A login begins a session with a new ID. The one from before ends, and the values \
               that it held are dropped, because an attacker may have planted them. A change of \
               the password, the email or a second factor, and a re-authentication, rotate the ID \
               in place: the old one is invalid at once. An ID that the app did not issue is \
               never adopted.",
        code: &[
            at("src/flows/start_session.rs", "start"),
            at("src/web/session_store.rs", "PostgresStore::delete"),
            at("src/accounts/session/rotation.rs", "rotate_in_place"),
        ],
        tests: &[
            at(
                "tests/practices/id_regeneration.rs",
                "a_login_starts_a_session_with_a_new_id_and_no_old_values",
            ),
            at(
                "tests/practices/id_regeneration.rs",
                "a_password_change_rotates_the_session_id_in_place",
            ),
            at("tests/attacks/fixation.rs", "the_attackers_own_session_ends_at_the_victims_login"),
        ],
        patch: Some("old-session-kept-at-login"),
        express: "`req.session.regenerate()` gives a new ID and an empty session, where somebody \
                  calls it: express-session does not by itself. passport calls it since 0.6.",
        evidence: |facts| match &facts.login {
            Some(login) => vec![
                moment("New ID at the login", login.row.created_at),
                text(
                    "Follows an earlier ID",
                    if login.row.follows_another_id { "Yes" } else { "No" },
                ),
                match login.row.authenticated_at {
                    Some(at) => moment("Last authentication", at),
                    None => text("Last authentication", "None"),
                },
            ],
            None => vec![text("Your session", "None yet. A login would begin one with a new ID.")],
        },
    },
    Practice {
        name: "https",
        title: "HTTPS",
        risk: "Over plain HTTP, everybody on the way reads the password and the cookie, and can \
               change the page.",
        does: "Production does not start without an https `BASE_URL` and a certificate, its own or \
               that of a trusted proxy. A GET over plain HTTP is redirected. Any other method is \
               rejected, because its content has already been sent unencrypted. Each https \
               response has `Strict-Transport-Security` for two years, so the browser no longer \
               uses plain HTTP for this site.",
        code: &[
            at("src/web/https.rs", "https_only"),
            at("src/config/https.rs", "refusal"),
            at("src/web/headers.rs", "TRANSPORT"),
        ],
        tests: &[
            at("tests/practices/https.rs", "plain_http_redirects_get_and_rejects_other_methods"),
            at("tests/practices/https.rs", "every_https_response_has_hsts"),
            at(
                "tests/attacks/proxy_headers.rs",
                "a_client_that_bypasses_the_proxy_cannot_claim_https",
            ),
            at("tests/settings/production.rs", "every_reason_not_to_start_is_given_at_once"),
        ],
        patch: Some("plain-http-accepted"),
        express: "Express leaves this to the proxy. helmet adds `Strict-Transport-Security`; \
                  nothing stops a production start with `http://`.",
        evidence: |facts| {
            let config = &facts.app.config;
            vec![
                code("This site", &facts.app.origin.url),
                text("This request came by", if facts.https { "https" } else { "plain HTTP" }),
                text(
                    "Encryption ends",
                    match &config.tls.certificate {
                        Some(Certificate::Files(_)) => "in this app",
                        Some(Certificate::SelfSigned) => {
                            "in this app, with a certificate of its own"
                        }
                        None if facts.https => "in a trusted proxy",
                        None => "nowhere: this is development, on this computer only",
                    },
                ),
                match facts.header("strict-transport-security") {
                    Some(value) => code("Strict-Transport-Security", value),
                    None => text("Strict-Transport-Security", "Only over https"),
                },
            ]
        },
    },
    Practice {
        name: "same-site",
        title: "SameSite",
        risk: "A page of another site sends a form to this one, and the browser adds the cookie: \
               the form is sent in the victim's name.",
        does: "Every cookie has `SameSite=Lax`, written out, because the default differs between \
               browsers. So a form of another site arrives without it. A link does bring it: with \
               `Strict`, people who follow a link in an email would look logged out. So no GET \
               changes an account, and forms have defences of their own.",
        code: &[at("src/web/set_cookie.rs", "cookie")],
        tests: &[
            at(
                "tests/practices/same_site_and_http_only.rs",
                "a_cross_site_post_arrives_without_the_cookie_and_is_rejected",
            ),
            at(
                "tests/practices/same_site_and_http_only.rs",
                "a_link_from_another_site_opens_a_page_of_the_session",
            ),
            at("tests/practices/same_site_and_http_only.rs", "a_cross_site_link_changes_nothing"),
        ],
        patch: None,
        express: "express-session sets no `SameSite` unless `cookie.sameSite` is given. Chromium \
                  then assumes `Lax`, but for the first two minutes sends the cookie with \
                  cross-site forms too.",
        evidence: |facts| {
            vec![
                match &facts.fetch_site {
                    Some(site) => code("This request came from", site),
                    None => text("This request came from", "The browser does not say."),
                },
                text(
                    "With the session cookie",
                    match facts.cookie.beginning {
                        Some(_) => "Yes",
                        None => "No: you have none",
                    },
                ),
            ]
        },
    },
    Practice {
        name: "http-only",
        title: "HttpOnly",
        risk: "A script that an attacker gets into one page reads the cookie, and uses the \
               session from another computer.",
        does: "Every cookie is `HttpOnly`, so no script reads it. Such a script could still act \
               in this page as the user; the Content-Security-Policy is there to keep it out. No \
               page and no log line shows a whole session ID.",
        code: &[at("src/server.rs", "sessions")],
        tests: &[
            at(
                "tests/practices/same_site_and_http_only.rs",
                "every_cookie_has_explicit_samesite_and_httponly",
            ),
            at("tests/browser/privacy.rs", "no_script_can_read_a_cookie"),
        ],
        patch: None,
        express: "`cookie.httpOnly` is true in express-session. A cookie of `res.cookie()` has it \
                  only if the option is given.",
        evidence: |_| vec![Evidence { label: "document.cookie", value: Value::ReadByScripts }],
    },
];
