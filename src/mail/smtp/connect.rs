//! Connects to the mail server stage by stage, so that an error names the stage that failed.
//!
//! lettre's `connect_tokio1` resolves the name, connects, does the TLS handshake and reads the
//! greeting in one call, and its error does not say which of these failed. Without a timeout it
//! waits two minutes for an IP address that does not respond (lettre/lettre#715). So this module
//! opens the stream, and lettre speaks SMTP over it. STARTTLS is left to lettre.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::failure::{answer, answered, broken};
use super::{Failure, Mailer, SmtpConnection, Stage};
use crate::config::mail::SmtpTls;

const NO_AUTHORITIES: &str = "this machine has no CA certificates, so no server can be verified: \
     install the package ca-certificates, or name a PEM file in SSL_CERT_FILE";

/// Verifies the certificate of the server.
pub(super) struct Tls {
    /// How many certificate authorities are trusted.
    authorities: usize,
    implicit: TlsConnector,
    starttls: TlsParameters,
}

impl Tls {
    /// Trusts the certificate authorities of this machine, and those of `more` (PEM).
    pub(super) fn new(host: &str, more: &[&str]) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        let mut starttls = TlsParameters::builder(host.to_owned());
        starttls = starttls.certificate_store(CertificateStore::None);
        let mut trusted = rustls_native_certs::load_native_certs().certs;
        // The stores of operating systems contain certificates that rustls cannot read.
        trusted.retain(|certificate| roots.add(certificate.clone()).is_ok());
        for pem in more {
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes())?;
            roots.add(certificate.clone())?;
            trusted.push(certificate);
        }
        for certificate in &trusted {
            starttls = starttls.add_root_certificate(Certificate::from_der(certificate.to_vec())?);
        }
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let implicit = ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            authorities: trusted.len(),
            implicit: TlsConnector::from(Arc::new(implicit)),
            starttls: starttls.build()?,
        })
    }
}

impl Mailer {
    /// Opens a new connection, up to AUTH.
    ///
    /// # Errors
    /// Names the stage that failed; never `Failure::Rejected`.
    pub async fn connect(&self) -> Result<SmtpConnection, Failure> {
        let (tcp, peer) = self.reach().await?;
        let mut smtp = match self.server.tls {
            SmtpTls::Implicit => self.greet(self.handshake(tcp).await?, peer).await?,
            _ => self.greet(tcp, peer).await?,
        };
        let offered = self.server.tls == SmtpTls::Opportunistic && smtp.can_starttls();
        if self.server.tls == SmtpTls::Required || offered {
            let hello = self.hello();
            let upgrade = smtp.starttls(self.tls()?.starttls.clone(), &hello);
            answer(Stage::StartTls, self.timeouts.command, upgrade).await?;
        }
        if let Some((user, password)) = &self.server.login {
            // An attacker on the network can remove STARTTLS from the server's reply to EHLO.
            if self.server.tls == SmtpTls::Opportunistic && !smtp.is_encrypted() {
                let words = "the server offers no TLS, so the password was not sent";
                return Err(Failure::at(Stage::Auth, words));
            }
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let login = smtp.auth(&mechanisms, &credentials);
            answer(Stage::Auth, self.timeouts.command, login).await?;
        }
        Ok(SmtpConnection { smtp, timeouts: self.timeouts })
    }

    /// Tries each IP address of the server in turn. The first may be an IPv6 address, while the
    /// network drops IPv6 packets.
    async fn reach(&self) -> Result<(TcpStream, SocketAddr), Failure> {
        let mut problems = Vec::new();
        for address in self.addresses().await? {
            match timeout(self.timeouts.address, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok((stream, address)),
                Ok(Err(error)) => problems.push(format!("{address}: {error}")),
                Err(_) => problems.push(format!("{address}: no answer in time")),
            }
        }
        Err(Failure::at(Stage::Connect, &problems.join("; ")))
    }

    /// Resolves the name on a separate thread. A process that ends waits for the blocking threads
    /// of tokio, here up to half a minute if no name server responds.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Failure> {
        let (resolve, server) = (self.resolve.clone(), self.server.clone());
        let (tell, told) = oneshot::channel();
        std::thread::spawn(move || {
            let resolving = AssertUnwindSafe(|| resolve(&server.host, server.port));
            // Fails when the timeout has passed and the receiver was dropped.
            let _ = tell.send(catch_unwind(resolving));
        });
        let Ok(Ok(resolved)) = timeout(self.timeouts.setup, told).await else {
            return Err(Failure::at(Stage::Resolve, "no answer in time"));
        };
        match resolved.unwrap_or_else(|panic| resume_unwind(panic)) {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            Ok(_) => Err(Failure::at(Stage::Resolve, "the name has no IP address")),
            Err(error) => Err(Failure::at(Stage::Resolve, &error.to_string())),
        }
    }

    async fn handshake(&self, tcp: TcpStream) -> Result<impl Stream + use<>, Failure> {
        let connector = &self.tls()?.implicit;
        let name = ServerName::try_from(self.server.host.clone());
        let name = name.map_err(|error| Failure::at(Stage::Tls, &error.to_string()))?;
        match timeout(self.timeouts.setup, connector.connect(name, tcp)).await {
            Ok(stream) => stream.map_err(|error| broken(Stage::Tls, &error)),
            Err(_) => Err(Failure::at(Stage::Tls, "no answer in time")),
        }
    }

    async fn greet(
        &self,
        stream: impl Stream + 'static,
        peer: SocketAddr,
    ) -> Result<AsyncSmtpConnection, Failure> {
        let spoken = Arc::new(AtomicBool::new(false));
        let wire = Box::new(Wire { stream, peer, spoken: spoken.clone() });
        let hello = self.hello();
        let greeted = AsyncSmtpConnection::connect_with_transport(wire, &hello);
        let greeted = timeout(self.timeouts.greeting + self.timeouts.command, greeted).await;
        let stage = if spoken.load(Ordering::Relaxed) { Stage::Ehlo } else { Stage::Greeting };
        answered(stage, greeted)
    }

    fn hello(&self) -> ClientId {
        ClientId::Domain(self.sender.email.domain().to_owned())
    }

    /// Fails without CA certificates. Not checked in `Tls::new`: `tls=opportunistic` may need none.
    fn tls(&self) -> Result<&Tls, Failure> {
        let tls = self.tls.as_ref().filter(|tls| tls.authorities > 0);
        tls.ok_or_else(|| Failure::at(Stage::Certificate, NO_AUTHORITIES))
    }
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin> Stream for S {}

/// A stream that records whether the client has sent anything. The client first sends after the
/// greeting, so this separates a bad greeting from a bad reply to EHLO. lettre's error does not.
#[derive(Debug)]
struct Wire<S> {
    stream: S,
    peer: SocketAddr,
    spoken: Arc<AtomicBool>,
}

impl<S: Stream> AsyncTokioStream for Wire<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: Stream> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Stream> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.spoken.store(true, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
