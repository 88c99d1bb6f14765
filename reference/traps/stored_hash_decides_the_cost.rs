//! argon2 0.6 verifies a password with the settings that the stored hash names. A hash with weak
//! settings stays weak, so `src/accounts/password/stored_hash.rs::verify` says that it is, and a
//! login replaces it. A dummy hash that is written by hand is not parsed, or has no output and
//! fails at once, so the response time shows who has an account.
//! `src/accounts/password/hasher.rs::new` makes a dummy with the settings of today.

use argon2::password_hash::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};

#[test]
fn settings_of_today_do_not_strengthen_an_old_hash() {
    let weak = Params::new(Params::MIN_M_COST, 1, 1, None).expect("settings");
    let stored = Argon2::from(weak).hash_password(b"secret").expect("a hash");
    assert_eq!(Params::default().m_cost(), 19 * 1024);
    assert_eq!(Argon2::default().verify_password(b"secret", &stored), Ok(()));
    let stored = stored.to_string();
    assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
}

#[test]
fn a_dummy_without_output_is_parsed_and_fails_before_any_work() {
    // No machine has the memory that it names, 4 TiB.
    let dummy = "$argon2id$v=19$m=4294967295,t=2,p=1$ZHVtbXkgc2FsdCBvZiBub2JvZHk";
    let dummy = PasswordHash::new(dummy).expect("no error is reported");
    assert_eq!(dummy.hash, None, "there is nothing to compare a hash with");
    let verdict = Argon2::default().verify_password(b"secret", &dummy);
    assert_eq!(verdict, Err(Error::PasswordInvalid));
    assert!(PasswordHash::new("$argon2id$dummy").is_err(), "argon2 0.5 parsed this too");
}
