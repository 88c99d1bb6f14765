//! The code beside a verification link: for people whose mail scanner removes links, or who read
//! email on another device.

use rand::seq::IndexedRandom;
use sqlx::PgExecutor;
use uuid::Uuid;

/// Crockford's Base32: without I, L and O, which are easily misread, and without U.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 8;

/// A new code for people to type: 40 random bits, written `ABCD-EFGH` in the email.
pub fn new_code() -> String {
    let mut random = rand::rng();
    let symbol = |_| char::from(*CODE_ALPHABET.choose(&mut random).expect("32 symbols"));
    (0..CODE_LENGTH).map(symbol).collect()
}

/// Normalises a typed code: capitals only, no dashes or spaces, `0` for `O`, `1` for `I` and `L`.
pub fn typed_code(typed: &str) -> String {
    let symbols = typed.chars().filter(|c| c.is_ascii_alphanumeric()).take(CODE_LENGTH + 1);
    let meant = symbols.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    meant.collect()
}

/// Whether an email of this registration contains this code. The caller must have counted the
/// attempt (`limits::Action::EmailVerify`).
///
/// `code_macs`: the MAC of the code under each key that may have made it.
pub async fn has_code(
    db: impl PgExecutor<'_>,
    registration_id: Uuid,
    code_macs: &[[u8; 32]],
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from tokens
               where registration_id = $1 and code_mac = any($2) and expires_at > now())
               as "found!""#,
        registration_id,
        code_macs as _,
    )
    .fetch_one(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_meant() {
        assert_eq!(typed_code(" abcd-efgh "), "ABCDEFGH");
        assert_eq!(typed_code("o1Il 2345"), "01112345");
        let code = new_code();
        assert_eq!(typed_code(&format!("{}-{}", &code[..4], &code[4..])), code);
        assert_eq!(typed_code(&"9".repeat(5_000)).len(), CODE_LENGTH + 1);
    }
}
