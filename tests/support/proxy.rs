//! A TCP proxy between the app and PostgreSQL that can fail: go silent, or cut connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

use super::database::Database;

/// A listener for a proxy, the address of PostgreSQL, and a `DATABASE_URL` that points to the
/// listener.
pub async fn in_front_of(db: &Database) -> (TcpListener, (String, u16), String) {
    let mut url = Url::parse(&db.url).expect("an address");
    let server = (url.host_str().expect("a host").to_owned(), url.port().unwrap_or(5432));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(listener.local_addr().ok().map(|address| address.port())).expect("a port");
    url.query_pairs_mut().append_pair("sslmode", "disable");
    (listener, server, url.into())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Silent,
    Cut,
}

pub struct Proxy {
    /// For `DATABASE_URL`.
    pub url: String,
    /// How the open connections fail, once it is set.
    fates: watch::Sender<Option<Fate>>,
    accepted: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn to(db: &Database) -> Proxy {
        Proxy::closing_first(0, db).await
    }

    /// Closes this many connections at once, and forwards the later ones.
    pub async fn closing_first(first: usize, db: &Database) -> Proxy {
        let (listener, server, url) = in_front_of(db).await;
        let (fates, accepted) = (watch::Sender::new(None), Arc::new(AtomicUsize::new(0)));
        let (sender, count) = (fates.clone(), accepted.clone());
        tokio::spawn(async move {
            while let Ok((mut app, _)) = listener.accept().await {
                if count.fetch_add(1, Ordering::SeqCst) < first {
                    continue;
                }
                let mut server = TcpStream::connect(&server).await.expect("PostgreSQL");
                for socket in [&app, &server] {
                    socket.set_nodelay(true).expect("a socket");
                }
                let mut fate = sender.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = copy_bidirectional(&mut app, &mut server) => {}
                        Ok(()) = fate.changed() => {
                            let silent = *fate.borrow() == Some(Fate::Silent);
                            if silent {
                                // Both sockets stay open, but are not read.
                                std::future::pending::<()>().await;
                            }
                        }
                    }
                });
            }
        });
        Proxy { url, fates, accepted }
    }

    /// Stops forwarding on the connections that are open; new ones work.
    pub fn stop_forwarding(&self) {
        self.fates.send_replace(Some(Fate::Silent));
    }

    /// Closes the connections that are open; new ones work.
    pub fn close_connections(&self) {
        self.fates.send_replace(Some(Fate::Cut));
    }

    /// How many connections were accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}
