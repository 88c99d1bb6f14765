//! The practice of passkeys.

use super::Practice;
use super::evidence::{code, count, text};
use crate::accounts::passkey::KIND;
use crate::lesson::source::{Place, at};

const VERIFY_PASSKEY: Place = at("src/passkeys/ceremony.rs", "verify");
const TAKE_CHALLENGE: Place = at("src/accounts/passkey/challenge.rs", "take");

const PASSKEY_TESTS: [Place; 3] = [
    at("tests/attacks/passkeys.rs", "a_signature_for_another_origin_or_site_is_rejected"),
    at("tests/attacks/passkeys.rs", "an_answer_works_once_and_only_for_the_visitor_who_was_asked"),
    at("tests/attacks/passkeys.rs", "without_user_verification_a_passkey_is_rejected"),
];

pub(super) static PRACTICES: [Practice; 1] = [Practice {
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
}];
