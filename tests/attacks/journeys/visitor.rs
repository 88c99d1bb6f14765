//! A browser that posts form fields by their names, with the CSRF token of the page that it shows.
//! So the text of pages and buttons may change without breaking these tests.

use std::time::Duration;

use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::guesses::set_ip_address;
use crate::support::mailbox::mailbox;
use crate::support::requests::BrowserResponse;
use crate::support::site::Site;

use super::actions::Kind;

#[derive(Clone)]
pub struct Visitor {
    pub browser: Browser,
    origin: String,
    csrf: String,
}

impl Visitor {
    /// A new browser, without cookies.
    pub fn new(site: &Site) -> Visitor {
        // Less than the server's keep-alive: a POST on a connection that the server closes just
        // then gets no response, and the client does not repeat it.
        let browser = site.browser_with(|client| client.pool_idle_timeout(Duration::from_secs(1)));
        Visitor { browser, origin: site.url.clone(), csrf: String::new() }
    }

    /// Sends its requests from this IP address from now on.
    pub fn at(mut self, ip: &str) -> Visitor {
        set_ip_address(&mut self.browser, ip);
        self
    }

    /// Opens a page, and returns every response, redirects included.
    pub async fn open(&mut self, path: &str) -> Vec<BrowserResponse> {
        self.browser.visit(path).await;
        self.responses()
    }

    /// Opens the page of a form, unless the browser already shows it.
    async fn show(&mut self, path: &str) -> Vec<BrowserResponse> {
        if self.browser.path == path { Vec::new() } else { self.open(path).await }
    }

    /// Posts these fields with the CSRF token of the page that is shown.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Vec<BrowserResponse> {
        let fields = [&[("csrf", self.csrf.as_str())], fields].concat();
        self.browser.cross_site_post(&self.origin, path, &fields).await;
        self.responses()
    }

    fn responses(&mut self) -> Vec<BrowserResponse> {
        // A page without a form has no token; the last one is kept.
        if let Some((_, rest)) = self.browser.html().split_once("name=\"csrf\" value=\"") {
            self.csrf = rest.split('"').next().unwrap_or_default().to_owned();
        }
        self.browser.hops.clone()
    }

    pub async fn register(&mut self, email: &str, password: &str) -> Vec<BrowserResponse> {
        let page = self.show("/register").await;
        let done = self.post("/register", &[("email", email), ("password", password)]).await;
        [page, done].concat()
    }

    pub async fn log_in(&mut self, email: &str, password: &str) -> Vec<BrowserResponse> {
        let page = self.show("/login").await;
        let done = self.post("/login", &[("email", email), ("password", password)]).await;
        [page, done].concat()
    }

    pub async fn ask_for_reset(&mut self, email: &str) -> Vec<BrowserResponse> {
        let page = self.show("/password/reset").await;
        let done = self.post("/password/reset", &[("email", email)]).await;
        [page, done].concat()
    }

    pub async fn resend(&mut self, email: &str) -> Vec<BrowserResponse> {
        let page = self.show("/email/verify").await;
        let done = self.post("/email/verify/resend", &[("email", email)]).await;
        [page, done].concat()
    }

    pub async fn ask_for_email(&mut self, email: &str) -> Vec<BrowserResponse> {
        let page = self.show("/account/email").await;
        let done = self.post("/account/email", &[("email", email)]).await;
        [page, done].concat()
    }

    pub async fn type_code(&mut self, email: &str, code: &str) -> Vec<BrowserResponse> {
        let page = self.show("/email/verify").await;
        let done = self.post("/email/verify", &[("email", email), ("code", code)]).await;
        [page, done].concat()
    }

    /// Opens a link and submits the form on its page.
    pub async fn submit_link(
        &mut self,
        kind: Kind,
        link: &str,
        password: &str,
    ) -> Vec<BrowserResponse> {
        let page = self.open(link).await;
        let done = match kind {
            Kind::Verify => self.post("/email/verify", &[("token", token(link))]).await,
            Kind::Reset => {
                // The form names the link that it belongs to.
                let form = self.browser.html().split_once("name=\"link\" value=\"");
                let drawn_for = form.and_then(|(_, rest)| rest.split('"').next());
                let drawn_for = drawn_for.unwrap_or_default().to_owned();
                let fields = [("link", drawn_for.as_str()), ("password", password)];
                self.post("/password/reset/choose", &fields).await
            }
            Kind::NotMe => self.post("/not-me", &[("token", token(link))]).await,
        };
        [page, done].concat()
    }
}

/// The token of a link.
pub fn token(link: &str) -> &str {
    link.rsplit('/').next().unwrap_or_default()
}

/// The start of the paths of this kind of link.
pub fn start(kind: Kind) -> &'static str {
    match kind {
        Kind::Verify => "/email/verify/",
        Kind::Reset => "/password/reset/",
        Kind::NotMe => "/not-me/",
    }
}

/// The newest link of a kind in a mailbox.
pub async fn newest_link(db: &Database, email: &str, kind: Kind) -> Option<String> {
    let mails = mailbox(db, email).await;
    let newest = mails.iter().rev().find(|mail| mail.text.contains(start(kind)))?;
    Some(newest.link(start(kind)))
}
