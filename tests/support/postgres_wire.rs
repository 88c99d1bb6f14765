//! A listener between the app and PostgreSQL that counts statements: what a page really asks,
//! whatever the code says about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::database::Database;

pub struct Wire {
    /// For `DATABASE_URL`.
    pub url: String,
    statements: Arc<AtomicUsize>,
}

impl Wire {
    pub async fn to(db: &Database) -> Wire {
        let mut url = Url::parse(&db.url).expect("an address");
        let server = (url.host_str().expect("a host").to_owned(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(listener.local_addr().ok().map(|address| address.port())).expect("a port");
        url.query_pairs_mut().append_pair("sslmode", "disable");
        let statements = Arc::<AtomicUsize>::default();
        let counter = statements.clone();
        tokio::spawn(async move {
            while let Ok((app, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("PostgreSQL");
                let (from_app, mut to_app) = app.into_split();
                let (mut from_server, to_server) = server.into_split();
                tokio::spawn(count(from_app, to_server, counter.clone()));
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_app).await });
            }
        });
        Wire { url: url.into(), statements }
    }

    /// How many since the last look.
    pub fn statements(&self) -> usize {
        self.statements.swap(0, SeqCst)
    }
}

/// Passes on what the app says, message by message (PostgreSQL's protocol 3.0: after the first
/// one each begins with its kind and its length), and counts what runs: `Execute` and `Query`.
async fn count(mut app: OwnedReadHalf, mut server: OwnedWriteHalf, counter: Arc<AtomicUsize>) {
    let mut begun = false;
    loop {
        let mut head = vec![0; if begun { 5 } else { 4 }];
        if app.read_exact(&mut head).await.is_err() {
            return;
        }
        let length = u32::from_be_bytes(*head.last_chunk().expect("4 bytes")) as usize;
        if begun && matches!(head[0], b'E' | b'Q') {
            counter.fetch_add(1, SeqCst);
        }
        let mut body = vec![0; length - 4];
        let passed_on = async {
            app.read_exact(&mut body).await?;
            server.write_all(&head).await?;
            server.write_all(&body).await
        };
        if passed_on.await.is_err() {
            return;
        }
        begun = true;
    }
}
