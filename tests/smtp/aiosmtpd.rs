//! The mail server: `server.py`, in a Python environment that has aiosmtpd.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const AIOSMTPD: &str = "aiosmtpd==1.4.6";
/// How long to wait for an event before the test fails. A test that passes never waits so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// The Python of `target/aiosmtpd`, an environment that the first run creates.
pub fn python() -> Result<String, String> {
    let folder = Path::new(ROOT).join("target/aiosmtpd");
    let python = folder.join("bin/python");
    let works = |python: &Path| {
        let import = Program::new(python).args(["-c", "import aiosmtpd"]).output();
        import.is_ok_and(|import| import.status.success())
    };
    if !works(&python) {
        let made = run(Program::new("python3").args(["-m", "venv"]).arg(&folder));
        made.map_err(|error| format!("no Python with venv: {error}"))?;
        let install = ["-m", "pip", "install", "--quiet", AIOSMTPD];
        let installed = run(Program::new(&python).args(install));
        installed.map_err(|error| format!("{AIOSMTPD} cannot be installed: {error}"))?;
    }
    Ok(python.to_string_lossy().into_owned())
}

fn run(program: &mut Program) -> Result<(), String> {
    let output = program.output().map_err(|error| error.to_string())?;
    let last = String::from_utf8_lossy(&output.stderr);
    let last = last.lines().last().unwrap_or_default().to_owned();
    if output.status.success() { Ok(()) } else { Err(last) }
}

/// A running server. When it is dropped, its process is killed and its folder removed.
pub struct Server {
    pub port: u16,
    /// The certificate (PEM) that a client must trust for TLS with `localhost`.
    pub root: String,
    folder: PathBuf,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

/// The user and the password for a server that requires a login.
pub const LOGIN: (&str, &str) = ("vestibule", "p@ss word/");

impl Server {
    /// `tls` is `none`, without a login, or `starttls` or `implicit`, which require `LOGIN`.
    pub async fn start(python: &str, tls: &str) -> Server {
        let folder = std::env::temp_dir().join(format!("vestibule-mail-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).expect("a folder");
        let mut program = Command::new(python);
        program.arg(Path::new(ROOT).join("tests/smtp/server.py"));
        program.arg(folder.join("mails")).arg(tls);
        let mut root = String::new();
        if tls != "none" {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
            root = params.self_signed(&key).expect("a certificate").pem();
            for (name, text) in [("certificate.pem", &root), ("key.pem", &key.serialize_pem())] {
                fs::write(folder.join(name), text).expect("a file");
                program.arg(folder.join(name));
            }
            program.args([LOGIN.0, LOGIN.1]);
        }
        program.stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = program.spawn().expect("Python");
        let stdout = process.stdout.take().expect("its output");
        let lines = BufReader::new(stdout).lines();
        let mut server = Server { port: 0, root, folder, lines, _process: process };
        server.port = server.line().await.parse().expect("a port");
        server
    }

    /// Waits for the next email that the server accepts. Returns its Message-ID.
    pub async fn mail(&mut self) -> String {
        self.line().await
    }

    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("news from the server");
        line.expect("its output").expect("a server that is still there")
    }

    /// Every email in its folder.
    pub fn mails(&self) -> Vec<String> {
        let folder = fs::read_dir(self.folder.join("mails/new")).expect("a Maildir");
        folder
            .map(|file| fs::read_to_string(file.expect("a file").path()).expect("a mail"))
            .collect()
    }

    /// How many emails with each Message-ID are in its folder.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for mail in self.mails() {
            *counts.entry(header(&mail, "Message-ID").to_owned()).or_default() += 1;
        }
        counts
    }
}

pub fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let mut lines = mail.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| *found == name).map(|(_, value)| value).unwrap_or_default()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
