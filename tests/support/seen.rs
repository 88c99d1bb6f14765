//! Checks on the browser's current page. If one fails, it prints the page.

use reqwest::StatusCode;

use super::browser::Browser;
use super::page;

impl Browser {
    pub fn html(&self) -> &str {
        &self.html
    }

    pub fn text(&self) -> String {
        page::text(&self.html)
    }

    pub fn title(&self) -> String {
        page::title(&self.html)
    }

    /// Whether these words are visible on the page, across line breaks.
    pub fn sees(&self, words: &str) -> bool {
        self.text().replace('\n', " ").contains(words)
    }

    /// The value of the field with this label, in the form of this button.
    #[track_caller]
    pub fn field(&self, button: &str, label: &str) -> String {
        let form = self.form(button);
        self.found(form.value(label).ok_or_else(|| format!("no field \"{label}\"")))
    }

    #[track_caller]
    pub fn must_see(&self, words: &str) {
        if !self.sees(words) {
            self.fail(&format!("the page does not say \"{words}\""));
        }
    }

    #[track_caller]
    pub fn must_not_see(&self, words: &str) {
        if self.sees(words) {
            self.fail(&format!("the page says \"{words}\""));
        }
    }

    /// Checks the path and the status of the current page.
    #[track_caller]
    pub fn must_be_at(&self, path: &str, status: u16) {
        if (self.path.as_str(), self.status) != (path, status) {
            self.fail(&format!("not at {path} ({status})"));
        }
    }

    /// Unwraps the result of a search, or panics at the caller's line.
    #[track_caller]
    pub fn found<T>(&self, outcome: Result<T, String>) -> T {
        match outcome {
            Ok(found) => found,
            Err(message) => self.fail(&message),
        }
    }

    #[track_caller]
    fn fail(&self, message: &str) -> ! {
        let reason =
            StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let way: Vec<String> = self
            .hops
            .iter()
            .map(|hop| format!("{} {} {}", hop.method, hop.url, hop.status))
            .collect();
        let (way, reason, text) = (way.join(" → "), reason.unwrap_or_default(), self.text());
        let refused = &self.cookies.refused;
        panic!(
            "{message}\n--- {} {reason}, {} ({way})\n{text}\n--- refused cookies: {refused:?}",
            self.status, self.path
        );
    }
}
