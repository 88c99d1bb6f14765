//! HTTP as bytes on a socket, for requests that no client would send: two Host headers, cookies
//! that are not UTF-8, half a request. Responses are returned byte for byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

/// The limit for a server that never responds; no test waits for it to pass.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct RawResponse {
    pub status: u16,
    /// In order, with names as received. Bytes beyond ASCII are read as Latin-1.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl RawResponse {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |header: &&(String, String)| header.0.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request on a connection of its own.
pub async fn send(address: impl ToSocketAddrs, request: impl AsRef<[u8]>) -> RawResponse {
    let mut wire = RawConnection::open(address).await;
    wire.write(&request).await;
    wire.read(request.as_ref().starts_with(b"HEAD "))
        .await
        .expect("an answer, not a closed connection")
}

/// An open connection, for several requests or one in pieces.
pub struct RawConnection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl RawConnection {
    pub async fn open(address: impl ToSocketAddrs) -> RawConnection {
        let stream = TcpStream::connect(address).await.expect("a server that listens");
        stream.set_nodelay(true).expect("pieces sent as they are");
        RawConnection { stream, unread: Vec::new() }
    }

    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        timeout(TIMEOUT, self.stream.write_all(bytes.as_ref()))
            .await
            .expect("a server that reads")
            .expect("to write");
    }

    /// Closes the connection at once, by RST.
    pub fn reset(self) {
        self.stream.set_zero_linger().expect("a socket");
    }

    /// The next response, or None if the server closes the connection without one.
    pub async fn answer(&mut self) -> Option<RawResponse> {
        self.read(false).await
    }

    /// The next response, if the server waits for a timeout of its own first.
    pub async fn late_response(&mut self) -> Option<RawResponse> {
        let arriving = timeout(3 * TIMEOUT, self.stream.peek(&mut [0])).await;
        arriving.expect("an answer at last").expect("to read");
        self.read(false).await
    }

    /// The next response, to a HEAD request: despite its Content-Length it has no body.
    pub async fn response_to_head(&mut self) -> Option<RawResponse> {
        self.read(true).await
    }

    /// Whether the server closes the connection without sending more.
    pub async fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && !self.more().await
    }

    async fn read(&mut self, to_head: bool) -> Option<RawResponse> {
        loop {
            let end = loop {
                match find(&self.unread, b"\r\n\r\n") {
                    Some(end) => break end,
                    None if self.more().await => {}
                    None => return None,
                }
            };
            let head: Vec<u8> = self.unread.drain(..end + 4).collect();
            let head: String = head.iter().map(|byte| char::from(*byte)).collect();
            let mut lines = head.trim_end().split("\r\n");
            let status = lines
                .next()
                .and_then(|line| line.split(' ').nth(1)?.parse().ok())
                .expect("a status line");
            let headers = lines
                .map(|line| line.split_once(':').expect("a header with a colon"))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect();
            let mut response = RawResponse { status, headers, body: Vec::new() };
            // A 1xx response is only interim; the final one follows.
            if status >= 200 {
                if !to_head && status != 204 && status != 304 {
                    response.body = self.body(&response).await;
                }
                return Some(response);
            }
        }
    }

    async fn body(&mut self, response: &RawResponse) -> Vec<u8> {
        if response
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            let mut body = Vec::new();
            loop {
                let line = self.line().await;
                let size = line
                    .split(';')
                    .next()
                    .and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
                match size.expect("the size of a chunk") {
                    0 => break,
                    size => body.extend(self.exactly(size).await),
                }
                self.line().await;
            }
            while !self.line().await.is_empty() {}
            return body;
        }
        if let Some(length) = response.header("content-length") {
            self.exactly(length.parse().expect("a Content-Length")).await
        } else {
            while self.more().await {}
            std::mem::take(&mut self.unread)
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            assert!(
                self.more().await,
                "the body broke off after {} of {length} bytes",
                self.unread.len()
            );
        }
        self.unread.drain(..length).collect()
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = find(&self.unread, b"\r\n") {
                let line: Vec<u8> = self.unread.drain(..end + 2).collect();
                return String::from_utf8_lossy(&line[..end]).into_owned();
            }
            assert!(self.more().await, "the body broke off in the middle of a chunk");
        }
    }

    /// Reads more bytes. False at the end, or after a reset.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        let Ok(read) = timeout(TIMEOUT, self.stream.read(&mut buffer)).await else {
            panic!(
                "no answer within {TIMEOUT:?}; so far: {:?}",
                String::from_utf8_lossy(&self.unread)
            );
        };
        let read = read.unwrap_or(0);
        self.unread.extend_from_slice(&buffer[..read]);
        read > 0
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
