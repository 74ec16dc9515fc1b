//! The gateway between a real WebSocket and a real UDP server.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use netchat_gateway::limits::{HEAD_TIMEOUT, INTRODUCTION_FRESH, SESSIONS_PER_ADDRESS_MAX};
use netchat_gateway::{Gateway, GatewayConfig};
use netchat_tests::process::{PATIENCE, Parts, Process};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What the gateway sends when a WebSocket has ended.
const NOTHING: Vec<u8> = Vec::new();

/// A gateway in front of a UDP socket that the test holds.
struct Front {
    address: SocketAddr,
    server: UdpSocket,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Front {
    async fn start(adjust: impl FnOnce(&mut GatewayConfig)) -> Self {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut config =
            GatewayConfig { sessions: 100, sessions_per_address: 100, ..GatewayConfig::default() };
        adjust(&mut config);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let gateway =
            Gateway::bind(any, (server.local_addr().unwrap(), None), config).await.unwrap();
        let address = gateway.local_address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(gateway.run(async { drop(stopped.await) }));
        Self { address, server, stop: Some(stop), running }
    }

    async fn connect_from(&self, origin: Option<&str>) -> Result<WebSocket, Error> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("Origin", HeaderValue::from_str(origin).unwrap());
        }
        connect_async(request).await.map(|(socket, _)| socket)
    }

    async fn connect(&self) -> WebSocket {
        self.connect_from(Some(&format!("http://{}", self.address))).await.unwrap()
    }

    /// The next datagram at the server, and where it came from.
    async fn received(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 65_536];
        let received = timeout(PATIENCE, self.server.recv_from(&mut buffer)).await;
        let (length, from) = received.expect("no datagram").unwrap();
        buffer.truncate(length);
        (buffer, from)
    }

    /// Asks for a path over plain HTTP; the answer's head and body.
    async fn get(&self, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

async fn next(socket: &mut WebSocket) -> Message {
    timeout(PATIENCE, socket.next()).await.expect("no message").unwrap().unwrap()
}

async fn close_code(socket: &mut WebSocket) -> CloseCode {
    loop {
        if let Message::Close(frame) = next(socket).await {
            return frame.expect("a close frame with a code").code;
        }
    }
}

fn status(error: Result<WebSocket, Error>) -> u16 {
    match error {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?} is not refused"),
    }
}

/// The server took every browser for the gateway: one that was to be kept out kept all out.
#[tokio::test]
async fn s10_the_server_knows_browsers_by_their_own_address_also_after_a_restart() {
    let mut parts = Parts::start().await;
    let browser = |address: &'static str| {
        let mut request = format!("ws://{}/ws", parts.http).into_client_request().unwrap();
        let here = format!("http://{}", parts.http);
        request.headers_mut().insert("Origin", HeaderValue::from_str(&here).unwrap());
        request.headers_mut().insert("X-Forwarded-For", HeaderValue::from_static(address));
        async { connect_async(request).await.unwrap().0 }
    };
    let mut mallory = browser("203.0.113.7").await;
    mallory.send(Message::text("LOCKED#wrong")).await.unwrap();
    next(&mut mallory).await;
    let log = parts.stop_server().await;
    let about_it: Vec<_> = log.lines().filter(|line| line.contains("refused")).collect();
    assert!(matches!(&about_it[..], [line] if line.contains("203.0.113.7")), "{log}");

    parts.start_server().await;
    tokio::time::sleep(INTRODUCTION_FRESH).await;
    mallory.send(Message::text("LOCKED#wrong")).await.unwrap();
    next(&mut mallory).await;
    let log = parts.stop_server().await;
    assert!(log.contains("203.0.113.7"), "{log}");
}

#[tokio::test]
async fn one_message_is_one_datagram_and_back() {
    let front = Front::start(|_| {}).await;
    let (mut one, mut other) = (front.connect().await, front.connect().await);
    one.send(Message::text("LOCKED#é")).await.unwrap();
    let (datagram, one_address) = front.received().await;
    assert_eq!(datagram, "LOCKED#é".as_bytes());
    other.send(Message::binary(vec![0, 255, 10])).await.unwrap();
    let (datagram, other_address) = front.received().await;
    assert_eq!(datagram, [0, 255, 10]);
    assert_ne!(one_address, other_address, "each session has a socket of its own");

    for n in 0..100_u8 {
        front.server.send_to(&[n], other_address).await.unwrap();
    }
    front.server.send_to(b"only one", one_address).await.unwrap();
    assert_eq!(next(&mut one).await, Message::binary(b"only one".to_vec()));
    for n in 0..100_u8 {
        assert_eq!(next(&mut other).await, Message::binary(vec![n]));
    }
}

#[tokio::test]
async fn datagrams_from_elsewhere_never_reach_a_browser() {
    let front = Front::start(|_| {}).await;
    let mut browser = front.connect().await;
    browser.send(Message::text("hello")).await.unwrap();
    let (_, address) = front.received().await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // Refused by the system, or dropped.
    let _ = stranger.send_to(b"forged", address).await;
    front.server.send_to(b"genuine", address).await.unwrap();
    assert_eq!(next(&mut browser).await, Message::binary(b"genuine".to_vec()));
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let front = Front::start(|config| {
        config.allow_origins = vec!["https://chat.example.org".parse().unwrap()];
    })
    .await;
    let port = front.address.port();
    for origin in [
        None,
        Some("null".to_owned()),
        Some("http://evil.example".to_owned()),
        Some(format!("http://127.0.0.1:{}", port - 1)),
        Some("https://chat.example.org.evil.example".to_owned()),
    ] {
        assert_eq!(status(front.connect_from(origin.as_deref()).await), 403, "{origin:?}");
    }
    for origin in [format!("http://127.0.0.1:{port}"), "https://chat.example.org".to_owned()] {
        front.connect_from(Some(&origin)).await.unwrap();
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_with_its_code() {
    let front = Front::start(|_| {}).await;
    for bytes in [2_049, 60_000, 70_000, 1_000_000] {
        let mut browser = front.connect().await;
        // The gateway may have closed before all of it is sent.
        let _ = browser.send(Message::binary(vec![7; bytes])).await;
        let closing = timeout(PATIENCE, async {
            while let Some(message) = browser.next().await {
                match message {
                    Ok(Message::Close(frame)) => return frame.map(|frame| frame.code),
                    Ok(_) => {}
                    Err(_) => return None,
                }
            }
            None
        });
        assert_eq!(closing.await.unwrap(), Some(CloseCode::Size), "{bytes}");
        assert_eq!(front.received().await.0, NOTHING, "only that it has ended, and nothing of it");
    }
    let mut browser = front.connect().await;
    browser.send(Message::binary(vec![7; 2_048])).await.unwrap();
    assert_eq!(front.received().await.0.len(), 2_048);
}

#[tokio::test]
async fn the_server_is_told_when_a_browser_is_gone() {
    let front = Front::start(|_| {}).await;
    let mut browser = front.connect().await;
    browser.send(Message::text("hello")).await.unwrap();
    let (_, address) = front.received().await;
    // Without a closing handshake, as when a machine loses its network or a tab crashes.
    drop(browser);
    assert_eq!(front.received().await, (vec![], address));
}

#[tokio::test]
async fn sessions_are_bounded_in_all_and_per_address() {
    let front = Front::start(|config| config.sessions_per_address = 2).await;
    let (first, _second) = (front.connect().await, front.connect().await);
    let own = format!("http://{}", front.address);
    assert_eq!(status(front.connect_from(Some(&own)).await), 429);
    drop(first);
    assert_eq!(front.received().await.0, NOTHING);
    // The end of a session is counted right after it is told.
    let again = async {
        while front.connect_from(Some(&own)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.expect("room again");

    let front = Front::start(|config| config.sessions = 1).await;
    let _only = front.connect().await;
    let own = format!("http://{}", front.address);
    assert_eq!(status(front.connect_from(Some(&own)).await), 503);
}

#[tokio::test]
async fn a_stopping_gateway_closes_its_sessions() {
    let mut front = Front::start(|_| {}).await;
    let mut browser = front.connect().await;
    browser.send(Message::text("hello")).await.unwrap();
    front.received().await;
    front.stop.take().unwrap().send(()).unwrap();
    assert_eq!(close_code(&mut browser).await, CloseCode::Away);
    assert_eq!(front.received().await.0, NOTHING);
    timeout(PATIENCE, &mut front.running).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn a_server_that_is_away_ends_nothing() {
    let front = Front::start(|_| {}).await;
    let mut browser = front.connect().await;
    browser.send(Message::text("one")).await.unwrap();
    let (_, address) = front.received().await;
    let at = front.server.local_addr().unwrap();
    drop(front.server);
    for _ in 0..5 {
        browser.send(Message::text("into the void")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let server = UdpSocket::bind(at).await.unwrap();
    server.send_to(b"back", address).await.unwrap();
    assert_eq!(next(&mut browser).await, Message::binary(b"back".to_vec()));
}

#[tokio::test]
async fn the_page_is_served_with_its_security_policy_and_never_cached() {
    let front = Front::start(|_| {}).await;
    let page = front.get("/", "").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("cache-control: no-cache"), "{page}");
    for part in
        ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "frame-ancestors 'none'"]
    {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
    assert!(page.contains("x-content-type-options: nosniff"), "{page}");
    assert!(!page.contains("<script>"), "no inline script: {page}");
    assert!(front.get("/healthz", "").await.ends_with("ok\n"));
    assert!(front.get("/nothing", "").await.starts_with("HTTP/1.1 404"));

    let script = page.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
    if let Some(script) = script {
        // Relative to the page: it works under a path.
        let script = front.get(script.strip_prefix('.').unwrap(), "").await;
        assert!(script.contains("cache-control: max-age=31536000, immutable"), "{script}");
    }
}

/// The start of an answer to this request over a connection of its own, from this address.
async fn ask_from(ip: [u8; 4], gateway: SocketAddr, request: &str) -> (String, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((ip, 0))).unwrap();
    let mut stream = socket.connect(gateway).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    (String::from_utf8_lossy(&answer).into_owned(), stream)
}

/// 1,100 connections that said nothing, or half a head, filled the files that a process may open: the
/// listener slept, honest requests timed out, and after 80 s none of them was closed.
#[tokio::test]
async fn s7_silent_connections_keep_nobody_out() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = server.local_addr().unwrap().to_string();
    let flags = ["--listen", "127.0.0.1:0", "--server", &server];
    let mut gateway = Process::start_with_file_limit(1_024, "netchat-gateway", &flags);
    let line = gateway.line().await;
    let at: SocketAddr = line.rsplit("http://").next().unwrap().parse().unwrap();
    let page = format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\n\r\n");
    let session = format!(
        "GET /ws HTTP/1.1\r\nHost: {at}\r\nOrigin: http://{at}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    );
    let soon = Duration::from_secs(1);

    let mut silent = Vec::new();
    for n in 0..1_100_u16 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 1, (n % 4) as u8], 0))).unwrap();
        let mut stream = socket.connect(at).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(&page.as_bytes()[..page.len() / 2]).await.unwrap();
        }
        silent.push(stream);
    }
    // From elsewhere, and from where the silent ones come from.
    for n in 0..20 {
        let ip = [127, 0, u8::from(n % 2 == 0), 1];
        let (answer, _) = timeout(soon, ask_from(ip, at, &page)).await.expect("in time");
        assert_eq!(answer, "HTTP/1.1 200");
    }
    // Then as many sessions as there can be; the next is told so.
    let mut sessions = Vec::new();
    let refused = loop {
        let ip = [127, 0, 2, (sessions.len() / SESSIONS_PER_ADDRESS_MAX) as u8];
        let (answer, stream) = timeout(soon, ask_from(ip, at, &session)).await.expect("in time");
        if answer != "HTTP/1.1 101" {
            break answer;
        }
        sessions.push(stream);
    };
    assert_eq!(refused, "HTTP/1.1 503");
    assert!(sessions.len() > 350, "{} sessions with two files each", sessions.len());
    let (answer, _) = timeout(soon, ask_from([127, 0, 0, 1], at, &page)).await.expect("in time");
    assert_eq!(answer, "HTTP/1.1 200");
}

#[tokio::test]
async fn connections_that_ask_for_nothing_are_closed() {
    let front = Front::start(|_| {}).await;
    let starts = ["", "G", "GET / HTTP/1.1\r\nHost: here\r\n", "GET /healthz HTTP/1.1\r\n\r\n"];
    let closing = starts.map(|start| async move {
        let mut stream = TcpStream::connect(front.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = stream.read_to_end(&mut answer).await;
    });
    let all = futures_util::future::join_all(closing);
    timeout(HEAD_TIMEOUT + Duration::from_secs(5), all).await.expect("they are closed");
}
