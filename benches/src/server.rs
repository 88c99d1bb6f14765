//! The processes under test: the app, and the baselines. Each is killed when its `Server` is
//! dropped.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use app::keys::Keys;

use crate::database::Database;
use crate::http;

/// `DATABASE_MAX_CONNECTIONS` of the app, and the size of the pool of the baselines.
pub(crate) const POOL: u32 = 16;
/// Keys of this run, for the app and for the cookies.
pub(crate) static SECRET_KEYS: LazyLock<String> = LazyLock::new(Keys::generate);

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// From starting the process to the end of its first response.
    pub(crate) first_response: Duration,
}

/// Where results and logs are written.
pub(crate) fn output() -> PathBuf {
    PathBuf::from("target/bench")
}

/// The app's binary, with the settings of the benchmark and no others.
pub(crate) fn app(database: &Database, log: &str) -> Command {
    let mut command = Command::new(Path::new("target/release/vestibule"));
    command
        .env_clear()
        .env("ENVIRONMENT", "development")
        .env("DATABASE_URL", database.url.as_str())
        .env("DATABASE_MAX_CONNECTIONS", POOL.to_string())
        .env("SECRET_KEYS", &*SECRET_KEYS)
        .env("TRUSTED_PROXIES", "127.0.0.1/32")
        .env("LOG_FORMAT", "json")
        .env("RUST_LOG", log);
    command
}

impl Server {
    /// Starts the app. Its log is written to a file.
    pub(crate) fn app(database: &Database, log: &str) -> anyhow::Result<Self> {
        Self::start(app(database, log), "app", "/login")
    }

    /// Starts the baselines, which respond with the captured pages.
    pub(crate) fn baselines(database: &Database, captured: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("baseline")
            .arg(captured)
            .env("DATABASE_URL", database.url.as_str())
            .env("SECRET_KEYS", &*SECRET_KEYS);
        Self::start(command, "baselines", "/none")
    }

    fn start(mut command: Command, name: &str, path: &str) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        command
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(output().join(format!("{name}.log")))?);
        let began = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let mut server = Self { child, port, first_response: Duration::ZERO };
        loop {
            if first_line(port, path).is_ok_and(|line| line.starts_with("HTTP/1.1 200")) {
                server.first_response = began.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("{name} ended with {status}: see {}/{name}.log", output().display());
            }
            if began.elapsed() > Duration::from_secs(20) {
                bail!("{name} does not respond: see {}/{name}.log", output().display());
            }
            sleep(Duration::from_micros(500));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// Without an HTTP client, so that the time until the first response is only the server's.
fn first_line(port: u16, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let host = http::host(port);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response.lines().next().unwrap_or_default().to_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
