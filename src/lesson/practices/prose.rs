//! Texts with code in backticks, for templates.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub text: &'a str,
    pub is_code: bool,
}

/// Splits a text at its backticks.
pub fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    text.split('`').enumerate().map(|(index, text)| Part { text, is_code: index % 2 == 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_part_is_code() {
        let found: Vec<(&str, bool)> =
            parts("Set `Secure` always.").map(|part| (part.text, part.is_code)).collect();
        assert_eq!(found, [("Set ", false), ("Secure", true), (" always.", false)]);
    }
}
