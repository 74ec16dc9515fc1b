//! A gateway in front of a UDP socket that the test holds.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_gateway::{Gateway, GatewayConfig};
use netchat_shared::via::GatewayKey;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longest time for anything that a test waits for: it only decides how long a failure takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Front {
    pub(crate) gateway: SocketAddr,
    pub(crate) server: UdpSocket,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Front {
    pub(crate) async fn start(config: GatewayConfig) -> Self {
        Self::start_with(config, None).await
    }

    pub(crate) async fn start_with(config: GatewayConfig, key: Option<GatewayKey>) -> Self {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let gateway =
            Gateway::bind(any, (server.local_addr().unwrap(), key), config).await.unwrap();
        let address = gateway.local_address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(gateway.run(async move { drop(stopped.await) }));
        Self { gateway: address, server, stop, running }
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.running).await.expect("it stops").unwrap();
    }

    /// The next datagram at the server, and where it came from.
    pub(crate) async fn received(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 4_096];
        let received = timeout(PATIENCE, self.server.recv_from(&mut buffer)).await;
        let (length, from) = received.expect("no datagram").unwrap();
        buffer.truncate(length);
        (buffer, from)
    }

    /// The answer to a request for this path, with these further lines in its head.
    pub(crate) async fn get(&self, path: &str, host: &str, lines: &str) -> String {
        let mut stream = TcpStream::connect(self.gateway).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The request that opens a WebSocket from the gateway's own page.
    pub(crate) fn upgrade_here(&self, lines: &str) -> String {
        let here = self.gateway.to_string();
        upgrade(&here, &format!("http://{here}"), lines)
    }
}

/// Time passes, and what waits for it is done.
pub(crate) async fn pass(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

/// The request that opens a WebSocket, with these further lines.
pub(crate) fn upgrade(host: &str, origin: &str, lines: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// Sends a request; the head of the answer, and nothing behind it.
pub(crate) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
) -> String {
    stream.write_all(request).await.unwrap();
    let head = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    };
    timeout(PATIENCE, head).await.expect("an answer")
}
