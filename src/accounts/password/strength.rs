//! Rates new passwords: rejects those that are too short, or among an attacker's first guesses.
//!
//! There are no rules about classes of characters (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2.5). zxcvbn
//! knows common passwords and words, and is given the name of this site and the email address (ASVS
//! 6.2.4, 6.2.11). A rejection states the reason and gives advice.

use zxcvbn::{Score, zxcvbn};

use super::typed::{MAX_LENGTH, Password};

/// How many characters are rated. zxcvbn tries every reading of `4`, `@`, `1` … as letters, so a
/// crafted password of 256 characters would take seconds (dropbox/zxcvbn#326). Further characters
/// do not make a password easier to guess, so a rating of the first ones is a lower bound.
const RATED: usize = 40;

/// Why a password is rejected and how to choose a better one, in words for the person who chose it.
#[derive(Debug, PartialEq, Eq)]
pub struct Weakness {
    pub reason: String,
}

/// The requirements for a new password.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The minimum length, in code points.
    pub minimum: usize,
    /// Words that an attacker of this account would try first: its email address, the name of the
    /// site. zxcvbn searches each part of the password for each word, so pass only an email address
    /// that was parsed: 16 KiB of words would take seconds.
    pub known: Vec<String>,
}

/// Checks only the length, which is cheap.
///
/// # Errors
/// When the password is empty, too short or too long.
pub fn check_length(password: &Password, minimum: usize) -> Result<(), Weakness> {
    let reason = match password.length() {
        0 => "Choose a password.".to_owned(),
        length if length < minimum => {
            format!("Use at least {minimum} characters. This one has {length}.")
        }
        length if length > MAX_LENGTH => {
            format!("Use at most {MAX_LENGTH} characters. This one has {length}.")
        }
        _ => return Ok(()),
    };
    Err(Weakness { reason })
}

/// Checks a new password. Takes up to 0.1 s of a core, so `Hasher::hash_new` runs it as a job.
pub(super) fn check(password: &Password, rules: &Rules) -> Result<(), Weakness> {
    check_length(password, rules.minimum)?;
    let words: Vec<&str> = rules.known.iter().flat_map(|text| words_of(text)).collect();
    let rated: String = password.expose().chars().take(RATED).collect();
    let estimate = zxcvbn(&rated, &words);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let mut reason = "This password is too easy to guess.".to_owned();
    if let Some(feedback) = estimate.feedback() {
        let warning = feedback.warning().map(|warning| warning.to_string());
        // The last one is about this password; the first one says what the hint of the field says.
        let advice = feedback.suggestions().last().map(ToString::to_string);
        for sentence in warning.into_iter().chain(advice) {
            reason = format!("{reason} {}.", sentence.trim_end_matches('.'));
        }
    }
    Err(Weakness { reason })
}

/// For `ada@example.com`: the whole text, `ada`, `example` and `com`.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    std::iter::once(text).chain(text.split(['@', '.', ' ', '-', '+', '_'])).filter(|w| w.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), Weakness> {
        let known = ["ada.lovelace@example.com", "Vestibule"].map(str::to_owned).to_vec();
        super::check(&Password::typed(password), &Rules { minimum: 15, known })
    }

    #[test]
    fn length_counts_code_points() {
        assert!(check("éüßøłžéüßøłžéü").is_err());
        assert!(check("éüßøłžkéüqøłžéx").is_ok());
        assert!(check("🦀🚪🗝🪟🏠🦊🌲🪵🧱🔔🧹🪑🛋🖼🕰").is_ok());
        assert!(check(&"long and winding road ".repeat(12)[..256]).is_ok() || MAX_LENGTH != 256);
        assert!(check(&"x7!k".repeat(65)).unwrap_err().reason.contains("at most 256"));
    }

    #[test]
    fn what_an_attacker_tries_first_is_refused_with_the_reason() {
        for password in [
            "passwordpassword",
            "123456789012345",
            "aaaaaaaaaaaaaaaaaaa",
            "qwertyuiopasdfghjkl",
            "ada.lovelace@example.com",
            "vestibulevestibule",
        ] {
            let refusal = check(password).expect_err(password);
            assert!(refusal.reason.contains("easy to guess"), "{password}: {}", refusal.reason);
            assert!(refusal.reason.ends_with('.') && !refusal.reason.contains(".."), "{refusal:?}");
        }
    }

    /// Limits the cost of a crafted password; see also `tests/attacks/crafted_password.rs`.
    #[test]
    fn only_the_first_characters_are_rated() {
        let strong = "trombone velvet lighthouse";
        assert_eq!(check(&format!("{strong}{}", "a".repeat(RATED))), Ok(()));
        assert!(check(&format!("{}{strong}", "a".repeat(RATED))).is_err());
    }

    #[test]
    fn a_few_words_or_only_digits_are_fine() {
        assert_eq!(check("trombone velvet lighthouse"), Ok(()));
        assert_eq!(check("604179385216047"), Ok(()));
    }
}
