//! What the attacker sees of a sequence and what it costs the site, as lines to compare.
//!
//! Masked are only the date, the request ID, tokens, the minute of a session's end, and the
//! attacker's own input and mail. Seconds in headers may differ by the duration of a replay.

use std::time::Duration;

use crate::support::requests::BrowserResponse;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// The seconds of `Retry-After` or `Max-Age`.
    pub seconds: Option<u64>,
}

/// The result of one action.
#[derive(Default)]
pub struct Seen {
    /// What the attacker can see or measure: responses, and the runs of Argon2.
    pub visible: Vec<Line>,
    /// Statements that write, and the counters of the throttle.
    pub cost: Vec<Line>,
}

pub struct Transcript {
    pub actions: Vec<Seen>,
    pub took: Duration,
}

/// Which half of the transcript is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Visible,
    Cost,
}

/// The first line in which two replays of one sequence differ.
#[derive(Debug)]
pub struct Difference {
    /// The index of the action, from 0.
    pub action: usize,
    pub lines: [String; 2],
}

impl From<String> for Line {
    fn from(text: String) -> Line {
        Line { text, seconds: None }
    }
}

impl Line {
    fn show(&self) -> String {
        let seconds = self.seconds.map(|seconds| format!(" ({seconds} s)"));
        format!("{}{}", self.text, seconds.unwrap_or_default())
    }
}

/// The lines of a response. `typed`: the attacker's values, and the names that replace them.
pub fn lines(answer: &BrowserResponse, typed: &[(&str, &str)]) -> Vec<Line> {
    let mask = |text: &str| {
        let mut text = text.to_owned();
        for (secret, name) in typed {
            text = text.replace(secret, name).replace(&secret.replace('@', "%40"), name);
        }
        text
    };
    let request = format!("{} {}", answer.method, path(&mask(answer.url.path())));
    let mut headers: Vec<Line> = Vec::new();
    for (name, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.push(match name.as_str() {
            "date" => "date".to_owned().into(),
            "set-cookie" => cookie(&value),
            "retry-after" => Line { text: "retry-after".to_owned(), seconds: value.parse().ok() },
            name => format!("{name}: {}", path(&mask(&value))).into(),
        });
    }
    headers.sort_by(|one, other| one.text.cmp(&other.text));
    let mut body = mask(&answer.body);
    cut(&mut body, "name=\"csrf\" value=\"", "\"");
    cut(&mut body, "name=\"link\" value=\"", "\"");
    cut(&mut body, "give this number: <code>", "</code>");
    // The next minute may begin between two replays.
    cut(&mut body, "<p>Ends ", " UTC");
    cut(&mut body, "It works until ", " UTC");
    let body = body.lines().map(|line| line.to_owned().into());
    [format!("{request}: {}", answer.status).into()]
        .into_iter()
        .chain(headers)
        .chain(body)
        .collect()
}

/// The name, the attributes, and the length of the encrypted value, percent-decoded.
fn cookie(line: &str) -> Line {
    let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let length = value.len() - 2 * value.matches('%').count();
    let mut seconds = None;
    let attributes = attributes.split(';').map(|attribute| match attribute.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("max-age") => {
            seconds = value.parse().ok();
            name.to_owned()
        }
        // A date, which browsers ignore beside Max-Age (RFC 6265 §5.3).
        Some((name, _)) if name.trim().eq_ignore_ascii_case("expires") => name.to_owned(),
        _ => attribute.to_owned(),
    });
    let attributes = attributes.collect::<Vec<_>>().join(";");
    Line { text: format!("set-cookie: {name} of {length} bytes;{attributes}"), seconds }
}

/// The path, with `TOKEN` in place of a random token (32 bytes in base64).
fn path(text: &str) -> String {
    let segments = text.split('/').map(|part| if part.len() == 43 { "TOKEN" } else { part });
    segments.collect::<Vec<_>>().join("/")
}

/// Removes the text between each `before` and the next `after`.
fn cut(text: &mut String, before: &str, after: &str) {
    let mut from = 0;
    while let Some(found) = text[from..].find(before) {
        from += found + before.len();
        let end = text[from..].find(after).map_or(text.len(), |length| from + length);
        text.replace_range(from..end, "");
    }
}

pub fn first_difference(one: &Transcript, other: &Transcript, half: Half) -> Option<Difference> {
    let slack = 1 + one.took.max(other.took).as_secs();
    let alike = |one: &Line, other: &Line| {
        let seconds = match (one.seconds, other.seconds) {
            (Some(one), Some(other)) => one.abs_diff(other) <= slack,
            (one, other) => one == other,
        };
        one.text == other.text && seconds
    };
    for (action, (one, other)) in one.actions.iter().zip(&other.actions).enumerate() {
        let (one, other) = match half {
            Half::Visible => (&one.visible, &other.visible),
            Half::Cost => (&one.cost, &other.cost),
        };
        for index in 0..one.len().max(other.len()) {
            let (one, other) = (one.get(index), other.get(index));
            if !one.zip(other).is_some_and(|(one, other)| alike(one, other)) {
                let show = |line: Option<&Line>| line.map_or("nothing".to_owned(), Line::show);
                return Some(Difference { action, lines: [show(one), show(other)] });
            }
        }
    }
    None
}
