//! The environment of a browser test: a site, and windows that are closed even after a panic.

use std::any::Any;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::driver::Driver;
use crate::support::site::Site;
use crate::window::{Scripts, Window};

pub struct BrowserTest<'a> {
    pub site: Site,
    driver: &'a Driver,
    open: RefCell<Vec<Window>>,
}

impl BrowserTest<'_> {
    /// Runs a test, then closes its windows, even if it panicked.
    pub async fn run(driver: &Driver, test: impl AsyncFn(&BrowserTest)) -> Result<(), String> {
        // With every page that a site in development has.
        let site = Site::with(&[("LESSON", "on")]).await;
        let stage = BrowserTest { site, driver, open: RefCell::default() };
        let outcome = AssertUnwindSafe(test(&stage)).catch_unwind().await;
        for window in stage.open.take() {
            window.close().await;
        }
        outcome.map_err(words)
    }

    /// A window with a new profile, as on another device.
    pub async fn window(&self) -> Window {
        self.window_with(Scripts::On).await
    }

    pub async fn window_with(&self, scripts: Scripts) -> Window {
        let window = Window::open(self.driver, &self.site.url, scripts).await;
        self.open.borrow_mut().push(window.clone());
        window
    }
}

fn words(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the test panicked").to_owned()
}
