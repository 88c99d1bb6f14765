//! The practice of second factors, whatever their kind.

use super::Practice;
use super::evidence::{count, text};
use crate::lesson::source::{Place, at};

const VERIFY_FACTOR: Place = at("src/web/second_factor.rs", "verify");
const REQUIRE_FACTOR: Place = at("src/web/sudo.rs", "require_factor");

const CODE_TESTS: [Place; 3] = [
    at("tests/attacks/second_factor.rs", "of_a_hundred_concurrent_guesses_five_are_evaluated"),
    at("tests/attacks/second_factor.rs", "of_thirty_concurrent_uses_of_one_code_one_succeeds"),
    at(
        "tests/attacks/second_factor.rs",
        "a_stolen_session_and_the_password_cannot_change_a_second_factor",
    ),
];

pub(super) static PRACTICES: [Practice; 1] = [Practice {
    name: "second-factors",
    title: "Second factors",
    risk: "A password that was used elsewhere leaks there, and works here.",
    does: "With a second factor, the right password only leads to a second step, which begins \
               the session. A code works once: one statement uses it up. Codes are counted per \
               account, before they are checked. Recovery codes are stored as hashes. To change a \
               second factor takes a second factor.",
    code: &[VERIFY_FACTOR, REQUIRE_FACTOR],
    tests: &CODE_TESTS,
    patch: Some("second-factor-guesses-not-limited"),
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
}];
