//! Strangers who open sessions and say nothing, from one address and from a thousand, while others sign
//! in and resume.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netchat_shared::FreshKeys;
use netchat_shared::extended::{Attempt, Datagram, HELLO_BYTES, PROTOCOL_VERSION, Token};

use super::client::{Client, Try};
use super::server::Server;
use super::{Latencies, PATIENCE};

/// Who comes meanwhile: one at a time, as often.
const VISIT_INTERVAL: Duration = Duration::from_millis(200);
const IDLE_FOR: Duration = Duration::from_secs(10);
const ATTACK_FOR: Duration = Duration::from_secs(60);
/// What is spent on it each time the attacker looks at the clock.
const TICK: Duration = Duration::from_millis(5);

pub(super) fn bench(server: &Server) {
    let (idle, _) = visits(server, 40, IDLE_FOR);
    println!("  signing in and resuming while nobody attacks:\n    {idle}");
    for (sources, bytes_per_second) in [(1, 100_000), (1_000, 5_000_000)] {
        let before = server.resident_bytes();
        let attack = Attack::begin(server.address, sources, bytes_per_second);
        let (seen, failed) = visits(server, 50 + u8::from(sources > 1), ATTACK_FOR);
        let sent = attack.end();
        let grown = server.resident_bytes().saturating_sub(before) / 1_000_000;
        println!(
            "  while {sources} addresses open links, {} kB a second for {} s ({} MB went out):\n    \
             {seen}; {failed} did not get in; memory {grown} MB more",
            bytes_per_second / 1_000,
            ATTACK_FOR.as_secs(),
            sent / 1_000_000
        );
    }
}

/// What people who come one after the other meet.
#[derive(Default)]
struct Visits {
    signed_in: Latencies,
    resumed: Latencies,
}

impl std::fmt::Display for Visits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sign-in {}; resume {}", self.signed_in, self.resumed)
    }
}

/// People sign in and resume in turn, each from another address; and how many did not get in.
fn visits(server: &Server, network: u8, duration: Duration) -> (Visits, usize) {
    let (began, mut seen, mut failed) = (Instant::now(), Visits::default(), 0);
    let mut token: Option<Token> = None;
    for visit in 0_u32.. {
        let due = VISIT_INTERVAL * visit;
        if due > duration {
            break;
        }
        thread::sleep(due.saturating_sub(began.elapsed()));
        let from = Ipv4Addr::new(127, network, (visit / 200) as u8, 1 + (visit % 200) as u8);
        let came = Instant::now();
        let resumes = token.filter(|_| visit % 2 == 1);
        let Some(mut client) = Client::try_open(server.address, from) else {
            failed += 1;
            continue;
        };
        match resumes {
            Some(token) => client.resume(token),
            None => client.sign_in(&format!("person{}", visit % 1_000), Try::Right),
        }
        while client.token.is_none() && came.elapsed() < PATIENCE {
            client.turn();
        }
        let times = if resumes.is_some() { &mut seen.resumed } else { &mut seen.signed_in };
        match client.token {
            Some(new) => {
                times.push(came.elapsed());
                token = Some(new);
            }
            None => failed += 1,
        }
    }
    (seen, failed)
}

/// Offers and opens, and nothing more.
struct Attack {
    is_over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Attack {
    fn begin(server: SocketAddr, sources: u32, bytes_per_second: u64) -> Self {
        let (is_over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let shared = (Arc::clone(&is_over), Arc::clone(&sent));
        let thread = thread::spawn(move || {
            let sockets: Vec<_> = (0..sources).map(|index| socket(server, index)).collect();
            let (is_over, sent) = shared;
            let (began, mut keys, mut nonce) =
                (Instant::now(), FreshKeys::from_seed([7; 32]).0, 0_u64);
            while !is_over.load(Ordering::Relaxed) {
                let due = began.elapsed().as_micros() * u128::from(bytes_per_second) / 1_000_000;
                while u128::from(sent.load(Ordering::Relaxed)) < due {
                    nonce += 1;
                    let socket = &sockets[nonce as usize % sockets.len()];
                    let offer = Datagram::Offer { version: PROTOCOL_VERSION, nonce }.to_wire();
                    let mut bytes = send(socket, &offer);
                    bytes += answer(socket, &mut keys);
                    sent.fetch_add(bytes, Ordering::Relaxed);
                }
                thread::sleep(TICK);
            }
        });
        Self { is_over, sent, thread }
    }

    /// How many bytes went out.
    fn end(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}

fn socket(server: SocketAddr, index: u32) -> UdpSocket {
    let [_, _, high, low] = (index + 1).to_be_bytes();
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 60, high, low), 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn send(socket: &UdpSocket, datagram: &[u8]) -> u64 {
    // What does not go out is lost.
    let _ = socket.send(datagram);
    datagram.len() as u64
}

/// Opens a link for each cookie that has come, as it should be for one of four: the others cost the
/// attacker nothing, and the server as much. Answers the bytes that went out.
fn answer(socket: &UdpSocket, keys: &mut FreshKeys) -> u64 {
    let (mut buffer, mut bytes) = ([0; 2_048], 0);
    while let Ok(length) = socket.recv(&mut buffer) {
        if let Ok(Datagram::Cookie { nonce, cookie, server, .. }) =
            Datagram::parse(&buffer[..length])
        {
            let version = PROTOCOL_VERSION;
            let attempt = match nonce % 4 {
                0 => Attempt::new(server, nonce, cookie, keys).map(|attempt| attempt.to_wire()),
                _ => {
                    let hello = [nonce as u8; HELLO_BYTES];
                    Some(Datagram::Open { version, nonce, cookie, hello }.to_wire())
                }
            };
            bytes += attempt.map_or(0, |attempt| send(socket, &attempt));
        }
    }
    bytes
}
