//! The pages of the app that the baselines send, and the cookies of the seeded sessions.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::ensure;
use app::keys::Keys;
use app::web::{cookies, encrypted_cookie};
use serde::{Deserialize, Serialize};

use crate::database::{self, session_id, user_of};
use crate::http;
use crate::server::{SECRET_KEYS, output};

/// Headers that the server writes itself, and the one that differs in each response.
const NOT_COPIED: [&str; 4] = ["content-length", "date", "set-cookie", "x-request-id"];

/// A response of the app, kept for the baselines.
#[derive(Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The CSRF token in the body.
    pub(crate) token: String,
}

impl Page {
    pub(crate) fn load(folder: &Path, name: &str) -> anyhow::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(folder.join(format!("{name}.json")))?)?)
    }
}

/// Keeps the dashboard and the login page. Returns the folder.
pub(crate) fn capture(port: u16, cookies: &Cookies) -> anyhow::Result<PathBuf> {
    let folder = output();
    let dashboard = http::get(port, "/app", Some(&cookies.of(1)))?;
    let login = http::get(port, "/login", None)?;
    for (name, received) in [("dashboard", dashboard), ("login", login)] {
        ensure!(received.status == 200, "{name} was answered with {}", received.status);
        let token = received.token()?.to_owned();
        let mut headers = received.headers;
        headers.retain(|(name, _)| !NOT_COPIED.contains(&name.as_str()));
        let page = Page { headers, body: received.body, token };
        fs::write(folder.join(format!("{name}.json")), serde_json::to_vec(&page)?)?;
    }
    Ok(folder)
}

/// Makes the cookies of the seeded sessions, as the app would have made them.
pub(crate) struct Cookies {
    keys: Keys,
    port: u16,
}

impl Cookies {
    /// For the app on this port: in development the port is part of the names of its cookies.
    pub(crate) fn new(port: u16) -> anyhow::Result<Self> {
        Ok(Self { keys: Keys::parse(&SECRET_KEYS).map_err(anyhow::Error::msg)?, port })
    }

    /// The Cookie header of the session with this number.
    pub(crate) fn of(&self, session: u32) -> String {
        format!("{}={}", self.name(), self.value(session))
    }

    /// The name in the browser. The encrypted value is the same on every port.
    pub(crate) fn name(&self) -> String {
        let suffix = if self.port == 8080 { String::new() } else { format!("-{}", self.port) };
        cookies::SESSION.to_owned() + &suffix
    }

    fn value(&self, session: u32) -> String {
        let id = session_id(session).as_str().to_owned();
        encrypted_cookie::encrypt(self.keys.newest_cookies(), cookies::SESSION, id)
    }

    /// Writes the values of the cookies of these sessions, a line each, for wrk.
    pub(crate) fn write(&self, sessions: impl Iterator<Item = u32>) -> anyhow::Result<PathBuf> {
        let path = output().join(format!("cookies-{}", self.port));
        let mut file = BufWriter::new(fs::File::create(&path)?);
        for session in sessions {
            writeln!(file, "{}", self.value(session))?;
        }
        file.flush()?;
        Ok(path)
    }

    /// Checks that the app shows its page to the owners of these sessions, and to nobody else.
    pub(crate) fn check(&self, sessions: impl Iterator<Item = u32>) -> anyhow::Result<()> {
        for session in sessions {
            let shown = http::get(self.port, "/app", Some(&self.of(session)))?;
            let email = database::email(user_of(session));
            let own = shown.status == 200 && shown.body.contains(&email);
            ensure!(own, "the page of session {session} came with status {}", shown.status);
        }
        let anonymous = http::get(self.port, "/app", None)?;
        ensure!(anonymous.status == 303, "the page was shown to a visitor without a cookie");
        Ok(())
    }
}
