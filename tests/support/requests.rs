//! The requests of a browser: headers that name the page behind a request (`Origin`, `Referer` by
//! its `Referrer-Policy`, `Sec-Fetch-Site`), the cookies that may be sent, and redirects.

use reqwest::{
    Method, Version,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, SET_COOKIE},
};
use url::Url;

use super::browser::Browser;
use super::cookie_jar::RequestSite;

const PAGES: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Clone)]
pub struct BrowserResponse {
    pub method: Method,
    pub url: Url,
    pub version: Version,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

pub struct Navigation {
    pub method: Method,
    pub url: Url,
    pub body: Option<String>,
    pub from: Option<Document>,
    /// By a click or a key, not by a script.
    pub by_hand: bool,
}

/// The page that causes a request. A URL that was typed has none.
pub struct Document {
    pub url: Url,
    pub referrer_policy: String,
}

impl Browser {
    pub(super) async fn navigate(&mut self, navigation: Navigation) {
        let Navigation { mut method, mut url, mut body, from, by_hand } = navigation;
        self.hops.clear();
        let mut site = "none";
        while self.hops.len() <= 10 {
            let mut headers = HeaderMap::new();
            set(&mut headers, "accept", PAGES);
            set(&mut headers, "upgrade-insecure-requests", "1");
            set(&mut headers, "sec-fetch-mode", "navigate");
            set(&mut headers, "sec-fetch-dest", "document");
            if by_hand {
                set(&mut headers, "sec-fetch-user", "?1");
            }
            let mut sending = RequestSite::SameSite;
            if let Some(document) = &from {
                // A redirect chain keeps its weakest relation: once cross-site, always cross-site.
                let now = relation(&document.url, &url);
                if now == "cross-site" || matches!(site, "none" | "same-origin") {
                    site = now;
                }
                sending = match (site, &method) {
                    ("cross-site", &Method::GET) => RequestSite::CrossSiteLink,
                    ("cross-site", _) => RequestSite::CrossSite,
                    _ => RequestSite::SameSite,
                };
                if method == Method::POST {
                    set(&mut headers, "origin", &document.origin_for(&url));
                }
                document
                    .referrer_for(&url)
                    .iter()
                    .for_each(|referrer| set(&mut headers, "referer", referrer));
            }
            set(&mut headers, "sec-fetch-site", site);
            if body.is_some() {
                set(&mut headers, CONTENT_TYPE.as_str(), FORM);
            }
            let answer =
                self.exchange(method.clone(), url.clone(), headers, body.clone(), sending).await;
            let location =
                answer.headers.get(LOCATION).filter(|_| (300..400).contains(&answer.status));
            let Some(location) = location.filter(|_| self.follow_redirects) else {
                return self.show(answer);
            };
            let location = location.to_str().expect("a Location in ASCII");
            url = url.join(location).unwrap_or_else(|e| panic!("redirected to {location:?}: {e}"));
            if answer.status == 303 || method == Method::POST && answer.status < 303 {
                (method, body) = (Method::GET, None);
            }
        }
        let way: Vec<&str> = self.hops.iter().map(|hop| hop.url.as_str()).collect();
        panic!("more than 10 redirects: {}", way.join(" → "));
    }

    pub(super) async fn exchange(
        &mut self,
        method: Method,
        url: Url,
        mut headers: HeaderMap,
        body: Option<String>,
        sending: RequestSite,
    ) -> BrowserResponse {
        set(&mut headers, "user-agent", &self.user_agent);
        set(&mut headers, "accept-language", "en-GB,en;q=0.9");
        self.extra_headers.iter().for_each(|(name, value)| set(&mut headers, name, value));
        self.cookies
            .header(&url, sending)
            .iter()
            .for_each(|cookies| set(&mut headers, "cookie", cookies));
        let request = self.client.request(method.clone(), url.clone()).headers(headers);
        let request = body.into_iter().fold(request, reqwest::RequestBuilder::body);
        let answer =
            request.send().await.unwrap_or_else(|e| panic!("{method} {url}: no answer: {e:?}"));
        let (version, status) = (answer.version(), answer.status().as_u16());
        let headers = answer.headers().clone();
        for line in headers.get_all(SET_COOKIE) {
            self.cookies.receive(&String::from_utf8_lossy(line.as_bytes()), &url);
        }
        let body = answer
            .text()
            .await
            .unwrap_or_else(|e| panic!("{method} {url}: the body broke off: {e:?}"));
        let answer = BrowserResponse { method, url, version, status, headers, body };
        self.hops.push(answer.clone());
        answer
    }
}

impl Document {
    pub fn elsewhere(origin: &str) -> Document {
        Document { url: Url::parse(origin).expect("an origin"), referrer_policy: String::new() }
    }

    /// Fetch §3.2: a policy that hides the referrer from the target also sets `Origin` to `null`.
    pub fn origin_for(&self, target: &Url) -> String {
        let same = self.url.origin() == target.origin();
        match self.referrer_policy.as_str() {
            "no-referrer" => "null".to_owned(),
            "same-origin" if !same => "null".to_owned(),
            _ => self.url.origin().ascii_serialization(),
        }
    }

    pub fn referrer_for(&self, target: &Url) -> Option<String> {
        let same = self.url.origin() == target.origin();
        let mut whole = self.url.clone();
        whole.set_fragment(None);
        match (self.referrer_policy.as_str(), same) {
            ("no-referrer", _) | ("same-origin", false) => None,
            (_, true) => Some(whole.into()),
            // No referrer from https to http.
            (_, false) if self.url.scheme() == "https" && target.scheme() == "http" => None,
            (_, false) => Some(format!("{}/", self.url.origin().ascii_serialization())),
        }
    }
}

/// `Sec-Fetch-Site`. A site is the scheme and the last two labels of the host, without the port.
pub fn relation(from: &Url, to: &Url) -> &'static str {
    let site = |url: &Url| {
        let labels: Vec<&str> = url.host_str().unwrap_or_default().rsplit('.').take(2).collect();
        (url.scheme().to_owned(), labels.join("."))
    };
    match (from.origin() == to.origin(), site(from) == site(to)) {
        (true, _) => "same-origin",
        (false, true) => "same-site",
        (false, false) => "cross-site",
    }
}

pub fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let name: HeaderName = name.parse().expect("a header's name");
    headers.insert(name, value.parse().expect("a header's value"));
}
