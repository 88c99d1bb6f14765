//! Who may open the pages of authenticator apps. `tests/flows/access.rs` requests them.

use crate::flows::access::Expected::{FormErrors, Page, To};
use crate::flows::access::Rows;

pub const ROWS: Rows = Rows {
    expected: &[
        ("GET", "/login/totp", To("/login?next=%2Fapp"), To("/login?next=%2Fapp")),
        ("POST", "/login/totp", To("/login?next=%2Fapp"), To("/login?next=%2Fapp")),
        ("GET", "/account/totp", To("/login?next=%2Faccount%2Ftotp"), Page),
        (
            "GET",
            "/account/totp/setup",
            To("/login?next=%2Faccount%2Ftotp%2Fsetup"),
            To("/account/totp"),
        ),
        ("POST", "/account/totp/setup", To("/login?next=%2F"), To("/account/totp")),
        (
            "GET",
            "/account/totp/turn-off",
            To("/login?next=%2Faccount%2Ftotp%2Fturn-off"),
            To("/account/totp"),
        ),
        ("POST", "/account/totp/turn-off", To("/login?next=%2F"), To("/account/totp")),
    ],
    half_way: &[("GET", "/login/totp", Page), ("POST", "/login/totp", FormErrors)],
    without_required_factor: &[
        // The test comes from the page of the setup, which has made a secret.
        ("POST", "/account/totp/setup", FormErrors),
    ],
};

/// For `tests/attacks/foreign_objects.rs`.
pub const NO_IDS: &[(&str, &str)] = &[("replace", "whether to begin again")];
