//! Whom a gateway says that it brings, and when.

use std::net::{IpAddr, SocketAddr};

use netchat_gateway::limits::{INTRODUCTION_FRESH, INTRODUCTION_TRIES_MAX};
use netchat_gateway::{GatewayConfig, ProxyWord, TrustedProxies};
use netchat_shared::extended::{Datagram, PROTOCOL_VERSION};
use netchat_shared::server_key::StaticKey;
use netchat_shared::via::{GatewayKey, Via};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::front::{Front, PATIENCE, ask, upgrade};

/// A final frame with bytes in it, and the mask that every frame of a browser has.
const BINARY: u8 = 0x82;
const MASK: [u8; 4] = [0x8C, 0x01, 0xF3, 0x5A];

fn key() -> GatewayKey {
    GatewayKey::from_random([5; 32])
}

fn here() -> IpAddr {
    [127, 0, 0, 1].into()
}

/// A gateway in front of a server that the test plays, and a browser that is let in.
struct Bridge {
    front: Front,
    browser: TcpStream,
}

impl Bridge {
    async fn open(config: GatewayConfig, key: Option<GatewayKey>, lines: &str) -> Self {
        let front = Front::start_with(config, key).await;
        let browser = Self::connect(&front, b"", lines).await;
        Self { front, browser }
    }

    /// A browser's connection, with something before its request.
    async fn connect(front: &Front, before: &[u8], lines: &str) -> TcpStream {
        let (mut browser, answer) = Self::try_connect(front, before, lines).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        browser.set_nodelay(true).unwrap();
        browser.flush().await.unwrap();
        browser
    }

    async fn try_connect(front: &Front, before: &[u8], lines: &str) -> (TcpStream, String) {
        let mut browser = TcpStream::connect(front.gateway).await.unwrap();
        let here = front.gateway.to_string();
        let request = upgrade(&here, &format!("http://{here}"), lines);
        let answer = ask(&mut browser, &[before, request.as_bytes()].concat()).await;
        (browser, answer)
    }

    async fn says(&mut self, message: &[u8]) {
        let masked = message.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        assert!(message.len() < 126, "a longer one has a longer head");
        let head = vec![BINARY, 0x80 | message.len() as u8];
        let frame: Vec<u8> = head.into_iter().chain(MASK).chain(masked).collect();
        self.browser.write_all(&frame).await.unwrap();
    }

    /// What the browser is sent next.
    async fn hears(&mut self) -> Vec<u8> {
        let read = async {
            let mut head = [0; 2];
            self.browser.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(head[1])];
            self.browser.read_exact(&mut payload).await.unwrap();
            payload
        };
        timeout(PATIENCE, read).await.expect("a frame")
    }

    async fn answer(&self, to: SocketAddr, datagram: Datagram<'_>) {
        self.front.server.send_to(&datagram.to_wire(), to).await.unwrap();
    }

    /// Takes the introduction that comes now; what it says, and where it came from.
    async fn takes_introduction(&self) -> (Via, SocketAddr) {
        let (offer, from) = self.front.received().await;
        let Ok(Datagram::Offer { nonce, .. }) = Datagram::parse(&offer) else {
            panic!("{}", String::from_utf8_lossy(&offer))
        };
        self.gives_cookie(nonce, from).await;
        self.takes_via().await
    }

    async fn gives_cookie(&self, nonce: u64, to: SocketAddr) {
        let (version, cookie) = (PROTOCOL_VERSION, nonce ^ 9);
        let server = StaticKey::from_random([1; 32]).public();
        self.answer(to, Datagram::Cookie { version, nonce, cookie, server }).await;
    }

    async fn takes_via(&self) -> (Via, SocketAddr) {
        let (via, from) = self.front.received().await;
        let Ok(Datagram::Via(via)) = Datagram::parse(&via) else { panic!() };
        assert_eq!(via.cookie(), via.nonce() ^ 9);
        self.answer(from, Datagram::ViaTaken(via.taken(&key()))).await;
        (via, from)
    }
}

#[tokio::test]
async fn a_browser_is_introduced_before_anything_of_it_passes_and_hung_up_for() {
    let mut bridge = Bridge::open(GatewayConfig::default(), Some(key()), "").await;
    bridge.says(b"first").await;
    let (via, from) = bridge.takes_introduction().await;
    assert_eq!(via.proved_address(&key()), Some(here()));
    assert_eq!(bridge.front.received().await, (b"first".to_vec(), from));
    // What is not for the gateway is for the browser, also what looks like it.
    let server = StaticKey::from_random([1; 32]).public();
    let of_the_browser =
        Datagram::Cookie { version: PROTOCOL_VERSION, nonce: 1, cookie: 2, server };
    bridge.answer(from, of_the_browser).await;
    assert_eq!(bridge.hears().await, of_the_browser.to_wire());

    drop(bridge.browser);
    for _ in 0..2 {
        let (hang_up, _) = bridge.front.received().await;
        let Ok(Datagram::HangUp(hang_up)) = Datagram::parse(&hang_up) else { panic!() };
        assert!(hang_up.ends(&key(), &via));
    }
}

#[tokio::test]
async fn each_session_begins_with_an_introduction_as_the_server_may_have_restarted() {
    let mut bridge = Bridge::open(GatewayConfig::default(), Some(key()), "").await;
    let (_, from) = bridge.takes_introduction().await;
    let offer = Datagram::Offer { version: PROTOCOL_VERSION, nonce: 7 }.to_wire();
    let offer = &offer[.."X#00000000#OFFER#".len()];
    bridge.says(offer).await;
    assert_eq!(bridge.front.received().await.0, offer, "the server has just been told");

    tokio::time::pause();
    tokio::time::advance(INTRODUCTION_FRESH).await;
    tokio::time::resume();
    bridge.says(offer).await;
    let (again, _) = bridge.takes_introduction().await;
    assert_eq!(again.proved_address(&key()), Some(here()));
    assert_eq!(bridge.front.received().await, (offer.to_vec(), from));
    bridge.says(b"and all else").await;
    assert_eq!(bridge.front.received().await, (b"and all else".to_vec(), from));
}

#[tokio::test]
async fn a_server_that_does_not_take_it_is_spoken_to_without() {
    let mut bridge = Bridge::open(GatewayConfig::default(), Some(key()), "").await;
    bridge.says(b"hello").await;
    let mut offers = 0;
    loop {
        let (datagram, from) = bridge.front.received().await;
        if datagram == b"hello" {
            bridge.front.server.send_to(b"welcome", from).await.unwrap();
            break;
        }
        assert!(matches!(Datagram::parse(&datagram), Ok(Datagram::Offer { .. })));
        offers += 1;
    }
    assert_eq!(offers, INTRODUCTION_TRIES_MAX);
    assert_eq!(bridge.hears().await, b"welcome");

    // Nothing waits for what is not answered; but a server that comes back is told first.
    bridge.says(b"LOCKED#").await;
    let (offer, from) = bridge.front.received().await;
    assert!(matches!(Datagram::parse(&offer), Ok(Datagram::Offer { .. })));
    assert_eq!(bridge.front.received().await.0, b"LOCKED#");
    let Ok(Datagram::Offer { nonce, .. }) = Datagram::parse(&offer) else { panic!() };
    bridge.gives_cookie(nonce, from).await;
    let (via, _) = bridge.takes_via().await;
    assert_eq!(via.proved_address(&key()), Some(here()));
    bridge.says(b"passes").await;
    assert_eq!(bridge.front.received().await.0, b"passes");
}

#[tokio::test]
async fn a_server_without_the_key_is_told_by_an_empty_datagram_that_a_browser_has_gone() {
    let bridge = Bridge::open(GatewayConfig::default(), None, "").await;
    drop(bridge.browser);
    assert_eq!(bridge.front.received().await.0, b"");
}

fn behind_proxy(word: ProxyWord) -> GatewayConfig {
    let proxies = TrustedProxies { networks: vec!["127.0.0.0/8".parse().unwrap()], word };
    GatewayConfig { proxies, sessions_per_address: 1, ..GatewayConfig::default() }
}

#[tokio::test]
async fn s10_browsers_behind_a_proxy_are_counted_and_introduced_each_by_its_own_address() {
    let lines = "X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n";
    let config = behind_proxy(ProxyWord::XForwardedFor);
    let bridge = Bridge::open(config, Some(key()), lines).await;
    let (via, _) = bridge.takes_introduction().await;
    assert_eq!(via.proved_address(&key()), "203.0.113.7".parse().ok());
    let (_, refused) = Bridge::try_connect(&bridge.front, b"", lines).await;
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    let other = "X-Forwarded-For: 203.0.113.8\r\n";
    let _other = Bridge::connect(&bridge.front, b"", other).await;
}

#[tokio::test]
async fn a_proxy_that_speaks_the_proxy_protocol_is_believed_and_held_to_it() {
    let front = Front::start_with(behind_proxy(ProxyWord::ProxyProtocol), Some(key())).await;
    let before = b"PROXY TCP4 203.0.113.7 127.0.0.1 4711 80\r\n";
    let browser = Bridge::connect(&front, before, "X-Forwarded-For: 1.2.3.4\r\n").await;
    let bridge = Bridge { front, browser };
    let (via, _) = bridge.takes_introduction().await;
    assert_eq!(via.proved_address(&key()), "203.0.113.7".parse().ok());

    let mut without = TcpStream::connect(bridge.front.gateway).await.unwrap();
    without.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Closed or reset: it depends on what was read.
    let _ = timeout(PATIENCE, without.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, b"", "nothing is answered to whom nobody has brought");
}
