//! totp-rs 6: `check` accepts a code as often as it is sent, and by default the codes of three
//! steps, 90 seconds. `src/accounts/totp.rs::check` sets the skew to 0, accepts this step and the
//! one before, and stores the step in the statement that checks that it is later than the last one.

use totp_rs::{Builder, Secret};

#[test]
fn a_code_is_valid_again_and_before_and_after_its_step() {
    let totp = Builder::new().with_secret(Secret::generate()).build_noncompliant();
    let code = totp.generate(1_000 * 30).to_string();
    for _ in 0..2 {
        assert_eq!(totp.check(&code, 1_000 * 30), Some(1_000));
    }
    for step in [999, 1_001] {
        assert_eq!(totp.check(&code, step * 30), Some(1_000));
    }
    for step in [998, 1_002] {
        assert_eq!(totp.check(&code, step * 30), None);
    }
}
