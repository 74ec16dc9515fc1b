//! A web server in front of the gateway that has it under a path, as `location /chat/` of nginx does.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The path under which it is.
pub const PATH: &str = "/chat/";

/// Starts it; answers where it listens. It ends with the test.
pub async fn start(gateway: SocketAddr) -> SocketAddr {
    let (let_go, proxy) = start_slow(gateway, "").await;
    // It answers as long as the test runs.
    let_go.send_replace(true);
    proxy
}

/// The same; whatever has this in its name is held back until it is let go.
pub async fn start_slow(
    gateway: SocketAddr,
    held: &'static str,
) -> (watch::Sender<bool>, SocketAddr) {
    let (let_go, may_go) = watch::channel(false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(pass(stream, gateway, held, may_go.clone()));
        }
    });
    (let_go, address)
}

/// Passes one request on, and everything that follows it.
async fn pass(
    browser: TcpStream,
    gateway: SocketAddr,
    held: &'static str,
    mut may_go: watch::Receiver<bool>,
) {
    let mut browser = BufReader::new(browser);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        match browser.read_line(&mut head).await {
            Ok(length) if length > 0 => {}
            Ok(_) | Err(_) => return,
        }
    }
    if !head.starts_with(&format!("GET {PATH}")) {
        let _ = browser.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        return;
    }
    let is_held = head.lines().next().is_some_and(|request| request.contains(held));
    if is_held && may_go.wait_for(|may_go| *may_go).await.is_err() {
        return;
    }
    let mut head = head.replacen(PATH, "/", 1);
    if !head.to_ascii_lowercase().contains("\r\nupgrade:") {
        // One request a connection: nothing else has to be understood.
        head = head.replacen("Connection: keep-alive", "Connection: close", 1);
    }
    let Ok(mut gateway) = TcpStream::connect(gateway).await else { return };
    let _ = gateway.write_all(head.as_bytes()).await;
    let mut sent = vec![0; browser.buffer().len()];
    if browser.read_exact(&mut sent).await.is_ok() {
        let _ = gateway.write_all(&sent).await;
        let _ = tokio::io::copy_bidirectional(&mut browser, &mut gateway).await;
    }
}
