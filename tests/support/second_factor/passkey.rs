//! A passkey as a second factor.

use super::SecondFactor;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::labels::*;
use crate::support::passkey::{Device, follow};

impl SecondFactor for Device {
    const KIND: &'static app::web::factors::Factor = &app::web::factors::passkey::FACTOR;
    const NOTICE: &'static str = "A passkey was added";
    const REMOVE: &'static str = REMOVE;

    async fn set_up(browser: &mut Browser) -> Self {
        let mut device = Self::with_origin(browser.origin());
        let answer = device.is_added(browser).await;
        follow(browser, &answer).await;
        device
    }

    async fn prove(&mut self, browser: &mut Browser) {
        self.logs_in(browser).await;
    }

    async fn renew(&self, _: &Database) {}
}
