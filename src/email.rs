//! An email address as a type of its own, so that it is parsed once and always valid.
//!
//! Two email addresses belong to the same account when `canonical` is equal. Only ASCII letters are
//! folded: Unicode folding turns the Kelvin sign (U+212A) into `k`, so a look-alike domain would be
//! somebody else's account. Emails are sent to the stored email address, never to that of a form.

use std::fmt;

use email_address::{EmailAddress, Options};

/// The longest email address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MAX_BYTES: usize = 254;

/// A syntactically valid email address, with its domain in lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    address: String,
}

/// Why a text is not a valid email address. Pages show the message to the person who typed it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    #[error("Enter your email.")]
    Missing,
    #[error("This email address is too long.")]
    TooLong,
    #[error("This doesn't look like an email address. An example: ada@example.com")]
    Malformed,
}

impl Email {
    /// Parses an email address from a form. Removes only spaces around it.
    ///
    /// # Errors
    /// Rejects quoted local parts, comments, IP literals, domains without a dot and control
    /// characters. Also rejects everything outside ASCII, because look-alike letters deceive the
    /// people who read the email address. An internationalised domain is valid in punycode.
    pub fn parse(typed: &str) -> Result<Self, EmailError> {
        let typed = typed.trim_matches(' ');
        if typed.is_empty() {
            return Err(EmailError::Missing);
        }
        if typed.len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        let options =
            Options::default().with_required_tld().without_domain_literal().without_display_text();
        let parsed =
            EmailAddress::parse_with_options(typed, options).map_err(|_| EmailError::Malformed)?;
        let local = parsed.local_part();
        if !typed.is_ascii() || local.contains(['"', '(', ')']) || typed.contains(char::is_control)
        {
            return Err(EmailError::Malformed);
        }
        Ok(Self { address: format!("{local}@{}", parsed.domain().to_ascii_lowercase()) })
    }

    /// The form that identifies an account: all letters in lower case.
    ///
    /// RFC 5321 allows a mail server to distinguish `Ada@` from `ada@`. Hardly any server does, and
    /// people do not remember which one they typed.
    pub fn canonical(&self) -> String {
        self.address.to_ascii_lowercase()
    }

    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// `a***@example.com`: enough for its owner to recognise it, not to send an email to it.
    pub fn masked(&self) -> String {
        let (local, domain) = self.address.split_once('@').unwrap_or_default();
        format!("{}***@{domain}", &local[..local.len().min(1)])
    }
}

/// Masked, so that logs contain no full email address.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(typed: &str) -> Result<String, EmailError> {
        Email::parse(typed).map(|email| email.canonical())
    }

    #[test]
    fn case_does_not_make_another_account() {
        assert_eq!(canonical(" Ada@EXAMPLE.com "), Ok("ada@example.com".into()));
        assert_eq!(Email::parse("Ada@EXAMPLE.com").unwrap().as_str(), "Ada@example.com");
    }

    #[test]
    fn look_alikes_and_smuggled_headers_are_refused() {
        for typed in [
            "ada",
            "ada@localhost",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com\0",
            "ada@example.com,eve@example.com",
            "Ada <ada@example.com>",
            "\"ada eve\"@example.com",
            "ada(comment)@example.com",
            "ada@[192.0.2.1]",
            "ada@\u{212a}elvin.example",
            "ada\u{ff20}example.com",
            "\u{202e}ada@example.com",
            "ada@exam\u{200b}ple.com",
            "ada@example.com.",
            "ada@@example.com",
            ".ada@example.com",
        ] {
            assert_eq!(canonical(typed), Err(EmailError::Malformed), "{typed:?}");
        }
    }

    #[test]
    fn lengths_are_limited() {
        let domain = format!("{}.example", "d".repeat(60));
        assert!(canonical(&format!("{}@{domain}", "a".repeat(64))).is_ok());
        assert_eq!(canonical(&format!("{}@{domain}", "a".repeat(65))), Err(EmailError::Malformed));
        assert_eq!(canonical(&"a".repeat(255)), Err(EmailError::TooLong));
        assert_eq!(canonical("  "), Err(EmailError::Missing));
    }

    #[test]
    fn debug_does_not_print_the_address() {
        assert_eq!(format!("{:?}", Email::parse("ada@example.com").unwrap()), "a***@example.com");
    }
}
