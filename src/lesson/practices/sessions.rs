//! The further practices of sessions: how they end, who sees them, and what a browser keeps.

use std::time::Duration;

use super::Practice;
use super::evidence::{code, count, span, text};
use crate::lesson::source::at;
use crate::web::cookies::{DEVICE, SESSION, VISITOR};
use crate::web::human_time;

pub(super) static PRACTICES: [Practice; 6] = [
    Practice {
        name: "ended-stays-ended",
        title: "An ended session stays ended",
        risk: "A slow request saves its session after the logout, and so brings it back.",
        does: "A session that is known is saved by an `UPDATE`, which inserts nothing. If the row \
               is gone, the response leads to the login. The same holds for a rotation. Ending a \
               session deletes its row, so the next request of any instance finds none: nothing \
               is cached.",
        code: &[
            at("src/accounts/session.rs", "save_state"),
            at("src/web/session_store.rs", "PostgresStore::update"),
        ],
        tests: &[
            at(
                "tests/attacks/resurrection.rs",
                "a_request_in_flight_cannot_restore_a_session_that_ended",
            ),
            at(
                "tests/flows/account/sessions.rs",
                "an_ended_session_is_logged_out_on_every_app_instance",
            ),
        ],
        patch: Some("saving-inserts-ended-session"),
        express: "connect-pg-simple saves with `insert … on conflict do update`, so a request that \
                  began before the logout restores the row (expressjs/session#632).",
        evidence: |facts| {
            vec![text(
                "Row of your session",
                match &facts.login {
                    Some(_) => "There is one: this request has read it.",
                    None => "There is none.",
                },
            )]
        },
    },
    Practice {
        name: "credential-changes",
        title: "A credential change ends every other session",
        risk: "The owner changes the password because somebody knows it, and the thief stays \
               logged in.",
        does: "Each change of the password, the email or a second factor raises the epoch of the \
               account, in its transaction. Every load of a session compares the epoch of the row \
               with it, so every other session ends at once. A login that has verified the old \
               password compares its epoch too, and begins none. The session that made the change gets the new epoch and \
               a new ID.",
        code: &[
            at("src/accounts/user/proof.rs", "change_password"),
            at("src/accounts/session.rs", "start"),
        ],
        tests: &[
            at(
                "tests/attacks/mass_log_out.rs",
                "every_other_session_ends_when_the_password_changes",
            ),
            at(
                "tests/attacks/mass_log_out.rs",
                "a_login_in_flight_with_the_old_password_begins_no_session",
            ),
            at("tests/flows/walks.rs", "on_random_walks_every_device_answers_as_the_model_says"),
        ],
        patch: Some("session-epoch-not-compared"),
        express: "The table of connect-pg-simple has no column for the user, so one statement \
                  cannot end all sessions of one (voxpelli/node-connect-pg-simple#195).",
        evidence: |facts| match &facts.login {
            Some(login) => {
                let epoch = |epoch: Option<i32>| epoch.map_or(String::new(), |n| n.to_string());
                vec![
                    text("Epoch of your session", epoch(login.row.user_epoch)),
                    text("Epoch of your account", epoch(login.row.account_epoch)),
                    super::evidence::moment(
                        "Password last changed",
                        login.account.password_changed_at,
                    ),
                ]
            }
            None => vec![text("Epoch", "Only the session of a user has one.")],
        },
    },
    Practice {
        name: "your-sessions",
        title: "Session list and revocation",
        risk: "Somebody forgets to log out on a borrowed computer, or a thief logs in, and the \
               owner can neither see nor end it.",
        does: "`/account/sessions` lists every valid session with its browser, IP address and \
               times, and ends one or all others. The URL holds a public ID, which reveals nothing \
               about the session ID; that of another user gets the same response as one that \
               never existed. A login beyond the limit ends the oldest session.",
        code: &[
            at("src/accounts/session/listed.rs", "list"),
            at("src/accounts/session/listed.rs", "end_listed"),
        ],
        tests: &[
            at(
                "tests/flows/account/sessions.rs",
                "an_ended_session_is_logged_out_on_its_next_request",
            ),
            at(
                "tests/attacks/foreign_session_id.rs",
                "a_foreign_an_unknown_and_a_broken_id_get_the_same_response",
            ),
            at(
                "tests/flows/start_session.rs",
                "a_hundred_concurrent_logins_keep_the_session_limit",
            ),
        ],
        patch: Some("foreign-session-can-be-ended"),
        express: "Stores of express-session know no user. Apps keep a second list, or search the \
                  JSON of every row.",
        evidence: |facts| {
            let limit = facts.app.config.lifetimes.sessions_per_user;
            let limit = text("A user has at most", count(limit, "session"));
            match &facts.login {
                Some(login) => {
                    vec![text("You have", count(login.account.sessions, "session")), limit]
                }
                None => vec![limit],
            }
        },
    },
    Practice {
        name: "sudo-mode",
        title: "Sudo mode",
        risk: "An attacker who finds an open browser, or steals a session, takes over the account: \
               changes the email, and resets the password.",
        does: "An action that can hurt needs an authentication of the last minutes, in this \
               session. If it is older, the app asks for the password, a code or a passkey, and \
               then leads back. A form that comes too late is kept without its passwords, and \
               comes back filled. Second factors change only after a second factor.",
        code: &[at("src/web/sudo.rs", "require"), at("src/web/sudo.rs", "is_in_window")],
        tests: &[
            at("tests/flows/sudo.rs", "a_recent_login_is_enough_and_an_older_one_is_not"),
            at(
                "tests/attacks/stolen_session.rs",
                "a_stolen_session_cannot_reach_a_page_that_needs_sudo_mode",
            ),
        ],
        patch: Some("sudo-mode-not-required"),
        express: "No counterpart. Apps ask for the current password in single forms, if at all.",
        evidence: |facts| {
            let window = facts.app.config.lifetimes.sudo_window;
            let ago = facts.login.as_ref().and_then(|login| login.session.authenticated_ago);
            let ago = ago.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
            let state = match ago {
                None => text("You authenticated", "Not in this browser"),
                Some(ago) => text(
                    "You authenticated",
                    match ago < window {
                        true => format!("{} ago: sudo mode", human_time::span(ago)),
                        false => format!("{} ago: sudo mode is over", human_time::span(ago)),
                    },
                ),
            };
            vec![span("It lasts", window), state]
        },
    },
    Practice {
        name: "cookie-names",
        title: "Only known cookie names",
        risk: "Cookie tossing: a sibling subdomain sets a cookie that this site takes for its \
               own, and the victim works in the attacker's account.",
        does: "The app reads three names, compared as raw bytes, and drops every other cookie. \
               Libraries decode names: to them, `%5F%5FHost-session` is `__Host-session`, and a \
               browser lets any subdomain set it. Of two cookies with one name, neither is read, and \
               the log says so. A value is encrypted together with its name.",
        code: &[at("src/web/cookies.rs", "known_cookies"), at("src/web/cookies.rs", "KNOWN")],
        tests: &[
            at("tests/attacks/cookie_names.rs", "only_the_victims_own_session_cookie_is_accepted"),
            at(
                "tests/attacks/cookie_names.rs",
                "a_cookie_value_is_invalid_under_the_name_of_another_cookie",
            ),
        ],
        patch: Some("cookie-names-not-filtered"),
        express: "express-session takes the first cookie of its name. The name is a setting, and \
                  `connect.sid` has no prefix.",
        evidence: |facts| {
            let names = [SESSION, VISITOR, DEVICE];
            let names = names.map(|name| format!("`{name}{}`", facts.app.cookie_suffix));
            vec![text("This site reads", names.join(", "))]
        },
    },
    Practice {
        name: "back-button",
        title: "The Back button after logout",
        risk: "The next person at the computer presses Back and reads the page from before the \
               logout.",
        does: "Every page says `Cache-Control: no-store`, so the browser keeps no copy, and Back \
               sends a new request: that leads to the login. Static files may be cached for a \
               year. A logout also forgets an opened reset link.",
        code: &[at("src/web/headers.rs", "add"), at("src/web/visitor.rs", "Visitor::end_session")],
        tests: &[
            at("tests/browser/privacy.rs", "the_back_button_shows_no_user_data_after_logout"),
            at(
                "tests/flows/logout.rs",
                "the_next_user_of_the_browser_sees_no_data_of_the_previous_one",
            ),
        ],
        patch: None,
        express: "Express sends an `ETag` and no `Cache-Control`, so browsers may keep the page.",
        evidence: |facts| {
            vec![code(
                "Cache-Control of this page",
                facts.header("cache-control").unwrap_or("none"),
            )]
        },
    },
];
