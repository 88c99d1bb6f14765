//! Formats dates and durations for people.

use std::fmt::{Display, Formatter};
use std::time::Duration;

use askama::filters::HtmlSafe;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};

/// A moment or a day as a `<time>` element. Templates print it unescaped: it consists of digits and
/// the names of months.
pub struct Time {
    datetime: String,
    /// In UTC. Also for emails, which do not know the time zone of their reader.
    pub text: String,
}

impl HtmlSafe for Time {}

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, r#"<time datetime="{}">{}</time>"#, self.datetime, self.text)
    }
}

/// `24 November 2026, 18:05 UTC`. `static/app.js` shows it in the time zone of the visitor.
pub fn moment(at: OffsetDateTime) -> Time {
    let at = at.to_offset(UtcOffset::UTC);
    let datetime = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let text =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    Time {
        datetime: at.format(&datetime).unwrap_or_default(),
        text: at.format(&text).unwrap_or_default(),
    }
}

/// `24 November 2026`, in UTC, where the time of day does not matter.
pub fn day(at: OffsetDateTime) -> Time {
    date(at.to_offset(UtcOffset::UTC).date())
}

/// The same for a date of the calendar, which has no time zone.
pub fn date(date: Date) -> Time {
    let text = format_description!("[day padding:none] [month repr:long] [year]");
    Time { datetime: date.to_string(), text: date.format(&text).unwrap_or_default() }
}

/// `1 hour`, `14 days`, `1 hour 30 minutes`
pub fn span(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let mut seconds = duration.as_secs();
    let mut words = Vec::new();
    for (size, unit) in UNITS {
        let count = seconds / size;
        seconds %= size;
        match count {
            0 => {}
            1 => words.push(format!("1 {unit}")),
            _ => words.push(format!("{count} {unit}s")),
        }
    }
    words.truncate(2);
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (3_600, "1 hour"),
            (5_400, "1 hour 30 minutes"),
            (14 * 86_400, "14 days"),
            (90_061, "1 day 1 hour"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn moments_and_days_are_in_utc() {
        let at = OffsetDateTime::from_unix_timestamp(1_795_543_500).unwrap();
        let at = at.to_offset(UtcOffset::from_hms(9, 0, 0).unwrap());
        let moment = moment(at).to_string();
        assert!(
            moment.contains("\"2026-11-24T18:05:00Z\">24 November 2026, 18:05 UTC<"),
            "{moment}"
        );
        assert_eq!(day(at).to_string(), r#"<time datetime="2026-11-24">24 November 2026</time>"#);
    }
}
