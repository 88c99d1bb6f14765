//! Who may open the pages of passkeys. `tests/flows/access.rs` requests them.

use crate::attacks::foreign_objects::Object;
use crate::flows::access::Expected::{JsonOnly, NotFound, Page, To};
use crate::flows::access::Rows;

pub const ROWS: Rows = Rows {
    expected: &[
        ("GET", "/login/passkey", To("/login?next=%2Fapp"), To("/login?next=%2Fapp")),
        ("GET", "/login/passkey/start", To("/login"), To("/login")),
        ("POST", "/login/passkey/start", JsonOnly, JsonOnly),
        ("GET", "/login/passkey/finish", To("/login"), To("/login")),
        ("POST", "/login/passkey/finish", JsonOnly, JsonOnly),
        ("GET", "/sudo/passkey/start", To("/sudo"), To("/sudo")),
        ("POST", "/sudo/passkey/start", To("/login?next=%2F"), JsonOnly),
        ("GET", "/sudo/passkey/finish", To("/sudo"), To("/sudo")),
        ("POST", "/sudo/passkey/finish", To("/login?next=%2F"), JsonOnly),
        ("GET", "/account/passkeys", To("/login?next=%2Faccount%2Fpasskeys"), Page),
        (
            "GET",
            "/account/passkeys/start",
            To("/login?next=%2Faccount%2Fpasskeys%2Fstart"),
            To("/account/passkeys"),
        ),
        ("POST", "/account/passkeys/start", To("/login?next=%2F"), JsonOnly),
        (
            "GET",
            "/account/passkeys/finish",
            To("/login?next=%2Faccount%2Fpasskeys%2Ffinish"),
            To("/account/passkeys"),
        ),
        ("POST", "/account/passkeys/finish", To("/login?next=%2F"), JsonOnly),
        (
            "GET",
            "/account/passkeys/{id}/rename",
            To("/login?next=%2Faccount%2Fpasskeys%2F%257Bid%257D%2Frename"),
            To("/account/passkeys"),
        ),
        ("POST", "/account/passkeys/{id}/rename", To("/login?next=%2F"), NotFound),
        (
            "GET",
            "/account/passkeys/{id}/remove",
            To("/login?next=%2Faccount%2Fpasskeys%2F%257Bid%257D%2Fremove"),
            To("/account/passkeys"),
        ),
        ("POST", "/account/passkeys/{id}/remove", To("/login?next=%2F"), NotFound),
        ("GET", "/.well-known/passkey-endpoints", Page, Page),
    ],
    half_way: &[("GET", "/login/passkey", Page)],
    without_required_factor: &[],
};

const CREATE: &str = "insert into second_factors (id, user_id, kind)
                      select gen_random_uuid(), id, 'passkey' from users;
                      insert into passkeys (id, user_id, credential_id, credential, user_handle,
                                            name, backed_up)
                      select id, user_id, sha256(id::text::bytea), '{}', gen_random_uuid(), 'Key',
                             false
                      from second_factors";

/// For `tests/attacks/foreign_objects.rs`.
pub const OBJECTS: &[Object] = &[
    Object {
        route: "/account/passkeys/{id}/rename",
        table: "passkeys",
        create: CREATE,
        id: "id",
        fields: "name=Mine",
    },
    Object {
        route: "/account/passkeys/{id}/remove",
        table: "passkeys",
        create: CREATE,
        id: "id",
        fields: "",
    },
];

pub const NO_IDS: &[(&str, &str)] = &[
    ("authenticator_data", "only a proposed name depends on it"),
    ("credential", "signed by its key; tests/attacks/passkeys.rs"),
    ("name", "typed"),
];
