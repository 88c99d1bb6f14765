//! The people of the tests, each with an account or without one yet.

use app::accounts::client::Client;
use app::accounts::password::Password;
use app::accounts::user::{self, User};
use app::email::Email;

use super::browser::Browser;
use super::site::Site;

/// Somebody, and what they type.
#[derive(Clone, Copy)]
pub struct Person {
    pub email: &'static str,
    pub password: &'static str,
}

pub const ADA: Person = Person { email: "ada@example.com", password: "trombone velvet lighthouse" };
pub const GRACE: Person =
    Person { email: "grace@example.org", password: "glacier pumpkin harmonica" };
/// The attacker, who has an account too.
pub const EVE: Person = Person { email: "eve@example.net", password: "whisper quarry albatross" };

impl Person {
    /// Has an account from now on.
    pub async fn joins(self, site: &Site) -> User {
        let email = Email::parse(self.email).expect("an address");
        let hash = site.app.hasher.hash(&Password::typed(self.password)).await.expect("a hash");
        let user = user::create(&site.db.pool, &email, &hash).await.expect("the database");
        user.expect("no such account before")
    }

    /// Registers on a new device, and has not confirmed the address yet.
    pub async fn registers(self, site: &Site) -> Browser {
        let mut browser = site.browser();
        self.registers_in(&mut browser).await;
        browser.must_be_at("/email/verify", 200);
        browser
    }

    /// Types email address and password at `/register`.
    pub async fn registers_in(self, browser: &mut Browser) {
        browser.visit("/register").await;
        browser.submit("Register", &[("E-mail", self.email), ("Password", self.password)]).await;
    }

    /// Has an account, and is logged in on a new device.
    pub async fn at(self, site: &Site) -> Browser {
        self.joins(site).await;
        self.on_another_device(site).await
    }

    /// Logs in on one more device.
    pub async fn on_another_device(self, site: &Site) -> Browser {
        let mut browser = site.browser();
        self.logs_in(&mut browser).await;
        browser.must_be_at("/app", 200);
        browser
    }

    /// Types address and password at `/login`; whether that works is for the test to see.
    pub async fn logs_in(self, browser: &mut Browser) {
        browser.visit("/login").await;
        browser.submit("Log in", &[("E-mail", self.email), ("Password", self.password)]).await;
    }
}

/// Where the tests come from.
pub fn somewhere() -> Client {
    Client::new("192.0.2.1".parse().expect("an address"), "a test")
}
