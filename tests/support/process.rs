//! The real binary in a process of its own, which can be signalled and killed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use app::keys::Keys;

use super::browser::Browser;
use super::database::Database;

/// `vestibule serve` on a free port. It is killed when this is dropped.
pub struct Process {
    pub first_line: String,
    /// `http://localhost:PORT`
    pub url: String,
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: Option<JoinHandle<String>>,
}

impl Process {
    pub fn serve(db: &Database) -> Process {
        Process::serve_with(db, &[])
    }

    pub fn serve_with(db: &Database, settings: &[(&str, &str)]) -> Process {
        let mut serve = command(db, &["serve"]);
        Process::run(serve.envs(settings.iter().copied()))
    }

    /// Like `serve_with`, but `log` returns its log. `RUST_LOG` in `settings` sets the level.
    pub fn logging(db: &Database, settings: &[(&str, &str)]) -> Process {
        let mut serve = command(db, &["serve"]);
        Process::run(serve.envs(settings.iter().copied()).stderr(Stdio::piped()))
    }

    fn run(serve: &mut Command) -> Process {
        let mut child = serve.spawn().expect("the binary");
        // Reads continuously, because a full pipe would block the process.
        let log = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut log = Vec::new();
                stderr.read_to_end(&mut log).expect("its log");
                String::from_utf8_lossy(&log).into_owned()
            })
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        let mut first_line = String::new();
        stdout.read_line(&mut first_line).expect("a line of text");
        let url = first_line.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
        Process { first_line, url, child, stdout, log }
    }

    /// The next line on stdout.
    pub fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line of text");
        line
    }

    pub fn browser(&self) -> Browser {
        Browser::at(&self.url)
    }

    pub fn address(&self) -> (&'static str, u16) {
        let port = self.url.rsplit(':').next().and_then(|port| port.parse().ok());
        ("127.0.0.1", port.expect("a port"))
    }

    /// `signal("TERM")`
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success(), "no process to send SIG{name} to");
    }

    /// Kills it, and returns its log.
    pub fn log(mut self) -> String {
        let log = self.log.take().expect("started by `logging`");
        drop(self);
        log.join().expect("its log")
    }

    /// Waits for its exit. Returns the status and the rest of its output.
    pub fn ends(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        (self.child.wait().expect("its end"), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails if it has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Inherits no environment variable and reads no `.env`.
pub fn command(db: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env_clear()
        .envs([("ENVIRONMENT", "development"), ("LISTEN", "127.0.0.1:0"), ("RUST_LOG", "error")])
        .envs([("DATABASE_URL", &db.url), ("SECRET_KEYS", &Keys::generate())])
        .stdout(Stdio::piped());
    command
}
