//! Starts chromedriver on a free port, and finds the Chromium that it drives.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// `bin/setup` looks for the same ones.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// A running chromedriver. It is killed when this is dropped.
pub struct Driver {
    pub url: String,
    pub browser: PathBuf,
    process: Child,
}

impl Driver {
    /// # Errors
    /// The missing program, and how to install it.
    pub fn start() -> Result<Driver, String> {
        let missing = |what: &str| {
            format!("there is no {what} on this machine (on Debian bin/setup --tests installs it)")
        };
        let browser = BROWSERS.iter().find_map(|name| find(name));
        let browser = browser.ok_or_else(|| missing("Chromium"))?;
        let program = find("chromedriver").ok_or_else(|| missing("chromedriver"))?;
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("chromedriver does not start: {error}"))?;
        let stdout = process.stdout.take().ok_or("chromedriver has no stdout")?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        // Reads the rest of its output, because a full pipe would block it.
        std::thread::spawn(move || lines.for_each(drop));
        let mut driver = Driver { url: String::new(), browser, process };
        let port = port.ok_or("chromedriver ended without naming its port")?;
        driver.url = format!("http://127.0.0.1:{port}");
        // reqwest needs a provider even for plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn find(program: &str) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}
