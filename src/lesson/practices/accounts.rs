//! The practices of accounts: passwords, emails, and attempts that are counted.

use std::time::Duration;

use argon2::Params;

use super::Practice;
use super::evidence::{code, count, span, text};
use crate::accounts::token::Purpose;
use crate::lesson::source::at;
use crate::throttle::limits::{self, Action, Scope};
use crate::web::human_time;

pub(super) static PRACTICES: [Practice; 5] = [
    Practice {
        name: "password-hashing",
        title: "Password hashing with Argon2id",
        risk: "A stolen database is a list of hashes to guess at. A fast hash lets an attacker try \
               billions a second; a slow one lets a flood of logins stop the site.",
        does: "Passwords are hashed with Argon2id, with a random salt each, at OWASP's settings or \
               above. A login replaces a hash that is weaker than today's settings. Hashes run on \
               threads of their own, in a bounded number and with a bounded queue: beyond it, the \
               response is 503. A job keeps its place when its client disconnects.",
        code: &[
            at("src/accounts/password/argon2id.rs", "hash"),
            at("src/accounts/password/hasher.rs", "Hasher::run"),
        ],
        tests: &[
            at("tests/flows/login.rs", "a_weak_hash_is_rehashed_at_the_next_login"),
            at(
                "tests/attacks/hashing_flood.rs",
                "sixty_four_concurrent_logins_are_hashed_two_at_a_time",
            ),
            at(
                "tests/attacks/hashing_flood.rs",
                "a_hashing_job_keeps_its_permit_after_the_client_disconnects",
            ),
            at(
                "tests/attacks/hashing_flood.rs",
                "a_login_that_finds_the_hashing_queue_full_gets_503",
            ),
        ],
        patch: Some("hashing-queue-not-limited"),
        express: "`bcrypt.compare` runs on the thread pool of Node, four at once with an unbounded \
                  queue, and ignores everything after 72 bytes.",
        evidence: |facts| {
            let today = code("A new hash", &phc(&facts.app.config.argon2));
            match facts.login.as_ref().map(|login| &login.account.argon2) {
                Some(Some(argon2)) => vec![code("Your hash", argon2), today],
                Some(None) => vec![
                    text("Your hash", "Of another scheme. Your next login replaces it."),
                    today,
                ],
                None => vec![today],
            }
        },
    },
    Practice {
        name: "account-enumeration",
        title: "No account enumeration",
        risk: "An attacker learns which emails have an account, and then guesses, phishes or \
               blackmails these people only.",
        does: "A failed login, a sign-up, a reset and “Resend email” get the same page for every \
               address, after the same statements and the same run of Argon2; only the email \
               differs. A user exists only once the address is verified, so nobody can register \
               somebody else's address and wait. `docs/security.md` lists what an attacker can \
               still measure.",
        code: &[
            at("src/accounts/password/hasher.rs", "Hasher::verify"),
            at("src/flows/register.rs", "submit"),
        ],
        tests: &[
            at("tests/attacks/enumeration.rs", "every_failed_login_gets_the_same_response"),
            at(
                "tests/attacks/enumeration_by_mail.rs",
                "registration_reset_and_resend_respond_alike_to_known_and_unknown_emails",
            ),
            at("tests/attacks/journeys.rs", "no_sequence_of_requests_shows_who_has_an_account"),
        ],
        patch: Some("unknown-email-skips-argon2"),
        express: "The usual `verify` of passport-local returns before `bcrypt.compare` if the user \
                  is unknown, so the response time shows whether the account exists.",
        evidence: |facts| {
            vec![code("A login of an unknown address runs", &phc(&facts.app.config.argon2))]
        },
    },
    Practice {
        name: "limits",
        title: "Throttling and rate limits",
        risk: "A program tries a million passwords on one account, or one password on a million \
               accounts. A simple lock lets strangers lock the owner out.",
        does: "PostgreSQL counts each attempt before it is evaluated: per account, per IP address \
               and per pair. Each further attempt waits twice as long. Rejected attempts are not \
               counted, so retrying extends no wait. A browser that has logged in before has \
               counters of its own, so strangers cannot lock its owner out. A rate limit in memory \
               rejects floods first.",
        code: &[
            at("src/throttle.rs", "Throttle::admit"),
            at("src/throttle/limits.rs", "Key"),
            at("src/web/rate_limit.rs", "limit_posts"),
        ],
        tests: &[
            at(
                "tests/attacks/brute_force.rs",
                "concurrent_guesses_get_no_more_attempts_than_sequential_ones",
            ),
            at(
                "tests/attacks/spraying.rs",
                "one_ip_address_cannot_try_one_password_on_500_accounts",
            ),
            at(
                "tests/attacks/owner_lock_out.rs",
                "a_session_and_a_known_device_work_while_the_account_is_throttled",
            ),
        ],
        patch: Some("attempts-counted-after-verification"),
        express: "express-rate-limit counts per IP address, by default in the memory of one \
                  process.",
        evidence: |facts| {
            let mut evidence = vec![
                code("Your IP address, as it is counted", &facts.address),
                text(
                    "This browser",
                    match facts.device_values {
                        0 => "Has not logged in before: it shares the counters of strangers.",
                        _ => "Has logged in before: it has counters of its own.",
                    },
                ),
            ];
            let scopes = [
                ("Logins to one account", Scope::Account),
                ("Logins from one IP address", Scope::IpAddress),
            ];
            for (label, scope) in scopes {
                if let Some(limit) = limits::find(Action::Login, scope) {
                    let (free, longest) = (limit.free, human_time::span(limit.longest_wait));
                    evidence
                        .push(text(label, format!("{free} at once, then a wait, up to {longest}")));
                }
            }
            evidence
        },
    },
    Practice {
        name: "one-use-links",
        title: "One-use links and codes",
        risk: "Somebody finds an old reset link in a mailbox, a log or a history, and changes the \
               password with it.",
        does: "A token has 256 bits and one purpose; the database has its SHA-256. The statement \
               that accepts a link deletes it, so of fifty concurrent clicks one succeeds. The link \
               that verifies an email address works again, and changes nothing more. A GET changes \
               nothing, because mail scanners follow links. A credential change discards every link \
               that grants access. Links begin with `BASE_URL`, whatever `Host` says. The code \
               beside a link allows five guesses, then one after each wait.",
        code: &[
            at("src/accounts/token.rs", "take"),
            at("src/accounts/token.rs", "Purpose::lifetime"),
        ],
        tests: &[
            at("tests/attacks/token_race.rs", "of_fifty_concurrent_uses_of_one_token_one_succeeds"),
            at(
                "tests/attacks/token_race.rs",
                "of_a_hundred_concurrent_code_guesses_five_are_verified",
            ),
            at(
                "tests/attacks/mail_poisoning.rs",
                "a_mailed_link_uses_the_configured_origin_and_not_the_request",
            ),
            at("tests/flows/password/reset.rs", "a_reset_link_expires_after_30_minutes"),
        ],
        patch: Some("code-guesses-not-limited"),
        express: "A common pattern looks the token up, changes the password, and deletes the token \
                  afterwards: of two concurrent requests both succeed. Links are often built from \
                  `req.headers.host`.",
        evidence: |facts| {
            let lifetime = |label, purpose: Purpose| span(label, purpose.lifetime());
            vec![
                lifetime("A reset link is valid for", Purpose::Reset),
                lifetime("A link that verifies an email, for", Purpose::Verify),
                text(
                    "This browser has opened",
                    match facts.reset_opened {
                        true => "A reset link. The token is not in the URL any more.",
                        false => "No reset link",
                    },
                ),
                code("A link begins with", &facts.app.origin.url),
            ]
        },
    },
    Practice {
        name: "this-wasnt-me",
        title: "Security notices, and “This wasn't me”",
        risk: "A thief changes the password and the email, and the owner learns of it when it is \
               too late to do anything.",
        does: "Each change is written to the history of the account and reported by email, in the \
               transaction of the change. The link “This wasn't me” in it needs no login: it ends \
               every session, makes the password invalid until a reset, removes second factors \
               of the last 7 days, and restores an email that was changed. A thief cannot \
               discard it.",
        code: &[at("src/flows/not_me.rs", "recover"), at("src/accounts/audit.rs", "record")],
        tests: &[
            at("tests/flows/not_me.rs", "the_owner_ends_a_thiefs_access_and_resets_the_password"),
            at(
                "tests/attacks/email_takeover.rs",
                "the_old_address_undoes_the_change_for_seven_days",
            ),
            at(
                "tests/flows/account/activity.rs",
                "a_user_sees_logins_failures_and_changes_but_nothing_of_others",
            ),
        ],
        patch: Some("email-not-restored"),
        express: "No counterpart: neither express-session nor passport sends a notice or keeps a \
                  history.",
        evidence: |facts| {
            let kept = Duration::from_secs(facts.app.config.audit_retention.as_secs());
            let mut evidence = vec![
                span("The link works for", Purpose::NotMe.lifetime()),
                span("The history is kept for", kept),
            ];
            if let Some(login) = &facts.login {
                evidence.push(text("In your history", count(login.account.events, "event")));
                evidence.push(text("You have used", count(login.account.devices, "device")));
            }
            evidence
        },
    },
];

/// The settings as they stand in a hash.
fn phc(params: &Params) -> String {
    let (m, t, p) = (params.m_cost(), params.t_cost(), params.p_cost());
    format!("$argon2id$v=19$m={m},t={t},p={p}")
}
