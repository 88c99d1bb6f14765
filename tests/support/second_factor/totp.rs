//! An authenticator app as a second factor.

use super::SecondFactor;
use crate::support::authenticator::Authenticator;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::labels::*;

impl SecondFactor for Authenticator {
    const KIND: &'static app::web::factors::Factor = &app::web::factors::totp::FACTOR;
    const NOTICE: &'static str = "An authenticator app was set up";
    const REMOVE: &'static str = TURN_OFF;

    async fn set_up(browser: &mut Browser) -> Self {
        let app = Self::reading(browser);
        browser.submit(TURN_ON, &[(CODE, &app.code())]).await;
        app
    }

    async fn prove(&mut self, browser: &mut Browser) {
        match browser.path.starts_with("/sudo") {
            true => browser.submit(CONTINUE_WITH_CODE, &[(APP_CODE, &self.code())]).await,
            false => browser.submit(LOG_IN, &[(CODE, &self.code())]).await,
        }
    }

    /// The code of each time step works once, and tests are faster than the clock.
    async fn renew(&self, db: &Database) {
        db.run("update totp set used_until = now() - interval '1 hour'").await;
    }
}
