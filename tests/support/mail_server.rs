//! A mail server that misbehaves as a test needs: it can give any reply, hang, or hang up.
//!
//! `tests/smtp` uses a real one. The script is called with each command, with `CONNECT` for the
//! greeting, and with `.` after a mail. The mail is recorded before the reply to `.` is sent.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// The limit for a reply or mail that never arrives; no test waits for it to pass. A delivery whose
/// database goes silent during a statement needs up to 20 s: 6 until the statement fails, 10 until
/// it polls, and the pauses before it has a new connection.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    Usual,
    Say(&'static str),
    /// Sends this reply and hangs up.
    SayLast(&'static str),
    /// The usual reply, delayed.
    After(Duration),
    /// The usual reply, once the test calls `release`.
    Hold,
    Hang,
    HangUp,
}

/// A mail as the server received it.
#[derive(Debug, Clone)]
pub struct DeliveredMail {
    pub from: String,
    pub to: Vec<String>,
    /// Headers, an empty line and the body, without the dots that SMTP adds.
    pub data: String,
}

impl DeliveredMail {
    /// The value of a header, with its lines joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut values = head.split("\r\n").filter_map(|line| line.split_once(": "));
        values
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    }

    pub fn id(&self) -> String {
        self.header("Message-ID").expect("a Message-ID")
    }
}

type Script = dyn Fn(&str) -> Reaction + Send + Sync;

pub struct MailServer {
    pub port: u16,
    /// Its certificate in PEM, for clients to trust.
    pub root: String,
    mails: UnboundedReceiver<DeliveredMail>,
    commands: UnboundedReceiver<String>,
    held: Arc<Semaphore>,
}

impl MailServer {
    /// Accepts every mail.
    pub async fn start() -> MailServer {
        MailServer::that(|_| Reaction::Usual).await
    }

    pub async fn that(script: impl Fn(&str) -> Reaction + Send + Sync + 'static) -> MailServer {
        MailServer::with(None, script).await
    }

    /// TLS from the first byte, with a certificate for this host name.
    pub async fn named(name: &str) -> MailServer {
        MailServer::with(Some(name), |_| Reaction::Usual).await
    }

    async fn with(
        name: Option<&str>,
        script: impl Fn(&str) -> Reaction + Send + Sync + 'static,
    ) -> MailServer {
        let script: Arc<Script> = Arc::new(script);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (tls, root) = name.map(certificate).unzip();
        let (mails, received) = unbounded_channel();
        let (commands, heard) = unbounded_channel();
        let held = Arc::new(Semaphore::new(0));
        let released = held.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = SmtpSession {
                    script: script.clone(),
                    mails: mails.clone(),
                    commands: commands.clone(),
                    released: released.clone(),
                };
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => session.run(stream).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => session.run(stream).await,
                            Err(_) => drop(session.commands.send("no TLS".to_owned())),
                        },
                    }
                });
            }
        });
        let root = root.unwrap_or_default();
        MailServer { port, root, mails: received, commands: heard, held }
    }

    /// Waits for the next mail.
    pub async fn mail(&mut self) -> DeliveredMail {
        timeout(TIMEOUT, self.mails.recv()).await.expect("a mail in time").expect("a server")
    }

    /// Waits for a command that begins with `start`.
    pub async fn wait_for_command(&mut self, start: &str) -> String {
        let heard = async {
            loop {
                let command = self.commands.recv().await.expect("a server");
                if command.starts_with(start) {
                    return command;
                }
            }
        };
        timeout(TIMEOUT, heard).await.unwrap_or_else(|_| panic!("never heard {start}"))
    }

    /// Sends one reply that is held, or will be.
    pub fn release(&self) {
        self.held.add_permits(1);
    }

    /// Commands that no call has returned yet.
    pub fn heard(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.commands.try_recv().ok()).collect()
    }

    /// Mails that no call has returned yet.
    pub fn received(&mut self) -> Vec<DeliveredMail> {
        std::iter::from_fn(|| self.mails.try_recv().ok()).collect()
    }
}

fn certificate(name: &str) -> (TlsAcceptor, String) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    let secret = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .expect("a certificate with its key");
    (TlsAcceptor::from(Arc::new(config)), certificate.pem())
}

struct SmtpSession {
    script: Arc<Script>,
    mails: UnboundedSender<DeliveredMail>,
    commands: UnboundedSender<String>,
    released: Arc<Semaphore>,
}

impl SmtpSession {
    async fn run(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut stream = BufReader::new(stream);
        let mut mail = DeliveredMail { from: String::new(), to: Vec::new(), data: String::new() };
        let mut command = "CONNECT".to_owned();
        loop {
            let usual = match command.split([' ', ':']).next().unwrap_or_default() {
                "CONNECT" => "220 mail.test",
                "EHLO" => "250 mail.test",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            let _ = self.commands.send(command.clone());
            let reaction = (self.script)(&command);
            let answer = match reaction {
                Reaction::Usual => usual,
                Reaction::Say(answer) | Reaction::SayLast(answer) => answer,
                Reaction::After(time) => {
                    sleep(time).await;
                    usual
                }
                Reaction::Hold => {
                    self.released.acquire().await.expect("never closed").forget();
                    usual
                }
                Reaction::Hang => return std::future::pending().await,
                Reaction::HangUp => return,
            };
            let sent = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
            if sent.and(stream.flush().await).is_err() || matches!(reaction, Reaction::SayLast(_)) {
                return;
            }
            if answer.starts_with("354") {
                let Some(data) = text(&mut stream).await else { return };
                mail.data = data;
                let _ = self.mails.send(mail.clone());
                mail.to.clear();
                command = ".".to_owned();
                continue;
            }
            let Some(line) = line(&mut stream).await else { return };
            if let Some(from) = line.strip_prefix("MAIL FROM:") {
                mail.from = from.trim_matches(['<', '>']).to_owned();
            }
            if let Some(to) = line.strip_prefix("RCPT TO:") {
                mail.to.push(to.trim_matches(['<', '>']).to_owned());
            }
            command = line;
        }
    }
}

async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches("\r\n").to_owned())
}

/// Reads up to the line with a single dot.
async fn text(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut text = String::new();
    loop {
        match line(stream).await?.as_str() {
            "." => return Some(text),
            line => {
                text.push_str(line.strip_prefix('.').unwrap_or(line));
                text.push_str("\r\n");
            }
        }
    }
}
