//! What pages say about passkeys, and their audit events.

use super::{Factor, ScriptButton};
use crate::accounts::audit::FeatureKind;
use crate::accounts::passkey::KIND;

pub const FACTOR: Factor = Factor {
    kind: KIND,
    title: "Passkeys",
    page: "/account/passkeys",
    add: "Add",
    set_up: "add a passkey",
    login_page: "/login/passkey",
    login_link: "Use your passkey",
    strength: "Your account is protected by a passkey. That's the strongest way to log in here.",
    advice: "A passkey is safer still, because it can't be phished.",
    offer: "Log in faster and more safely with a passkey. It needs no password and can't be phished.",
    code: None,
    button: Some(ScriptButton {
        script: "passkeys.js",
        path: "/sudo/passkey",
        text: "Continue with a passkey",
    }),
    events: &[&ADDED, &REMOVED, &CLONED],
};

pub const ADDED: FeatureKind = FeatureKind {
    name: "account.passkeys",
    owasp_name: "authn_second_factor_added",
    words: "Passkey added, every other device logged out",
    is_alarming: false,
};

pub const REMOVED: FeatureKind = FeatureKind {
    name: "account.passkeys.remove",
    owasp_name: "authn_second_factor_removed",
    words: "Passkey removed, every other device logged out",
    is_alarming: false,
};

/// An authenticator sent a sign count that it had sent before, so there may be a copy of it.
pub const CLONED: FeatureKind = FeatureKind {
    name: "login.passkey.cloned",
    owasp_name: "authn_passkey_cloned",
    words: "Passkey rejected: there may be a copy of it",
    is_alarming: true,
};
