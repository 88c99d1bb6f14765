//! The lesson, which explains the site with the session of the visitor. Other tests run without it.

mod dashboard;
mod errors;
mod inspector;
mod practices;
mod try_it;

use crate::support::site::Site;

/// A site of development with the lesson, and with these settings.
async fn site_with(settings: &[(&str, &str)]) -> Site {
    Site::with(&[&[("LESSON", "on")], settings].concat()).await
}

/// The status and the page of a request to a site in production.
async fn ask_production(site: &Site, method: &str, path: &str) -> (u16, String) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\
         Sec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n"
    );
    let answer = crate::support::raw::send(site.address, request).await;
    (answer.status, answer.text())
}
