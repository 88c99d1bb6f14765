//! Tests that need a real Chromium. All other tests of the app are in `tests/main.rs`.
//!
//! They have a runner of their own (libtest-mimic): without a browser it reports them as ignored,
//! with the reason, and not as passed. With `CI=true` they fail.
//!
//! With `SCREENSHOTS=FOLDER` it takes pictures of every page instead; see `bin/screenshots`.

#[allow(unused_imports, reason = "this runner leaves out the support's own unit tests")]
#[path = "../support/mod.rs"]
mod support;

mod cross_site;
mod driver;
mod face;
mod keyboard;
mod other_site;
mod pages;
mod privacy;
mod screenshots;
mod stage;
mod tour;
mod weight;
mod window;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use driver::Driver;
use libtest_mimic::{Arguments, Completion, Trial};
use stage::Stage;

/// Started by the first test that runs, killed after the last one.
type TheDriver = Arc<OnceLock<Result<Driver, String>>>;

fn main() -> ExitCode {
    let driver = TheDriver::default();
    macro_rules! trials {
        ($($file:ident::$name:ident,)*) => {
            vec![$(trial(concat!(stringify!($file), "::", stringify!($name)), &driver, $file::$name)),*]
        };
    }
    let trials = if screenshots::folder().is_some() {
        trials![screenshots::every_page_has_its_picture_taken,]
    } else {
        trials![
            tour::a_person_comes_in_looks_around_and_leaves,
            tour::every_step_works_without_scripts,
            privacy::no_script_can_read_a_cookie,
            privacy::nothing_is_stored_in_the_browser_but_cookies,
            privacy::the_back_button_shows_nothing_after_logout,
            privacy::a_new_password_logs_the_other_browser_out,
            privacy::a_cookie_outlives_the_browser_only_when_asked_to,
            cross_site::a_post_from_another_port_changes_nothing,
            cross_site::a_post_from_another_site_changes_nothing,
            cross_site::no_page_can_be_framed,
            cross_site::the_console_stays_silent_on_every_page,
            face::axe_finds_nothing_on_any_page,
            face::nothing_runs_over_the_edge_of_a_narrow_screen,
            face::nobody_is_moved_who_asked_for_less_motion,
            face::a_password_can_be_shown_and_pasted,
            keyboard::tab_reaches_every_control_and_shows_where_it_is,
            keyboard::enter_sends_a_form,
            weight::a_first_visit_is_light,
        ]
    };
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial<T>(name: &str, driver: &TheDriver, test: T) -> Trial
where
    T: AsyncFn(&Stage) + Send + 'static,
{
    let driver = driver.clone();
    Trial::ignorable_test(name, move || match driver.get_or_init(Driver::start) {
        Ok(driver) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(Stage::run(driver, test))?;
            Ok(Completion::Completed)
        }
        Err(missing) if std::env::var("CI").is_ok_and(|ci| ci == "true") => Err(missing.into()),
        Err(missing) => Ok(Completion::ignored_with(missing)),
    })
}
