//! A line of evidence: a label, and what this visitor can see of a practice now.

use std::time::Duration;

use time::OffsetDateTime;

use crate::web::human_time::{self, Time};

pub struct Evidence {
    pub label: &'static str,
    pub value: Value,
}

pub enum Value {
    /// With code in backticks.
    Text(String),
    Moment(Time),
    /// What a script of the page finds in `document.cookie`. Without scripts: an explanation.
    ReadByScripts,
}

pub fn text(label: &'static str, text: impl Into<String>) -> Evidence {
    Evidence { label, value: Value::Text(text.into()) }
}

/// The whole text is code.
pub fn code(label: &'static str, code: &str) -> Evidence {
    text(label, format!("`{}`", code.replace('`', "'")))
}

pub fn moment(label: &'static str, at: OffsetDateTime) -> Evidence {
    Evidence { label, value: Value::Moment(human_time::moment(at)) }
}

pub fn span(label: &'static str, duration: Duration) -> Evidence {
    text(label, human_time::span(duration))
}

/// How a number of things is said: `1 passkey`, `2 passkeys`.
pub fn count(number: i64, one: &str) -> String {
    match number {
        0 => format!("No {one}"),
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}
