//! The practices of single requests and responses, of the log and of the start.

use super::Practice;
use super::evidence::{code, text};
use crate::lesson::source::at;
use crate::web::cookies::{SESSION, VISITOR};
use crate::web::next_page::{HOME, own_path};

pub(super) static PRACTICES: [Practice; 8] = [
    Practice {
        name: "cross-site-requests",
        title: "CSRF: two defences for every form",
        risk: "Cross-site request forgery: a page of another site has the victim's browser send a \
               form, or logs it in to the attacker's account.",
        does: "Before the session is loaded, the app looks at where a POST comes from: \
               `Sec-Fetch-Site`, or `Origin` in older browsers. A sibling subdomain is the same \
               site and another origin, so it is rejected too. Then every form needs a token, an \
               HMAC over a random value of the session or of the visitor's cookie. Each stops \
               what the other one misses: `docs/architecture.md` has the list. The token differs \
               on every page, so the sizes of compressed pages reveal nothing (BREACH).",
        code: &[
            at("src/web/csrf.rs", "is_same_origin"),
            at("src/web/csrf/token.rs", "is_valid"),
            at("src/web/csrf/checked.rs", "Form"),
        ],
        tests: &[
            at("tests/attacks/cross_site_request.rs", "only_forms_of_this_site_can_change_data"),
            at(
                "tests/attacks/cross_site_request.rs",
                "another_site_cannot_log_the_victim_in_as_the_attacker",
            ),
            at("tests/house_rules.rs", "every_form_is_opened_by_the_macro_with_the_csrf_field"),
        ],
        patch: Some("no-csrf-token-check"),
        express: "`csurf` is retired, and Express has nothing in its place. Many apps rely on \
                  `SameSite` alone, which lets sibling subdomains through.",
        evidence: |facts| {
            let bound = if facts.login.is_some() { SESSION } else { VISITOR };
            vec![
                match &facts.fetch_site {
                    Some(site) => code("Sec-Fetch-Site of this request", site),
                    None => text("Sec-Fetch-Site of this request", "Not sent by this browser"),
                },
                code("A form has to come from", &facts.app.origin.url),
                code("Your tokens are bound to", &format!("{bound}{}", facts.app.cookie_suffix)),
            ]
        },
    },
    Practice {
        name: "content-security-policy",
        title: "Content-Security-Policy",
        risk: "Cross-site scripting: text of an attacker runs as a script in a page, and does what \
               the user may do.",
        does: "Templates escape everything, and a test forbids exceptions. If one slips through, \
               the browser still runs no inline script and no inline style, loads from this site \
               only, and sends forms to this site only. Trusted Types keep our own scripts from \
               writing HTML. Passwords, codes and links work without scripts.",
        code: &[at("src/web/headers.rs", "PAGE_POLICY")],
        tests: &[
            at("tests/house_rules.rs", "templates_hold_no_inline_script_or_style"),
            at("tests/house_rules.rs", "templates_escape_everything"),
            at("tests/browser/cross_site.rs", "no_page_logs_to_the_console"),
        ],
        patch: None,
        express: "The default policy of helmet allows inline styles, and images from `data:` URLs. \
                  Nothing checks that templates need no more.",
        evidence: |facts| {
            vec![code("Of this page", facts.header("content-security-policy").unwrap_or("none"))]
        },
    },
    Practice {
        name: "security-headers",
        title: "Security headers on every response",
        risk: "Another site shows this one in a frame under its own buttons (clickjacking), reads \
               it through a popup, or gets its URLs as the referrer.",
        does: "One list of headers is added to every response by the outermost middleware: no \
               framing, no guessing of types, no opener, no camera, no referrer for other sites. \
               Errors have them too, and a handler that panics becomes a page with them.",
        code: &[at("src/web/headers.rs", "ALWAYS"), at("src/web/outermost.rs", "Finish::response")],
        tests: &[
            at("tests/attacks/failing_store.rs", "every_response_has_every_security_header"),
            at(
                "tests/attacks/failing_store.rs",
                "a_panic_becomes_a_500_with_every_security_header",
            ),
            at("tests/browser/cross_site.rs", "no_page_can_be_framed"),
        ],
        patch: Some("panic-not-caught"),
        express: "helmet sets similar ones. The default error handler of Express replaces the \
                  Content-Security-Policy by its own.",
        evidence: |facts| {
            let names = [
                "X-Frame-Options",
                "X-Content-Type-Options",
                "Referrer-Policy",
                "Cross-Origin-Opener-Policy",
                "Strict-Transport-Security",
            ];
            let line = |name: &'static str| match facts.header(&name.to_lowercase()) {
                Some(value) => code(name, value),
                None => text(name, "Not sent, because this site is not https"),
            };
            names.map(line).into()
        },
    },
    Practice {
        name: "open-redirects",
        title: "No open redirects",
        risk: "A link to the real login page leads on to an attacker's page, which asks for the \
               password “again”.",
        does: "`next` of a login is resolved as a browser would, and kept only if it is a path of \
               this site. To browsers `\\` is `/`, and tabs are nothing, so looking at the first \
               character is not enough. `form-action` in the Content-Security-Policy is a second \
               barrier.",
        code: &[at("src/web/next_page.rs", "own_path")],
        tests: &[
            at("tests/attacks/open_redirect.rs", "a_login_redirects_to_paths_of_this_site_only"),
            at(
                "tests/attacks/open_redirect.rs",
                "the_redirect_to_the_login_page_keeps_only_paths_of_this_site",
            ),
        ],
        patch: Some("next-not-limited-to-own-paths"),
        express: "`res.redirect(req.query.next)` leads anywhere. connect-ensure-login keeps the \
                  path in the session instead, which writes a row for each anonymous visitor.",
        evidence: |_| {
            let line =
                |label, next: &str| code(label, &format!("{next} → {}", own_path(next, HOME)));
            vec![
                line("A page of this site", "/account/sessions"),
                line("Another site", "https://evil.example/"),
                line("The same, disguised", "/\\evil.example"),
            ]
        },
    },
    Practice {
        name: "deny-by-default",
        title: "Access control: deny by default",
        risk: "Somebody adds a page and forgets its check, so anybody can open it.",
        does: "A guard on the whole scope requires a login for everything below `/app` and \
               `/account`. The handlers behind it require one by their signature too: only \
               `LoggedIn` has a user. A test requests every route of the router as a stranger and \
               as a user, and fails for a route without an expectation. An entry of another user \
               gets the response of one that does not exist.",
        code: &[
            at("src/web/guard.rs", "logged_in"),
            at("src/web/visitor.rs", "LoggedIn::from_request"),
        ],
        tests: &[
            at(
                "tests/flows/access.rs",
                "every_route_gives_visitors_and_users_the_expected_response",
            ),
            at("tests/flows/access.rs", "half_way_through_a_login_only_the_second_step_is_open"),
        ],
        patch: None,
        express: "`ensureLoggedIn()` on a router is such a guard. A handler without it still compiles: \
                  `req.user` is undefined there.",
        evidence: |facts| {
            vec![text(
                "`/app` for you",
                match facts.login {
                    Some(_) => "Allowed",
                    None if facts.lacks_required_factor => "Leads to the setup of a second factor",
                    None => "Leads to the login",
                },
            )]
        },
    },
    Practice {
        name: "proxies-and-hosts",
        title: "The client's IP address and Host",
        risk: "A client claims another IP address and escapes its limit, or another `Host`, and \
               gets it into the links of emails.",
        does: "`X-Forwarded-For` and `X-Forwarded-Proto` are read only from `TRUSTED_PROXIES`, and \
               from the right, because each proxy appends. A request for another `Host` is \
               redirected or rejected before a handler sees it. Links are made from `BASE_URL` \
               only.",
        code: &[at("src/web/client_ip.rs", "client_ip"), at("src/web/host.rs", "own_host_only")],
        tests: &[
            at(
                "tests/attacks/proxy_headers.rs",
                "behind_a_proxy_a_client_cannot_forge_its_ip_address",
            ),
            at(
                "tests/attacks/proxy_headers.rs",
                "a_client_that_bypasses_the_proxy_cannot_forge_its_ip_address",
            ),
            at(
                "tests/attacks/host_header.rs",
                "requests_for_another_host_are_redirected_or_rejected",
            ),
        ],
        patch: Some("forwarded-for-used-from-any-sender"),
        express: "`app.set('trust proxy', true)` trusts every sender, and takes the leftmost IP \
                  address, which the client wrote. `req.hostname` is what the client sent.",
        evidence: |facts| {
            vec![
                code("Your IP address, as this site sees it", &facts.address),
                text(
                    "X-Forwarded-For is",
                    match facts.app.config.trusted_proxies.is_empty() {
                        true => "ignored: there is no trusted proxy",
                        false => "read from trusted proxies only",
                    },
                ),
                code("This site is", &facts.app.origin.host),
            ]
        },
    },
    Practice {
        name: "log-without-secrets",
        title: "A log without secrets",
        risk: "A person who reads the log, or its copy at a log service, finds session IDs and \
               links that work.",
        does: "A line has the route, not the path or the query, where tokens are. A session \
               appears under a keyed hash, a user by UUID, and no email address, password, token \
               or cookie appears at all. Types that hold one have no `Debug`. Text of a client is \
               shortened and without control characters, so it forges no line and fills no disk.",
        code: &[
            at("src/telemetry.rs", "RequestSpan::on_request_start"),
            at("src/keys.rs", "Keys::log_name"),
        ],
        tests: &[
            at("tests/attacks/secret_leakage.rs", "the_log_and_the_database_hold_no_secret"),
            at("tests/attacks/log_flood.rs", "no_input_of_a_client_makes_a_long_log_line"),
        ],
        patch: Some("session-id-logged"),
        express: "morgan logs the whole URL, with the token of a reset link in it.",
        evidence: |facts| {
            vec![
                code("This page in the log", "/practices/{name}"),
                match &facts.login {
                    Some(login) => code("Your session in the log", &login.log_name),
                    None => text("Your session in the log", "You have none"),
                },
            ]
        },
    },
    Practice {
        name: "fail-closed",
        title: "Fail closed",
        risk: "One wrong setting, or a database that fails, removes a protection, and nobody \
               notices.",
        does: "Production does not start with a setting that breaks a promise of this site, and \
               names every reason at once. A waiver has a name, and each start logs it. If the \
               database cannot be reached, a visitor with a session gets 503: neither logged in \
               nor logged out, and the session goes on afterwards. Every statement has a time \
               limit.",
        code: &[
            at("src/config/unsafe_settings.rs", "production"),
            at("src/database.rs", "is_unavailable"),
            at("src/web/session_store.rs", "failed"),
        ],
        tests: &[
            at("tests/settings/production.rs", "every_reason_not_to_start_is_given_at_once"),
            at(
                "tests/attacks/failing_store.rs",
                "pages_get_503_while_postgresql_is_stopped_and_work_afterwards",
            ),
        ],
        patch: Some("database-outage-becomes-500"),
        express: "express-session warns about `MemoryStore` in production, and starts. While its \
                  store reports that it is disconnected, requests go on without a session.",
        evidence: |facts| {
            let config = &facts.app.config;
            if !config.environment.is_development() {
                return vec![
                    text("This server", "Runs as production, so every check was made"),
                    text("Waivers", "Not shown in production"),
                ];
            }
            let waivers: Vec<&str> =
                config.allow_unsafe.iter().map(|waiver| waiver.name()).collect();
            vec![
                text("This server", "Runs as development, on this computer only"),
                match waivers.is_empty() {
                    true => text("Waivers", "None"),
                    false => text("Waivers", format!("`{}`", waivers.join("`, `"))),
                },
            ]
        },
    },
];
