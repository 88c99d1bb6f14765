//! A proxy between the app and PostgreSQL that counts all executed statements and records the text
//! of those that write. So tests measure what a page really executes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::database::Database;
use super::proxy::in_front_of;

pub struct StatementCounter {
    /// For `DATABASE_URL`.
    pub url: String,
    executed: Executed,
}

/// The number of statements and the texts of the writes, since the last call, on all connections.
#[derive(Clone, Default)]
struct Executed(Arc<Mutex<(usize, Vec<String>)>>);

impl StatementCounter {
    pub async fn to(db: &Database) -> StatementCounter {
        let (listener, server, url) = in_front_of(db).await;
        let executed = Executed::default();
        let recorder = executed.clone();
        tokio::spawn(async move {
            while let Ok((app, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("PostgreSQL");
                // Otherwise each small message would wait until the previous one is acknowledged.
                for socket in [&app, &server] {
                    socket.set_nodelay(true).expect("a socket");
                }
                let (from_app, mut to_app) = app.into_split();
                let (mut from_server, to_server) = server.into_split();
                tokio::spawn(record(from_app, to_server, recorder.clone()));
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_app).await });
            }
        });
        StatementCounter { url, executed }
    }

    /// The number of statements since the last call of this or of `writes`.
    pub fn statements(&self) -> usize {
        self.executed.take().0
    }

    /// The writes since the last call of this or of `statements`, in order of execution.
    pub fn writes(&self) -> Vec<String> {
        self.executed.take().1
    }
}

impl Executed {
    fn take(&self) -> (usize, Vec<String>) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, write: Option<String>) {
        let mut executed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        executed.0 += 1;
        executed.1.extend(write);
    }
}

/// The text of a statement that changes rows or notifies. Any part of a `with` may do so.
fn write(sql: &str) -> Option<String> {
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = sql.to_ascii_lowercase();
    let inside = |verb: &str| lower.contains(verb);
    let writes = match lower.split(' ').next() {
        Some("insert" | "update" | "delete" | "merge" | "truncate" | "notify") => true,
        Some("with") => ["insert into ", "update ", "delete from "].into_iter().any(inside),
        _ => inside("pg_notify("),
    };
    writes.then_some(sql)
}

/// Forwards messages of the app. It records them first, so all statements of a request are counted
/// before its response arrives.
async fn record(mut app: OwnedReadHalf, mut server: OwnedWriteHalf, executed: Executed) {
    let (mut messages, mut unread) = (Messages::default(), Vec::new());
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = app.read(&mut piece).await {
        unread.extend_from_slice(&piece[..length]);
        let read = messages.read(&unread, &executed);
        unread.drain(..read);
        if server.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

/// The prepared statements of a connection: `Parse` gives a statement its text, `Bind` a portal its
/// statement, and `Execute` names a portal.
#[derive(Default)]
struct Messages {
    begun: bool,
    statements: HashMap<Vec<u8>, Option<String>>,
    portals: HashMap<Vec<u8>, Vec<u8>>,
}

impl Messages {
    /// Reads all complete messages and returns their length. In PostgreSQL's protocol 3.0 each
    /// message begins with its type (except the first one) and its length.
    fn read(&mut self, bytes: &[u8], executed: &Executed) -> usize {
        let mut done = 0;
        loop {
            let rest = &bytes[done..];
            let head = usize::from(self.begun);
            let Some(length) = rest.get(head..).and_then(|rest| rest.first_chunk()) else {
                return done;
            };
            let end = head + u32::from_be_bytes(*length) as usize;
            let Some(message) = rest.get(..end) else { return done };
            if self.begun {
                self.message(message[0], &message[5..], executed);
            }
            (self.begun, done) = (true, done + end);
        }
    }

    fn message(&mut self, kind: u8, body: &[u8], executed: &Executed) {
        let mut texts = body.split(|byte| *byte == 0).map(<[u8]>::to_vec);
        let mut text = || texts.next().unwrap_or_default();
        match kind {
            b'P' => drop(self.statements.insert(text(), write(&String::from_utf8_lossy(&text())))),
            b'B' => drop(self.portals.insert(text(), text())),
            b'Q' => executed.add(write(&String::from_utf8_lossy(&text()))),
            b'E' => {
                let statement = self.portals.get(&text());
                let statement = statement.and_then(|name| self.statements.get(name));
                executed.add(statement.cloned().flatten());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn only_statements_that_write_are_recorded() {
        for sql in [
            "insert into outbox values ($1)",
            "UPDATE users set email = $1",
            "with held as (select 1) update throttles set failures = 0",
            "select pg_notify('mail', '')",
        ] {
            assert!(write(sql).is_some(), "{sql}");
        }
        for sql in ["select * from users", "BEGIN", "COMMIT", "with one as (select 1) select 1"] {
            assert!(write(sql).is_none(), "{sql}");
        }
    }
}
