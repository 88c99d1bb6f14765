//! Runs nginx in front of a site, with the settings of `deploy/nginx.conf`.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::authority::{CertificateAuthority, Files, Folder, tomorrow};

/// A running nginx. It stops when it is dropped.
pub struct Nginx {
    binary: PathBuf,
    folder: Folder,
    pub http: u16,
    pub https: u16,
    pub authority: Arc<CertificateAuthority>,
}

impl Nginx {
    /// None, with a printed reason, if nginx is not installed. With `CI=true` this panics.
    pub fn find() -> Option<Nginx> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Debian installs nginx in a folder that is only in root's PATH.
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let binary = folders.map(|folder| folder.join("nginx")).find(|binary| binary.is_file());
        let Some(binary) = binary else {
            let reason = "there is no nginx here (Debian: apt-get install nginx-light)";
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{reason}");
            println!("skipped: {reason}");
            return None;
        };
        let [http, https] = free_ports();
        Some(Nginx {
            binary,
            folder: Folder::new(),
            http,
            https,
            authority: Arc::new(CertificateAuthority::new()),
        })
    }

    /// Starts nginx in front of the app on this port.
    pub fn serve(&self, app: u16) {
        let Files { certificate, key } = self.authority.issue("localhost", tomorrow());
        let lets_encrypt = "/etc/letsencrypt/live/login.example.com";
        let server = include_str!("../../deploy/nginx.conf")
            .replace(&format!("{lets_encrypt}/fullchain.pem"), &certificate.to_string_lossy())
            .replace(&format!("{lets_encrypt}/privkey.pem"), &key.to_string_lossy())
            .replace("login.example.com", "localhost")
            .replace("/var/log/nginx/error.log", "error.log")
            // The test uses IPv4 only.
            .replace("listen [::]:80;", "")
            .replace("listen [::]:443 ssl http2;", "")
            .replace("listen 80;", &format!("listen 127.0.0.1:{};", self.http))
            // As `docs/https.md` says for a port other than 443.
            .replace("Host $host;", &format!("Host $host:{};", self.https))
            .replace("listen 443 ", &format!("listen 127.0.0.1:{} ", self.https))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{app}"));
        let own_files = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {name};\n"))
            .concat();
        let settings = format!(
            "pid nginx.pid;\nerror_log error.log;\nevents {{}}\n\
             http {{\naccess_log off;\n{own_files}{server}\n}}\n"
        );
        fs::write(self.folder.path().join("nginx.conf"), settings).expect("its settings");
        // nginx returns once it listens, and continues in the background.
        assert!(self.run(&[]), "{}", self.log());
    }

    fn run(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new(&self.binary);
        let folder = format!("{}/", self.folder.path().display());
        command.args(["-p", &folder, "-e", "error.log", "-c", "nginx.conf"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("nginx").success()
    }

    /// What nginx has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.run(&["-s", "stop"]);
    }
}

/// nginx cannot choose free ports itself.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}
