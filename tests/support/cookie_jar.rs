//! The cookies of one browser, stored by a browser's rules (RFC 6265bis, as Chromium applies it).
//!
//! A client that stores every cookie would hide bugs that lock people out, such as a `__Host-`
//! cookie with a Domain. So the jar rejects what a browser rejects, and `refused` gives the
//! reasons. <http://localhost> counts as secure, as it does in Chromium and Firefox.

use std::time::{Duration, SystemTime};

use time::{Date, Month, Time, UtcDateTime};
use url::Url;

/// Which page caused a request, as far as `SameSite` distinguishes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RequestSite {
    SameSite,
    /// A link on another site, which sends `Lax` cookies.
    CrossSiteLink,
    /// A form, image or script of another site.
    CrossSite,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SameSite {
    Strict,
    Lax,
    None,
}

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
    same_site: SameSite,
    /// None: a session cookie, removed when the browser closes.
    expires: Option<SystemTime>,
}

#[derive(Clone, Default)]
pub struct CookieJar {
    cookies: Vec<Cookie>,
    /// The rejected `Set-Cookie` lines, each with the reason.
    pub refused: Vec<(String, &'static str)>,
}

impl CookieJar {
    pub fn receive(&mut self, line: &str, from: &Url) {
        let now = SystemTime::now();
        match parse(line, from, now) {
            Err(reason) => self.refused.push((line.to_owned(), reason)),
            Ok(cookie) => {
                let same = |other: &Cookie| {
                    (&other.name, &other.domain, other.host_only, &other.path)
                        == (&cookie.name, &cookie.domain, cookie.host_only, &cookie.path)
                };
                let place = self.cookies.iter().position(same);
                match (place, cookie.expires.is_some_and(|end| end <= now)) {
                    (Some(place), true) => drop(self.cookies.remove(place)),
                    (Some(place), false) => self.cookies[place] = cookie,
                    (None, true) => {}
                    (None, false) => self.cookies.push(cookie),
                }
            }
        }
    }

    /// The `Cookie` header of a request: longer paths first, then the order of arrival.
    pub fn header(&self, to: &Url, sending: RequestSite) -> Option<String> {
        let host = to.host_str().unwrap_or_default();
        let now = SystemTime::now();
        let mut sent: Vec<&Cookie> = self.cookies.iter().collect();
        sent.retain(|cookie| {
            let host_fits =
                host == cookie.domain || !cookie.host_only && is_below(host, &cookie.domain);
            let site_fits = match cookie.same_site {
                SameSite::Strict => sending == RequestSite::SameSite,
                SameSite::Lax => sending != RequestSite::CrossSite,
                SameSite::None => true,
            };
            host_fits
                && site_fits
                && path_fits(to.path(), &cookie.path)
                && (!cookie.secure || is_trustworthy(to))
                && cookie.expires.is_none_or(|end| end > now)
        });
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent
            .iter()
            .map(|Cookie { name, value, .. }| match name.as_str() {
                "" => value.clone(),
                name => format!("{name}={value}"),
            })
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let now = SystemTime::now();
        let live = |cookie: &&Cookie| cookie.expires.is_none_or(|end| end > now);
        self.cookies
            .iter()
            .filter(live)
            .find(|cookie| cookie.name == name)
            .map(|found| &*found.value)
    }

    /// Whether the cookie survives closing the browser.
    pub fn is_persistent(&self, name: &str) -> bool {
        self.cookies.iter().any(|cookie| cookie.name == name && cookie.expires.is_some())
    }

    /// Stores a cookie for an attacker, without checking any rule.
    pub fn plant(&mut self, name: &str, value: &str, at: &Url) {
        self.cookies.retain(|cookie| cookie.name != name);
        self.cookies.push(Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: at.host_str().unwrap_or_default().to_owned(),
            host_only: true,
            path: "/".to_owned(),
            secure: true,
            same_site: SameSite::Lax,
            expires: None,
        });
    }

    /// Closes and reopens the browser.
    pub fn restart(&mut self) {
        self.cookies.retain(|cookie| cookie.expires.is_some());
    }
}

fn parse(line: &str, from: &Url, now: SystemTime) -> Result<Cookie, &'static str> {
    if line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err("it holds a control character");
    }
    let mut parts = line.split(';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    let (name, value) = (name.trim(), value.trim());
    if name.len() + value.len() > 4096 {
        return Err("name and value are longer than 4096 bytes");
    }
    let (mut secure, mut same_site, mut path, mut domain) = (false, SameSite::Lax, None, None);
    let (mut max_age, mut expires) = (None, None);
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "secure" => secure = true,
            "path" => path = Some(value),
            "domain" => domain = Some(value.trim_start_matches('.').to_ascii_lowercase()),
            "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
            "expires" => expires = parse_date(value).or(expires),
            "samesite" if value.eq_ignore_ascii_case("strict") => same_site = SameSite::Strict,
            "samesite" if value.eq_ignore_ascii_case("none") => same_site = SameSite::None,
            "samesite" => same_site = SameSite::Lax,
            _ => {}
        }
    }

    let starts = |prefix: &str| {
        // A nameless cookie is sent as its value alone, which could read `__Host-name=…`.
        let spelled = if name.is_empty() { value } else { name };
        spelled.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let host = from.host_str().unwrap_or_default();
    let bare_host = secure && domain.is_none() && path == Some("/");
    let domain = domain.filter(|domain| !domain.is_empty() && domain != host);
    let foreign = |domain: &String| !domain.contains('.') || !is_below(host, domain);
    let prefixed = starts("__Host-") || starts("__Secure-");
    let rules = [
        (starts("__Host-") && !bare_host, "__Host- wants Secure, Path=/ and no Domain"),
        (starts("__Secure-") && !secure, "__Secure- wants Secure"),
        (name.is_empty() && (prefixed || value.is_empty()), "it has no name"),
        (secure && !is_trustworthy(from), "Secure, from a page that is not"),
        (same_site == SameSite::None && !secure, "SameSite=None wants Secure"),
        (domain.as_ref().is_some_and(foreign), "its Domain is not above the host that sent it"),
    ];
    if let Some((_, reason)) = rules.into_iter().find(|(broken, _)| *broken) {
        return Err(reason);
    }
    let default_path = match from.path().rfind('/') {
        None | Some(0) => "/",
        Some(end) => &from.path()[..end],
    };
    Ok(Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        host_only: domain.is_none(),
        domain: domain.unwrap_or_else(|| host.to_owned()),
        path: path.filter(|path| path.starts_with('/')).unwrap_or(default_path).to_owned(),
        secure,
        same_site,
        // Max-Age overrides Expires. No cookie is stored for more than 400 days.
        expires: match max_age {
            Some(seconds) if seconds <= 0 => Some(SystemTime::UNIX_EPOCH),
            Some(seconds) => Some(now + Duration::from_secs(seconds.min(400 * 86_400) as u64)),
            None => expires,
        },
    })
}

/// `Wed, 21 Oct 2026 07:28:00 GMT`, also with dashes.
fn parse_date(text: &str) -> Option<SystemTime> {
    let mut words = text.split([' ', '-', ',']).filter(|word| !word.is_empty()).skip(1);
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| name.eq_ignore_ascii_case(month))? as u8 + 1;
    let year = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u8>().ok());
    let time = Time::from_hms(clock.next()??, clock.next()??, clock.next()??).ok()?;
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    Some(SystemTime::from(UtcDateTime::new(date, time)))
}

fn path_fits(asked: &str, of_cookie: &str) -> bool {
    let Some(rest) = asked.strip_prefix(of_cookie) else { return false };
    rest.is_empty() || of_cookie.ends_with('/') || rest.starts_with('/')
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn is_trustworthy(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https"
        || host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with("127.")
        || host == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(lines: &[&str]) -> CookieJar {
        let mut jar = CookieJar::default();
        lines.iter().for_each(|line| jar.receive(line, &url("http://localhost/a/b")));
        jar
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn the_jar_rejects_invalid_cookies() {
        for line in [
            "__Host-a=1; Path=/",
            "__Host-a=1; Secure",
            "__Host-a=1; Secure; Path=/a",
            "__host-a=1; Secure; Path=/; Domain=localhost",
            "__Secure-a=1",
            "=__Host-a=1; Path=/",
            "a=1; SameSite=None",
            "a=1; Domain=example.com",
            "a=\u{1}",
        ] {
            assert_eq!(jar(&[line]).refused.len(), 1, "{line}");
        }
        assert_eq!(jar(&["__Host-a=1; Secure; Path=/"]).get("__Host-a"), Some("1"));
    }

    #[test]
    fn the_jar_removes_expired_cookies() {
        let gone = [
            "Max-Age=0",
            "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "Max-Age=-1; Expires=Sun, 01-Jan-2090 00:00:00 GMT",
        ];
        for life in gone {
            assert_eq!(jar(&["a=1", &format!("a=2; {life}")]).get("a"), None, "{life}");
        }
        let mut jar = jar(&["window=1", "kept=1; Max-Age=60"]);
        jar.restart();
        assert_eq!((jar.get("window"), jar.get("kept")), (None, Some("1")));
    }

    #[test]
    fn the_jar_sends_cookies_by_samesite_and_path() {
        let jar = jar(&[
            "lax=1; Path=/",
            "strict=2; SameSite=Strict; Path=/",
            "none=3; SameSite=None; Secure; Path=/a",
        ]);
        let sent = |to: &str, sending| jar.header(&url(to), sending).unwrap_or_default();
        assert_eq!(
            sent("http://localhost:1/a/c", RequestSite::SameSite),
            "none=3; lax=1; strict=2"
        );
        assert_eq!(sent("http://localhost/ab", RequestSite::CrossSiteLink), "lax=1");
        assert_eq!(sent("http://localhost/a", RequestSite::CrossSite), "none=3");
        assert_eq!(sent("http://other.example/a", RequestSite::SameSite), "");
    }
}
