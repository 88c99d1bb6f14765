//! An attacker's site: one page, on a port of its own.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub struct OtherSite {
    pub port: u16,
}

impl OtherSite {
    /// Serves this page at every path until the test ends.
    pub async fn with(page: String) -> OtherSite {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let page = page.clone();
                tokio::spawn(async move {
                    let _ = socket.read(&mut [0; 4096]).await;
                    let length = page.len();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n\
                         content-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    let _ = socket.write_all(format!("{head}{page}").as_bytes()).await;
                });
            }
        });
        OtherSite { port }
    }

    /// A URL that browsers treat as same-site with ours, because they ignore the port.
    pub fn same_site_url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// A URL that browsers treat as cross-site.
    pub fn stranger(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}
