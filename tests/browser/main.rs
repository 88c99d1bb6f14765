//! Tests that need a real Chromium. All other tests of the app are in `tests/main.rs`.
//!
//! They have a runner of their own (libtest-mimic): without a browser it reports them as ignored,
//! with the reason, and not as passed. With `CI=true` they fail.
//!
//! With `SCREENSHOTS=FOLDER` it takes pictures of every page instead; see `reference/screenshots`.

#![allow(unreachable_pub, reason = "modules of tests share their items with each other")]

#[allow(unused_imports, reason = "this runner leaves out the support's own unit tests")]
#[path = "../support/mod.rs"]
mod support;

mod cross_site;
mod driver;
mod face;
mod keyboard;
mod lesson;
mod other_site;
mod pages;
mod passkeys;
mod privacy;
mod projects;
mod recovery;
mod screen;
#[path = "../../reference/screenshots.rs"]
mod screenshots;
mod scripts;
mod stage;
mod tour;
mod two_step;
mod weight;
mod window;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use driver::Driver;
use libtest_mimic::{Arguments, Completion, Trial};
use stage::BrowserTest;
use support::site::config;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Started by the first test that runs, killed after the last one.
type SharedDriver = Arc<OnceLock<Result<Driver, String>>>;

fn main() -> ExitCode {
    // So that /dev/session lists the statements of its request, as `vestibule serve` does.
    let config = config("postgres://app@localhost/app", &[("LESSON", "on")]);
    tracing_subscriber::registry().with(app::lesson::statements::layer(&config)).init();
    let driver = SharedDriver::default();
    macro_rules! trials {
        ($($file:ident::$name:ident,)*) => {
            vec![$(trial(concat!(stringify!($file), "::", stringify!($name)), &driver, $file::$name)),*]
        };
    }
    let trials = if screenshots::folder().is_some() {
        trials![screenshots::take_pictures_of_every_page,]
    } else {
        trials![
            tour::the_main_flows_work_with_scripts,
            tour::the_main_flows_work_without_scripts,
            passkeys::a_passkey_is_added_used_and_removed,
            passkeys::without_scripts_the_page_says_what_passkeys_need,
            two_step::an_app_is_set_up_from_the_qr_code,
            privacy::no_script_can_read_a_cookie,
            privacy::the_site_stores_nothing_but_cookies,
            privacy::the_back_button_shows_no_user_data_after_logout,
            privacy::a_password_change_logs_the_other_browser_out,
            privacy::a_device_is_logged_out_from_another_one,
            privacy::a_session_cookie_is_persistent_only_if_remembered,
            cross_site::a_same_site_post_from_another_port_is_rejected,
            cross_site::a_cross_site_post_is_rejected,
            cross_site::no_page_can_be_framed,
            cross_site::no_page_logs_to_the_console,
            face::axe_finds_no_violation_on_any_page,
            face::no_page_overflows_a_narrow_screen,
            face::no_page_animates_with_reduced_motion,
            face::a_password_can_be_shown_and_pasted,
            keyboard::tab_focuses_every_control_visibly,
            keyboard::enter_submits_a_form_and_the_skip_link_works,
            recovery::an_error_has_the_focus_and_is_in_the_title,
            recovery::an_ended_session_says_so_and_leads_back,
            recovery::a_session_that_ends_while_a_form_is_open_says_what_was_lost,
            recovery::a_login_in_another_tab_leaves_a_form_usable,
            recovery::every_dead_link_leads_to_a_new_one,
            recovery::a_rejected_request_leads_back_to_its_form,
            screen::every_heading_is_in_the_font_of_the_site,
            screen::the_theme_color_is_that_of_the_page,
            screen::a_short_window_shows_every_field_and_the_button,
            screen::forced_colors_keep_what_a_border_shows,
            scripts::every_moment_is_shown_in_the_time_zone_of_the_visitor,
            scripts::a_new_password_is_counted_while_it_is_typed,
            lesson::the_dashboard_shows_what_a_script_reads_of_the_cookies,
            lesson::without_scripts_the_dashboard_explains_http_only,
            lesson::both_timeouts_count_down,
            lesson::a_session_is_ended_on_the_server,
            lesson::a_post_without_a_token_is_rejected,
            lesson::a_post_replayed_as_cross_site_is_rejected,
            lesson::a_password_change_ends_the_session_elsewhere,
            weight::a_first_visit_transfers_at_most_40_kib,
        ]
    };
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial<T>(name: &str, driver: &SharedDriver, test: T) -> Trial
where
    T: AsyncFn(&BrowserTest) + Send + 'static,
{
    let driver = driver.clone();
    Trial::ignorable_test(name, move || match driver.get_or_init(Driver::start) {
        Ok(driver) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(BrowserTest::run(driver, test))?;
            Ok(Completion::Completed)
        }
        Err(missing) if std::env::var("CI").is_ok_and(|ci| ci == "true") => Err(missing.into()),
        Err(missing) => Ok(Completion::ignored_with(missing)),
    })
}
