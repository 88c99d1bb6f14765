//! The lesson, which explains the site with the session of the visitor. Other tests run without it.

mod dashboard;
mod practices;

use crate::support::site::Site;

/// A site of development with the lesson, and with these settings.
async fn site_with(settings: &[(&str, &str)]) -> Site {
    Site::with(&[&[("LESSON", "on")], settings].concat()).await
}
