//! Which passwords may be chosen: long enough, and not among the first an attacker tries.
//!
//! No rules about classes of characters (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2.5). zxcvbn knows
//! the common passwords and words, and is told the words of this site and the person's address
//! (ASVS 6.2.4, 6.2.11). The answer says why, and what would be better.

use zxcvbn::{Score, zxcvbn};

use super::password::{MAX_LENGTH, Password};

/// How hard a password is to guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strength {
    /// 0 (among the first guesses) to 4 (out of reach).
    pub score: u8,
    pub words: &'static str,
    pub advice: Vec<String>,
}

/// Why a password is refused, in words for the person who chose it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: String,
    /// Absent where the length alone is the reason.
    pub strength: Option<Strength>,
}

/// Checks a new password. `minimum` counts code points; `known` are words an attacker of this
/// account would try first: the address, the name of the site.
pub fn check(password: &Password, minimum: usize, known: &[&str]) -> Result<(), Refusal> {
    let length = password.length();
    if length < minimum {
        let reason = match length {
            0 => "Choose a password.".to_owned(),
            _ => format!("Use at least {minimum} characters. This one has {length}."),
        };
        return Err(Refusal { reason, strength: None });
    }
    if length > MAX_LENGTH {
        let reason = format!("Use at most {MAX_LENGTH} characters. This one has {length}.");
        return Err(Refusal { reason, strength: None });
    }
    let words: Vec<&str> = known.iter().flat_map(|text| words_of(text)).collect();
    let estimate = zxcvbn(password.expose(), &words);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let warning = estimate.feedback().and_then(|feedback| feedback.warning());
    let reason = match warning {
        Some(warning) => format!("This password is too easy to guess. {warning}"),
        None => "This password is too easy to guess.".to_owned(),
    };
    let advice = estimate.feedback().map(|feedback| feedback.suggestions()).unwrap_or_default();
    let strength = Strength {
        score: estimate.score().into(),
        words: if estimate.score() <= Score::One { "very weak" } else { "weak" },
        advice: advice.iter().map(ToString::to_string).collect(),
    };
    Err(Refusal { reason, strength: Some(strength) })
}

/// `ada@example.com` stands for itself, `ada` and `example`.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    std::iter::once(text).chain(text.split(['@', '.', ' ', '-', '+', '_'])).filter(|w| w.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), Refusal> {
        super::check(&Password::typed(password), 15, &["ada.lovelace@example.com", "Vestibule"])
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
            assert!(refusal.strength.is_some());
        }
    }

    #[test]
    fn a_few_words_or_only_digits_are_fine() {
        assert_eq!(check("trombone velvet lighthouse"), Ok(()));
        assert_eq!(check("604179385216047"), Ok(()));
    }
}
