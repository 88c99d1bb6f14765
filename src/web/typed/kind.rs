//! The kinds of values that a `Typed` field can have. For a kind of your own, such as a telephone
//! number, implement `Kind`, and add its message to `Mistake`.

use time::Date;
use time::macros::format_description;

/// A kind of value, and how it is read.
pub trait Kind {
    type Value;

    /// Reads the typed text, without spaces around it.
    ///
    /// # Errors
    /// The mistake in the text.
    fn parse(text: &str) -> Result<Self::Value, Mistake>;
}

/// A mistake in a typed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    Empty,
    /// The most characters that are allowed.
    TooLong(usize),
    ControlCharacter,
    /// The smallest and the greatest number.
    NotANumber(i64, i64),
    NotADate,
    NoChoice,
}

impl Mistake {
    /// The message at the field. Every message of a typed field is written here.
    pub fn sentence(self) -> String {
        match self {
            Self::Empty => "Fill in this field.".to_owned(),
            Self::TooLong(most) => format!("Use up to {most} characters."),
            Self::ControlCharacter => "Use text without control characters.".to_owned(),
            Self::NotANumber(least, most) => {
                format!("Enter a whole number from {least} to {most}.")
            }
            Self::NotADate => "Enter a date that exists, like 2026-11-24.".to_owned(),
            Self::NoChoice => "Choose one of these.".to_owned(),
        }
    }
}

/// One line of text, of at most `MOST` characters.
pub struct Line<const MOST: usize>;

impl<const MOST: usize> Kind for Line<MOST> {
    type Value = String;

    fn parse(text: &str) -> Result<String, Mistake> {
        check_text(text, MOST, char::is_control)
    }
}

/// Text of several lines, as a text area sends it. Its value has `\n` between the lines.
pub struct Lines<const MOST: usize>;

impl<const MOST: usize> Kind for Lines<MOST> {
    type Value = String;

    fn parse(text: &str) -> Result<String, Mistake> {
        // A browser sends \r\n, however the text was typed (HTML, "constructing the entry list").
        let text = text.replace("\r\n", "\n");
        check_text(&text, MOST, |c| c.is_control() && !matches!(c, '\n' | '\t'))
    }
}

/// Control characters are rejected most of all because of NUL, which PostgreSQL cannot store.
fn check_text(text: &str, most: usize, is_bad: fn(char) -> bool) -> Result<String, Mistake> {
    match text {
        "" => Err(Mistake::Empty),
        text if text.chars().count() > most => Err(Mistake::TooLong(most)),
        text if text.contains(|c| is_bad(c) || reorders(c)) => Err(Mistake::ControlCharacter),
        text => Ok(text.to_owned()),
    }
}

/// Unicode's embeddings, overrides and isolates. They reorder the text around them, so a name could
/// read as another one on a page that also shows it to others (CVE-2021-42574).
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A whole number between two limits, both included.
pub struct Number<const LEAST: i64, const MOST: i64>;

impl<const LEAST: i64, const MOST: i64> Kind for Number<LEAST, MOST> {
    type Value = i64;

    fn parse(text: &str) -> Result<i64, Mistake> {
        let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
        number.ok_or(if text.is_empty() {
            Mistake::Empty
        } else {
            Mistake::NotANumber(LEAST, MOST)
        })
    }
}

/// A day of the calendar, as `<input type="date">` sends it: year, month and day, without a time
/// zone.
impl Kind for Date {
    type Value = Self;

    fn parse(text: &str) -> Result<Self, Mistake> {
        if text.is_empty() {
            return Err(Mistake::Empty);
        }
        // time also reads signs, and the year 0, which PostgreSQL writes as 1 BC.
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && !text.starts_with('-');
        let date = Date::parse(text, &format_description!("[year]-[month]-[day]")).ok();
        date.filter(|date| plain && date.year() > 0).ok_or(Mistake::NotADate)
    }
}

/// A field that may be left empty.
impl<K: Kind> Kind for Option<K> {
    type Value = Option<K::Value>;

    fn parse(text: &str) -> Result<Self::Value, Mistake> {
        if text.is_empty() { Ok(None) } else { K::parse(text).map(Some) }
    }
}

/// One of a few values: an enum for `form::select`, `form::radio` or `form::checkboxes`.
pub trait Choice: Copy + 'static {
    /// In the order of the page.
    const ALL: &'static [Self];

    /// What the form sends.
    fn name(self) -> &'static str;

    /// What people read.
    fn label(self) -> &'static str;
}

impl<C: Choice> Kind for C {
    type Value = Self;

    fn parse(text: &str) -> Result<Self, Mistake> {
        Self::ALL.iter().copied().find(|choice| choice.name() == text).ok_or(Mistake::NoChoice)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn lines_of_text_have_a_limit_and_no_control_characters() {
        assert_eq!(Line::<3>::parse("äöü"), Ok("äöü".to_owned()));
        assert_eq!(Line::<3>::parse(""), Err(Mistake::Empty));
        assert_eq!(Line::<3>::parse("four"), Err(Mistake::TooLong(3)));
        for text in ["a\0", "a\nb", "a\tb", "\u{9b}", "a\u{202e}b"] {
            assert_eq!(Line::<9>::parse(text), Err(Mistake::ControlCharacter), "{text:?}");
        }
        assert_eq!(Lines::<9>::parse("a\r\n\tb\nc"), Ok("a\n\tb\nc".to_owned()));
        assert_eq!(Lines::<3>::parse("a\r\nb"), Ok("a\nb".to_owned()));
        for text in ["a\0", "a\rb", "\u{1b}[31m", "a\u{2066}b"] {
            assert_eq!(Lines::<9>::parse(text), Err(Mistake::ControlCharacter), "{text:?}");
        }
    }

    #[test]
    fn numbers_stay_within_their_limits() {
        for (text, number) in [("0", 0), ("-5", -5), ("+7", 7), ("007", 7), ("10", 10)] {
            assert_eq!(Number::<-5, 10>::parse(text), Ok(number), "{text}");
        }
        assert_eq!(Number::<-5, 10>::parse(""), Err(Mistake::Empty));
        for text in ["-6", "11", "abc", "1.0", "1e3", "1 0", "0x1", "٣", "99999999999999999999"] {
            assert_eq!(Number::<-5, 10>::parse(text), Err(Mistake::NotANumber(-5, 10)), "{text}");
        }
    }

    fn day(text: &str) -> Result<Date, Mistake> {
        <Date as Kind>::parse(text)
    }

    #[test]
    fn dates_exist_in_the_calendar() {
        assert_eq!(day("2028-02-29"), Ok(date!(2028 - 02 - 29)));
        assert_eq!(day("9999-12-31"), Ok(date!(9999 - 12 - 31)));
        assert_eq!(day(""), Err(Mistake::Empty));
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "0000-01-01",
            "-2026-01-01",
            "+2026-01-01",
            "26-01-01",
            "2026-1-1",
            "24.11.2026",
            "20261124",
            "2026-11-24T00:00",
            "tomorrow",
        ] {
            assert_eq!(day(text), Err(Mistake::NotADate), "{text}");
        }
    }

    #[test]
    fn an_empty_optional_field_is_none() {
        assert_eq!(Option::<Number<0, 9>>::parse(""), Ok(None));
        assert_eq!(Option::<Number<0, 9>>::parse("4"), Ok(Some(4)));
        assert_eq!(Option::<Number<0, 9>>::parse("x"), Err(Mistake::NotANumber(0, 9)));
    }
}
