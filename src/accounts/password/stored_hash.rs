//! Verifies a password against a stored hash, with the scheme and settings that the hash names.
//!
//! Hashes imported from another system may be Argon2i, an older version of Argon2, or bcrypt. The
//! right password is then `RightButWeak`, and the login stores an Argon2id hash in its place. A
//! hash that cannot be verified is `Unreadable`. `Hasher` treats that as a wrong password, at the
//! same cost: an error page would show that the account exists.

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};

use super::argon2id::{self, Memory, PasswordHash, Unreadable};

/// The most memory, in KiB, and the most work (memory × passes) of a stored hash, unless today's
/// settings are higher. One attempt then takes about a second, and each concurrent job at most 256
/// MiB. The default of PHP is 64 MiB × 4, that of Django 100 MiB × 2.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_WORK: u64 = 4 * MOST_MEMORY as u64;

/// The result of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but the hash is weaker than today's Argon2id: replace it (ASVS 11.4.2).
    RightButWeak,
}

/// Verifies a password against a hash that is not Argon2, such as bcrypt. To accept imported
/// hashes, write one function of this type and give it to `Hasher::with_foreign` in `src/cli.rs`;
/// `tests/flows/imported_hashes.rs` does so with bcrypt.
///
/// `Some` says whether the password is right; the login then replaces the hash with Argon2id.
/// `None` means that the scheme is unknown, or that the hash costs too much. Limit the cost:
/// bcrypt's highest takes days. The function runs in the same jobs as Argon2.
///
/// A foreign scheme has its own running time. Until their next login, it shows which accounts still
/// have such a hash.
pub type ForeignVerifier = fn(password: &[u8], stored: &str) -> Option<bool>;

/// Verifies `password` with the scheme that `stored` names. `today` decides which hash is weak.
///
/// # Errors
/// When the scheme is unknown, or the hash is malformed or costs too much.
pub fn verify(
    today: &Params,
    foreign: ForeignVerifier,
    password: &[u8],
    stored: &PasswordHash,
    memory: &mut Memory,
) -> Result<Verdict, Unreadable> {
    let scheme = stored.as_str().split('$').nth(1).unwrap_or_default();
    match Algorithm::new(scheme) {
        Ok(algorithm) => Argon2Hash::read(algorithm, stored, today)?.verify(password, memory),
        Err(_) => match foreign(password, stored.as_str()) {
            Some(true) => Ok(Verdict::RightButWeak),
            Some(false) => Ok(Verdict::Wrong),
            None => Err(Unreadable("its scheme is not known, or costs too much")),
        },
    }
}

/// A PHC string of any Argon2, with all of its parts and within the limits.
struct Argon2Hash {
    argon2: Argon2<'static>,
    salt: phc::Salt,
    expected: phc::Output,
    weak: bool,
}

impl Argon2Hash {
    fn read(algorithm: Algorithm, hash: &PasswordHash, today: &Params) -> Result<Self, Unreadable> {
        let phc = phc::PasswordHash::new(hash.as_str())
            .map_err(|_| Unreadable("it is no valid PHC string"))?;
        // A string without a version is older than version 0x13. The reference implementation reads
        // it as 0x10, the crate's own verifier as 0x13.
        let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from);
        let version = version.map_err(|_| Unreadable("its Argon2 version is not known"))?;
        let params = Params::try_from(&phc).map_err(|_| Unreadable("its settings are invalid"))?;
        // The crate uses defaults for missing settings, and ignores a key and associated data.
        let all = ["m", "t", "p"].iter().all(|name| phc.params.get(*name).is_some());
        if !all || !params.keyid().is_empty() || !params.data().is_empty() {
            return Err(Unreadable("its settings are not m, t and p"));
        }
        if params.m_cost() > MOST_MEMORY.max(today.m_cost())
            || work(&params) > MOST_WORK.max(work(today))
        {
            return Err(Unreadable("its settings cost too much"));
        }
        let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else {
            return Err(Unreadable("its salt or its output is missing"));
        };
        // p is not compared: it divides the work into lanes, but does not change its amount.
        let weak = (algorithm, version) != (Algorithm::Argon2id, Version::V0x13)
            || params.m_cost() < today.m_cost()
            || work(&params) < work(today)
            || salt.len() < phc::Salt::RECOMMENDED_LENGTH
            || expected.len() < Params::DEFAULT_OUTPUT_LEN;
        Ok(Self { argon2: Argon2::new(algorithm, version, params), salt, expected, weak })
    }

    fn verify(&self, password: &[u8], memory: &mut Memory) -> Result<Verdict, Unreadable> {
        let mut output = [0; phc::Output::MAX_LENGTH];
        let output = &mut output[..self.expected.len()];
        let run = argon2id::run(&self.argon2, password, &self.salt, output, memory);
        run.map_err(|_| Unreadable("Argon2 rejects its settings"))?;
        // `Output` compares in constant time.
        let right = phc::Output::new(output).is_ok_and(|output| output == self.expected);
        Ok(match (right, self.weak) {
            (false, _) => Verdict::Wrong,
            (true, false) => Verdict::Right,
            (true, true) => Verdict::RightButWeak,
        })
    }
}

fn work(params: &Params) -> u64 {
    u64::from(params.m_cost()) * u64::from(params.t_cost())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(settings: &str, today: &Params) -> bool {
        let salt_and_output = "c2FsdHNhbHRzYWx0c2FsdA$8pWBHWYQ7gXW7QHoGzyzG3XuKJ2Q1BLEyjjcBYKWBxg";
        let phc = format!("$argon2id$v=19${settings}${salt_and_output}");
        Argon2Hash::read(Algorithm::Argon2id, &PasswordHash::stored(phc), today).is_ok()
    }

    #[test]
    fn a_stored_hash_may_cost_so_much_and_no_more() {
        let today = Params::default();
        assert!(is_read("m=262144,t=4,p=1", &today));
        assert!(!is_read("m=262145,t=1,p=1", &today));
        assert!(!is_read("m=262144,t=5,p=1", &today));
        assert!(is_read("m=8,t=131072,p=1", &today));
        assert!(!is_read("m=8,t=131073,p=1", &today));
        assert!(!is_read("m=4294967295,t=4294967295,p=1", &today));
    }

    #[test]
    fn todays_settings_may_cost_more() {
        let today = Params::new(1024 * 1024, 3, 4, None).expect("settings");
        assert!(is_read("m=1048576,t=3,p=4", &today));
        assert!(!is_read("m=1048577,t=3,p=4", &today));
        assert!(!is_read("m=1048576,t=5,p=4", &today));
    }
}
