//! A browser without a window. It drives the real server over HTTP the way a person does, by the
//! text on buttons, links and labels, and sends what a browser sends: cookies by its rules,
//! `Sec-Fetch-*`, `Origin`, `Referer`. It follows redirects and keeps every hop of the last action.
//!
//! It runs no script (every page must work without) and does not check `required` or
//! `type=email`, so that the server's own answer is seen. What it cannot find, it says with the
//! page in hand. Several browsers are several devices; a clone is a copied profile.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::{
    Client, ClientBuilder, Method,
    header::{HeaderMap, SET_COOKIE},
    redirect::Policy,
};
use url::{Url, form_urlencoded};

use super::cookie_jar::{CookieJar, Sending};
use super::form::{self, Form};
use super::page;
use super::requests::{Answer, Document, Navigation, relation, set};

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36";

#[derive(Clone)]
pub struct Browser {
    /// Of the page that is shown.
    pub status: u16,
    pub headers: HeaderMap,
    /// Path and query, as in the address bar; the whole address when it is another site's.
    pub path: String,
    /// Every answer of the last action, redirects included.
    pub hops: Vec<Answer>,
    /// False shows the redirect itself.
    pub follow_redirects: bool,
    pub user_agent: String,
    /// Sent with every request: what a proxy in front would add.
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

    /// With certificates to trust, or another way to connect.
    pub fn with(base: &str, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Browser {
        // reqwest wants a provider even for a client that speaks plain HTTP only.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = Url::parse(base).expect("the address of the site");
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .resolve("localhost", SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
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

    /// Types an address, or opens a link out of a mail program.
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

    /// Follows the link with these words.
    #[track_caller]
    pub fn click(&mut self, words: &str) -> impl Future<Output = ()> + '_ {
        let url = self.found(page::link(&self.html, &self.url, words));
        let from = Some(self.document());
        self.navigate(Navigation { method: Method::GET, url, body: None, from, by_hand: true })
    }

    /// Fills the form that this button belongs to, and presses the button.
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

    /// Presses one of several buttons of the same name: the one in the row that holds `text`.
    #[track_caller]
    pub fn press_beside(&mut self, text: &str, button: &str) -> impl Future<Output = ()> + '_ {
        let form = self.found(form::find(&self.html, &self.url, button, Some(text)));
        self.send(form)
    }

    /// The form of this button, to look at, to tamper with, and to `send`.
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

    /// Follows a link on a page of `origin`: an attacker's, or a friend's.
    pub async fn lured_from(&mut self, origin: &str, path: &str) {
        let url = self.base.join(path).expect("an address");
        let from = Some(Document::elsewhere(origin));
        self.navigate(Navigation { method: Method::GET, url, body: None, from, by_hand: true })
            .await;
    }

    /// A page of `origin` sends a form here by script, with this browser's cookies if it can.
    pub async fn forged_post(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) {
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

    /// A script of the page that is shown asks for something; the page stays.
    pub async fn fetch(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
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
        self.exchange(method, url, all, body, Sending::SameSite).await
    }

    pub(super) fn show(&mut self, answer: Answer) {
        let elsewhere = answer.url.origin() != self.base.origin();
        let query = answer.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.path = if elsewhere {
            answer.url.to_string()
        } else {
            format!("{}{query}", answer.url.path())
        };
        (self.status, self.headers, self.url, self.html) =
            (answer.status, answer.headers, answer.url, answer.body);
    }

    fn document(&self) -> Document {
        let policy = self.headers.get("referrer-policy").and_then(|value| value.to_str().ok());
        Document { url: self.url.clone(), referrer_policy: policy.unwrap_or_default().to_owned() }
    }

    /// The `Set-Cookie` lines of all hops of the last action, as they came.
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

    /// A thief takes the whole jar.
    pub fn clone_cookies_from(&mut self, other: &Browser) {
        self.cookies = other.cookies.clone();
    }

    /// Closed and opened again: the page is gone, and with it every cookie of the session.
    pub fn restart(&mut self) {
        self.cookies.restart();
        (self.status, self.html, self.url) = (0, String::new(), self.base.clone());
        self.headers.clear();
    }
}
