//! The practices of second factors and passkeys.
//!
//! The code of both may move: this is the only file of the lesson that names it.

use super::Practice;
use super::evidence::{code, count, text};
use crate::accounts::passkey::KIND;
use crate::lesson::source::{Place, at};

const CHECK_CODE: Place = at("src/accounts/totp.rs", "check");
const REQUIRE_FACTOR: Place = at("src/web/sudo.rs", "require_factor");
const VERIFY_PASSKEY: Place = at("src/passkeys/ceremony.rs", "verify");
const TAKE_CHALLENGE: Place = at("src/accounts/passkey/challenge.rs", "take");

const CODE_TESTS: [Place; 3] = [
    at("tests/attacks/second_factor.rs", "of_a_hundred_concurrent_guesses_five_are_evaluated"),
    at("tests/attacks/second_factor.rs", "of_thirty_concurrent_uses_of_one_code_one_succeeds"),
    at(
        "tests/attacks/second_factor.rs",
        "a_stolen_session_and_the_password_cannot_change_a_second_factor",
    ),
];
const PASSKEY_TESTS: [Place; 3] = [
    at("tests/attacks/passkeys.rs", "a_signature_for_another_origin_or_site_is_rejected"),
    at("tests/attacks/passkeys.rs", "an_answer_works_once_and_only_for_the_visitor_who_was_asked"),
    at("tests/attacks/passkeys.rs", "without_user_verification_a_passkey_is_rejected"),
];

pub(super) static PRACTICES: [Practice; 2] = [
    Practice {
        name: "second-factors",
        title: "Second factors",
        risk: "A password that was used elsewhere leaks there, and works here.",
        does: "With an authenticator app or a passkey, the right password only leads to a second \
               step, which begins the session. A code works once: one `update` uses up its time \
               step. Codes are counted per account, before they are checked. The secret of an app \
               is stored encrypted, recovery codes as hashes. To change a second factor takes a \
               second factor.",
        code: &[CHECK_CODE, REQUIRE_FACTOR],
        tests: &CODE_TESTS,
        patch: Some("code-accepted-twice"),
        express: "otplib checks a code; that it works once, and that guesses are counted, is left \
                  to the app. The flag of a half login is often set beside the user ID.",
        evidence: |facts| {
            let required = match facts.app.config.require_second_factor {
                true => "Yes: without one, every page leads to its setup",
                false => "No: a user decides",
            };
            let mut evidence = vec![text("This site requires one", required)];
            if let Some(login) = &facts.login {
                let account = &login.account;
                let own = login.factors.iter().map(|owned| owned.factor.title);
                let own = own.collect::<Vec<_>>().join(", ");
                evidence.push(text("You have", if own.is_empty() { "None" } else { own.as_str() }));
                evidence.push(text("Left", count(account.recovery_codes, "recovery code")));
                evidence.push(text(
                    "Proved in this session",
                    match login.session.second_factor_ago {
                        Some(_) => "Yes",
                        None => "No: a password began it",
                    },
                ));
            }
            evidence
        },
    },
    Practice {
        name: "passkeys",
        title: "Passkeys",
        risk: "Phishing: people type a password, and a code too, into a page that only looks like \
               this one.",
        does: "A passkey signs a challenge together with the origin that the browser sees, so a \
               signature that a phishing site got is invalid here. The challenge has 32 random \
               bytes, stays on the server, and is used once. The authenticator has to verify its \
               user, so a passkey is two factors and needs no password. A sign count that does not \
               grow is rejected.",
        code: &[VERIFY_PASSKEY, TAKE_CHALLENGE],
        tests: &PASSKEY_TESTS,
        patch: Some("passkey-challenge-used-twice"),
        express: "`@simplewebauthn/server` verifies the signature. To keep the challenge, and to \
                  use it once, is left to the app.",
        evidence: |facts| {
            let mut evidence = vec![code("A signature has to name", &facts.app.origin.url)];
            if let Some(login) = &facts.login {
                let own = login.factors.iter().find(|owned| owned.factor.kind == KIND);
                let passkeys = own.map_or(0, |owned| owned.count as i64);
                evidence.push(text("You have", count(passkeys, "passkey")));
            }
            evidence
        },
    },
];
