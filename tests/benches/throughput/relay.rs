//! What the machine can do at most without putting datagrams together: a relay that looks at two
//! bytes of each.
//!
//! ```text
//! sender ── m ──> relay ── m ──> recipient
//!        <── s ──       <── a ──
//!        <── a ──
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use super::PAIRS;
use super::load::{Outcome, Pace, Pacer, Span};

/// As many bytes as a message of the server's load has on the wire.
const MESSAGE_BYTES: usize = 200;

/// Starts the relay in a thread of its own.
pub(crate) fn start() -> SocketAddr {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::Builder::new().name("relay".to_owned()).spawn(move || relay(&socket)).unwrap();
    address
}

fn relay(socket: &std::net::UdpSocket) {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let (mut senders, mut recipients) = (vec![nobody; PAIRS], vec![nobody; PAIRS]);
    let mut buffer = [0; 2_048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let pair = usize::from(buffer[1]);
        match buffer[0] {
            b'r' => recipients[pair] = from,
            b'm' => {
                senders[pair] = from;
                let _ = socket.send_to(&buffer[..length], recipients[pair]);
                buffer[0] = b's';
                let _ = socket.send_to(&buffer[..32], from);
            }
            _ => drop(socket.send_to(&buffer[..length], senders[pair])),
        }
    }
}

pub(crate) async fn load(relay: SocketAddr, pace: Pace) -> Outcome {
    let (span, origin) = (Span::next(), Instant::now());
    let local = LocalSet::new();
    let mut running = Vec::new();
    for index in 0..PAIRS {
        running.push(local.spawn_local(receive(relay, index, span, origin)));
        running.push(local.spawn_local(send(relay, index, pace, span, origin)));
    }
    let mut outcome = Outcome::default();
    local
        .run_until(async {
            for task in running {
                outcome.extend(task.await.unwrap());
            }
        })
        .await;
    outcome
}

async fn send(relay: SocketAddr, index: usize, pace: Pace, span: Span, origin: Instant) -> Outcome {
    let socket = connect(relay).await;
    let mut pacer = Pacer::new(pace, index);
    let mut under_way: BTreeMap<u64, Instant> = BTreeMap::new();
    let (mut outcome, mut buffer) = (Outcome::default(), [0; 2_048]);
    while Instant::now() < span.end {
        while pacer.may_send(under_way.len()) {
            let stamp = origin.elapsed().as_nanos() as u64;
            let mut datagram = [0; MESSAGE_BYTES];
            datagram[..2].copy_from_slice(&[b'm', index as u8]);
            datagram[2..10].copy_from_slice(&stamp.to_be_bytes());
            let _ = socket.send(&datagram).await;
            under_way.insert(stamp, Instant::now());
        }
        tokio::select! {
            Ok(_) = socket.recv(&mut buffer) => {
                let stamp = stamp(&buffer);
                let Some(&sent_at) = under_way.get(&stamp) else { continue };
                let is_measured = span.holds(sent_at);
                if buffer[0] == b'a' {
                    under_way.remove(&stamp);
                    outcome.all_messages += 1;
                    if is_measured {
                        outcome.received.push(sent_at.elapsed());
                    }
                } else if is_measured {
                    outcome.stored.push(sent_at.elapsed());
                }
            }
            () = sleep_until(pacer.wake_at(span)) => {}
        }
        // What the kernel dropped never comes.
        under_way.retain(|_, sent_at| sent_at.elapsed() < Duration::from_millis(500));
    }
    outcome
}

async fn receive(relay: SocketAddr, index: usize, span: Span, origin: Instant) -> Outcome {
    let socket = connect(relay).await;
    let _ = socket.send(&[b'r', index as u8]).await;
    let (mut outcome, mut buffer) = (Outcome::default(), [0; 2_048]);
    loop {
        tokio::select! {
            Ok(_) = socket.recv(&mut buffer) => {
                let sent_after = Duration::from_nanos(stamp(&buffer));
                if span.holds(origin + sent_after) {
                    outcome.arrived.push(origin.elapsed().saturating_sub(sent_after));
                }
                buffer[0] = b'a';
                let _ = socket.send(&buffer[..32]).await;
            }
            () = sleep_until(span.end) => return outcome,
        }
    }
}

fn stamp(datagram: &[u8]) -> u64 {
    u64::from_be_bytes(datagram[2..10].try_into().unwrap())
}

async fn connect(relay: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(relay).await.unwrap();
    socket
}
