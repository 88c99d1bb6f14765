//! What pages say about authenticator apps, and their audit events.

use super::Factor;
use crate::accounts::audit::FeatureKind;
use crate::accounts::totp::KIND;

pub const FACTOR: Factor = Factor {
    kind: KIND,
    title: "Authenticator app",
    page: "/account/totp",
    add: "Set up",
    set_up: "set up an authenticator app",
    login_page: "/login/totp",
    login_link: "Use the code of your app",
    strength: "Your account is protected by your password and your authenticator app.",
    advice: "",
    offer: "Protect your account by a second step: after your password, a code that only your \
            phone shows.",
    code: Some("Code of your app"),
    button: None,
    events: &[&SET_UP, &TURNED_OFF],
};

/// An app was set up, or another one in its place.
pub const SET_UP: FeatureKind = FeatureKind {
    name: "account.totp",
    owasp_name: "authn_second_factor_added",
    words: "Authenticator app set up, every other device logged out",
    is_alarming: false,
};

pub const TURNED_OFF: FeatureKind = FeatureKind {
    name: "account.totp.turn-off",
    owasp_name: "authn_second_factor_removed",
    words: "Authenticator app removed, every other device logged out",
    is_alarming: false,
};
