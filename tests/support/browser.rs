//! A headless browser that drives the real server over HTTP. It finds buttons, links and fields by
//! their text, and sends a browser's headers: cookies by its rules, `Sec-Fetch-*`, `Origin`,
//! `Referer`. It follows redirects; `hops` are the responses of the last action.
//!
//! It runs no script, because every page must work without. It ignores `required` and `type=email`,
//! to test the server's own checks. A failed search prints the page. Several browsers are several
//! devices; a clone is a copied profile.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::{
    Client, ClientBuilder, Method,
    header::{HeaderMap, SET_COOKIE},
    redirect::Policy,
};
use url::{Url, form_urlencoded};

use super::cookie_jar::{CookieJar, RequestSite};
use super::form::{self, Form};
use super::page;
use super::requests::{BrowserResponse, Document, Navigation, relation, set};

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36";

#[derive(Clone)]
pub struct Browser {
    /// The status of the current page.
    pub status: u16,
    pub headers: HeaderMap,
    /// Path and query; the whole URL if it is another site's.
    pub path: String,
    /// Every response of the last action, including redirects.
    pub hops: Vec<BrowserResponse>,
    /// If false, the redirect response itself is the current page.
    pub follow_redirects: bool,
    pub user_agent: String,
    /// Sent with every request, like headers that a proxy adds.
    pub extra_headers: Vec<(&'static str, String)>,
    pub cookies: CookieJar,
    base: Url,
    url: Url,
    pub(super) html: String,
    pub(super) client: Client,
}

impl Browser {
    pub fn at(base: &str) -> Browser {
        Browser::with(base, |client| client.tls_certs_only([]))
    }

    /// With other trusted certificates or connection settings.
    pub fn with(base: &str, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Browser {
        // reqwest needs a provider even for plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = Url::parse(base).expect("the address of the site");
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .resolve("localhost", SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            // The server closes an idle connection after five seconds. A request that is sent at
            // that very moment gets no answer.
            .pool_idle_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(30));
        Browser {
            status: 0,
            headers: HeaderMap::new(),
            path: String::new(),
            hops: Vec::new(),
            follow_redirects: true,
            user_agent: CHROME.to_owned(),
            extra_headers: Vec::new(),
            cookies: CookieJar::default(),
            url: base.clone(),
            base,
            html: String::new(),
            client: change(client).build().expect("an HTTP client"),
        }
    }

    /// The origin of the site.
    pub fn origin(&self) -> Url {
        self.base.clone()
    }

    /// Opens a URL that was typed, or a link in an email.
    pub async fn visit(&mut self, path: &str) {
        let url = self.base.join(path).expect("an address");
        self.navigate(Navigation {
            method: Method::GET,
            url,
            body: None,
            from: None,
            by_hand: true,
        })
        .await;
    }

    /// Follows the link with this text.
    #[track_caller]
    pub fn click(&mut self, words: &str) -> impl Future<Output = ()> + '_ {
        let url = self.found(page::link(&self.html, &self.url, words));
        let from = Some(self.document());
        self.navigate(Navigation { method: Method::GET, url, body: None, from, by_hand: true })
    }

    /// Fills in the form of this button and presses the button.
    #[track_caller]
    pub fn submit(
        &mut self,
        button: &str,
        fields: &[(&str, &str)],
    ) -> impl Future<Output = ()> + '_ {
        let mut form = self.form(button);
        for (label, value) in fields {
            self.found(form.fill(label, value));
        }
        self.send(form)
    }

    #[track_caller]
    pub fn press(&mut self, button: &str) -> impl Future<Output = ()> + '_ {
        self.submit(button, &[])
    }

    /// If several buttons have this text: presses the one in the row that contains `text`.
    #[track_caller]
    pub fn press_beside(&mut self, text: &str, button: &str) -> impl Future<Output = ()> + '_ {
        let form = self.found(form::find(&self.html, &self.url, button, Some(text)));
        self.send(form)
    }

    /// The form of this button, to inspect or tamper with before `send`.
    #[track_caller]
    pub fn form(&self, button: &str) -> Form {
        self.found(form::find(&self.html, &self.url, button, None))
    }

    pub async fn send(&mut self, form: Form) {
        let body =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(form.pairs()).finish();
        let (method, mut url) =
            (if form.is_post { Method::POST } else { Method::GET }, form.action);
        if !form.is_post {
            url.set_query(Some(&body));
        }
        let body = form.is_post.then_some(body);
        let from = Some(self.document());
        self.navigate(Navigation { method, url, body, from, by_hand: true }).await;
    }

    /// Follows a link to this site on a page of `origin`.
    pub async fn follow_link_from(&mut self, origin: &str, path: &str) {
        let url = self.base.join(path).expect("an address");
        let from = Some(Document::elsewhere(origin));
        self.navigate(Navigation { method: Method::GET, url, body: None, from, by_hand: true })
            .await;
    }

    /// A script on a page of `origin` submits a form to this site: a CSRF attack.
    pub async fn cross_site_post(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) {
        let url = self.base.join(path).expect("an address");
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let from = Some(Document::elsewhere(origin));
        self.navigate(Navigation {
            method: Method::POST,
            url,
            body: Some(body),
            from,
            by_hand: false,
        })
        .await;
    }

    /// `fetch` by a script of the current page, which stays open.
    pub async fn fetch(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> BrowserResponse {
        let url = self.url.join(path).expect("an address");
        let mut all = HeaderMap::new();
        let document = self.document();
        set(&mut all, "accept", "*/*");
        set(&mut all, "sec-fetch-site", relation(&document.url, &url));
        set(&mut all, "sec-fetch-mode", "cors");
        set(&mut all, "sec-fetch-dest", "empty");
        if method != Method::GET && method != Method::HEAD {
            set(&mut all, "origin", &document.origin_for(&url));
        }
        document.referrer_for(&url).iter().for_each(|referrer| set(&mut all, "referer", referrer));
        headers.iter().for_each(|(name, value)| set(&mut all, name, value));
        self.hops.clear();
        let body = (!body.is_empty()).then(|| body.to_owned());
        self.exchange(method, url, all, body, RequestSite::SameSite).await
    }

    pub(super) fn show(&mut self, answer: BrowserResponse) {
        let elsewhere = answer.url.origin() != self.base.origin();
        let query = answer.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.path = if elsewhere {
            answer.url.to_string()
        } else {
            format!("{}{query}", answer.url.path())
        };
        (self.status, self.headers, self.url, self.html) =
            (answer.status, answer.headers, answer.url, answer.body);
        if !elsewhere {
            self.found(page::check_errors(self.status, &self.html));
        }
    }

    fn document(&self) -> Document {
        let policy = self.headers.get("referrer-policy").and_then(|value| value.to_str().ok());
        Document { url: self.url.clone(), referrer_policy: policy.unwrap_or_default().to_owned() }
    }

    /// The raw `Set-Cookie` lines of all responses of the last action.
    pub fn raw_set_cookies(&self) -> Vec<String> {
        let lines = self.hops.iter().flat_map(|hop| hop.headers.get_all(SET_COOKIE));
        lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect()
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.get(name).map(str::to_owned)
    }

    pub fn plant_cookie(&mut self, name: &str, value: &str) {
        self.cookies.plant(name, value, &self.base);
    }

    /// Copies all cookies, as a thief would.
    pub fn clone_cookies_from(&mut self, other: &Browser) {
        self.cookies = other.cookies.clone();
    }

    /// Closes and reopens the browser: the page and all session cookies are lost.
    pub fn restart(&mut self) {
        self.cookies.restart();
        (self.status, self.html, self.url) = (0, String::new(), self.base.clone());
        self.headers.clear();
    }
}
