//! The people of the tests, with or without an account.

use app::accounts::client::Client;
use app::accounts::password::Password;
use app::accounts::registration;
use app::accounts::user::{self, User};
use app::email::Email;
use app::mail::verification;

use super::browser::Browser;
use super::labels::*;
use super::mailbox::newest;
use super::site::Site;

/// A person's email address and password.
#[derive(Clone, Copy)]
pub struct Person {
    pub email: &'static str,
    pub password: &'static str,
}

pub const ADA: Person = Person { email: "ada@example.com", password: "trombone velvet lighthouse" };
pub const GRACE: Person =
    Person { email: "grace@example.org", password: "glacier pumpkin harmonica" };
/// The attacker, who may have an account too.
pub const EVE: Person = Person { email: "eve@example.net", password: "whisper quarry albatross" };

impl Person {
    /// Creates the account.
    pub async fn create_account(self, site: &Site) -> User {
        let email = Email::parse(self.email).expect("an address");
        let hash = site.app.hasher.hash(&Password::typed(self.password)).await.expect("a hash");
        let user = user::create(&site.db.pool, &email, &hash).await.expect("the database");
        user.expect("no such account before")
    }

    /// Signs up on a new device. The email address is not verified yet.
    pub async fn registers(self, site: &Site) -> Browser {
        let mut browser = site.browser();
        self.sign_up_in(&mut browser).await;
        browser.must_be_at("/email/verify", 200);
        browser
    }

    /// An operator invites the person. Returns the link of the email.
    pub async fn is_invited(self, site: &Site) -> String {
        let email = Email::parse(self.email).expect("an address");
        let mut tx = site.db.pool.begin().await.expect("the database");
        let invited = registration::begin(&mut *tx, &email, None).await.expect("a registration");
        let sent = verification::send(&mut tx, &site.app, Some(invited.id), &email).await;
        sent.expect("an email");
        tx.commit().await.expect("the database");
        newest(&site.db, self.email).await.link("/email/verify/")
    }

    /// Submits email address and password at `/register`.
    pub async fn sign_up_in(self, browser: &mut Browser) {
        browser.visit("/register").await;
        browser.submit(CREATE_ACCOUNT, &[(EMAIL, self.email), (PASSWORD, self.password)]).await;
    }

    /// Creates the account and logs in on a new device.
    pub async fn at(self, site: &Site) -> Browser {
        self.create_account(site).await;
        self.log_in_on_new_device(site).await
    }

    /// Logs in on a new device.
    pub async fn log_in_on_new_device(self, site: &Site) -> Browser {
        let mut browser = site.browser();
        self.logs_in(&mut browser).await;
        browser.must_be_at("/app", 200);
        browser
    }

    /// Chooses another password by the newest reset link, and submits it at `/login`.
    pub async fn resets_and_logs_in(self, site: &Site, browser: &mut Browser) {
        browser.visit(&newest(&site.db, self.email).await.link("/password/reset/")).await;
        let password = "marble caravan thunder";
        browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, password)]).await;
        Person { password, ..self }.logs_in(browser).await;
    }

    /// Submits email address and password at `/login`. The caller checks the result.
    pub async fn logs_in(self, browser: &mut Browser) {
        browser.visit("/login").await;
        browser.submit(LOG_IN, &[(EMAIL, self.email), (PASSWORD, self.password)]).await;
    }
}

/// The client in the tests' own rows.
pub fn test_client() -> Client {
    Client::new("192.0.2.1".parse().expect("an address"), "a test")
}
