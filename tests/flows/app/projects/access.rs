//! Who may open the pages of projects. `tests/flows/access.rs` requests them, and
//! `tests/attacks/foreign_objects.rs` with the IDs of others.

use crate::attacks::foreign_objects::Object;
use crate::flows::access::Expected::{Malformed, NotFound, Page, To};
use crate::flows::access::Rows;

pub const ROWS: Rows = Rows {
    expected: &[
        ("GET", "/app/projects", To("/login?next=%2Fapp%2Fprojects"), Page),
        ("GET", "/app/projects/new", To("/login?next=%2Fapp%2Fprojects%2Fnew"), Page),
        ("POST", "/app/projects/new", To("/login?next=%2F"), Malformed),
        (
            "GET",
            "/app/projects/{id}/edit",
            To("/login?next=%2Fapp%2Fprojects%2F%257Bid%257D%2Fedit"),
            NotFound,
        ),
        ("POST", "/app/projects/{id}/edit", To("/login?next=%2F"), Malformed),
        (
            "GET",
            "/app/projects/{id}/delete",
            To("/login?next=%2Fapp%2Fprojects%2F%257Bid%257D%2Fdelete"),
            NotFound,
        ),
        ("POST", "/app/projects/{id}/delete", To("/login?next=%2F"), NotFound),
    ],
    half_way: &[],
    without_required_factor: &[],
};

const CREATE: &str = "insert into projects (id, user_id, name, notes, status, budget)
                      select gen_random_uuid(), id, 'Bridge', '', 'planned', 0 from users";

pub const OBJECTS: &[Object] = &[
    Object {
        route: "/app/projects/{id}/edit",
        table: "projects",
        create: CREATE,
        id: "id",
        fields: "name=Tower&notes=&status=done&due_on=&budget=5&version=1",
    },
    Object {
        route: "/app/projects/{id}/delete",
        table: "projects",
        create: CREATE,
        id: "id",
        fields: "",
    },
];

pub const IN_QUERIES: &[Object] = &[
    Object {
        route: "/app/projects?older={id}",
        table: "projects",
        create: MANY,
        id: "id",
        fields: "",
    },
    Object {
        route: "/app/projects?newer={id}",
        table: "projects",
        create: MANY,
        id: "id",
        fields: "",
    },
];

/// More than a page for each user, because a page of newer ones is shown only if it is full.
const MANY: &str = "insert into projects (id, user_id, name, notes, status, budget)
                    select gen_random_uuid(), id, 'Bridge ' || email, '', 'planned', n
                    from users, generate_series(1, 50) n";

pub const NO_IDS: &[(&str, &str)] = &[("version", "of the project that the URL names")];
