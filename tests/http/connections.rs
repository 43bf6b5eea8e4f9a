//! How many connections there may be at once.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::app::TestApp;

/// One connection that is kept.
struct Connection(TcpStream);

impl Connection {
    async fn open(app: &TestApp) -> Self {
        let address = app.url.strip_prefix("http://").unwrap();
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn ask(&mut self) {
        let request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
        self.0.write_all(request).await.unwrap();
    }

    /// Reads to the end of a body of `/health`.
    async fn answer(&mut self) -> String {
        let mut read = Vec::new();
        while !read.ends_with(b"}") {
            read.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(read).unwrap()
    }
}

/// Strangers cannot take up more than the connections they may have; who comes later waits, and is
/// served as soon as one ends.
#[tokio::test]
async fn no_more_connections_than_set() {
    let app = TestApp::fresh(|config| config.server.max_connections = 2).await;
    let mut first = Connection::open(&app).await;
    let mut second = Connection::open(&app).await;
    for connection in [&mut first, &mut second] {
        connection.ask().await;
        assert!(connection.answer().await.starts_with("HTTP/1.1 200"));
    }
    let mut third = Connection::open(&app).await;
    third.ask().await;
    for _ in 0..50 {
        second.ask().await;
        second.answer().await;
    }
    let early = third.0.try_read(&mut [0]).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::WouldBlock);
    drop(first);
    assert!(third.answer().await.starts_with("HTTP/1.1 200"));
    app.finish().await;
}

/// An idle connection does not keep the program from ending, and is closed by it.
#[tokio::test]
async fn idle_connections_end_with_the_program() {
    let app = TestApp::fresh(|_| {}).await;
    let silent = Connection::open(&app).await;
    let mut idle = Connection::open(&app).await;
    idle.ask().await;
    idle.answer().await;
    app.finish().await;
    for mut connection in [silent.0, idle.0] {
        // Closed, or reset if the program was gone before it read anything.
        let rest = connection.read(&mut [0]).await;
        assert!(rest.is_err() || rest.unwrap() == 0);
    }
}
