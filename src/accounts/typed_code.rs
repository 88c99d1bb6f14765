//! Codes that people type: in the verification email, and for recovery.

use rand::seq::IndexedRandom;

/// Crockford's Base32: without I, L and O, which are easily misread, and without U. Each symbol
/// has 5 bits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new random code of this many symbols.
pub fn generate(symbols: usize) -> String {
    let mut random = rand::rng();
    let symbol = |_| char::from(*ALPHABET.choose(&mut random).expect("32 symbols"));
    (0..symbols).map(symbol).collect()
}

/// The code as it was meant: capitals only, no dashes or spaces, `0` for `O`, `1` for `I` and `L`.
/// Of a text that is too long, one symbol more than `symbols` is kept, so that it matches no code.
pub fn as_meant(typed: &str, symbols: usize) -> String {
    let kept = typed.chars().filter(|c| c.is_ascii_alphanumeric()).take(symbols + 1);
    let meant = kept.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    meant.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_meant() {
        assert_eq!(as_meant(" abcd-efgh ", 8), "ABCDEFGH");
        assert_eq!(as_meant("o1Il 2345", 8), "01112345");
        let code = generate(8);
        assert_eq!(as_meant(&format!("{}-{}", &code[..4], &code[4..]), 8), code);
        assert_eq!(as_meant(&"9".repeat(5_000), 8).len(), 9);
    }
}
