//! Formats dates and durations for people.

use std::time::Duration;

use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// `24 November 2026, 18:05 UTC`
pub fn moment(at: OffsetDateTime) -> String {
    let format =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    at.to_offset(UtcOffset::UTC).format(&format).unwrap_or_default()
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
    fn moments_are_in_utc() {
        let at = OffsetDateTime::from_unix_timestamp(1_795_543_500).unwrap();
        assert_eq!(moment(at), "24 November 2026, 18:05 UTC");
    }
}
