//! Sends emails to a real mail server: aiosmtpd, in a private Python environment.
//!
//! These tests have their own runner (libtest-mimic). So without Python they are reported as
//! ignored, with the reason, and never as passed. With `CI=true` they fail then. Faults of mail
//! servers are tested in `tests/mail`.

#![allow(unreachable_pub, reason = "modules of tests share their items with each other")]

#[allow(unused_imports, reason = "this runner leaves out the support's own unit tests")]
#[path = "../support/mod.rs"]
mod support;

mod aiosmtpd;
mod delivery;
mod kill;

use std::process::ExitCode;
use std::sync::LazyLock;

use libtest_mimic::{Arguments, Completion, Trial};

/// The Python that has aiosmtpd, or why there is none.
static PYTHON: LazyLock<Result<String, String>> = LazyLock::new(aiosmtpd::python);

fn main() -> ExitCode {
    let trials = vec![
        trial("a_mail_arrives_by_starttls", async |python| delivery::starttls(python).await),
        trial("a_mail_arrives_by_implicit_tls", async |python| delivery::implicit(python).await),
        trial("a_wrong_password_does_not_mark_the_recipient", async |python| {
            delivery::wrong_password(python).await;
        }),
        trial("no_mail_is_lost_when_the_app_is_killed", async |python| {
            kill::at_random_moments(python).await;
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial<T>(name: &str, test: T) -> Trial
where
    T: AsyncFn(&str) + Send + 'static,
{
    Trial::ignorable_test(name, move || match &*PYTHON {
        Ok(python) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(test(python));
            Ok(Completion::Completed)
        }
        Err(missing) if std::env::var("CI").is_ok_and(|ci| ci == "true") => Err(missing.into()),
        Err(missing) => Ok(Completion::ignored_with(missing.as_str())),
    })
}
