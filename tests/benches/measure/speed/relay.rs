//! What the machine can do at most without putting messages together: a relay that looks at three
//! bytes of each datagram. It runs as a program of its own, as everything that is measured.
//!
//! ```text
//! sender ── m ──> relay ── m ──> recipient
//!        <── s ──       <── r ──
//!        <── r ──
//! ```

use std::net::SocketAddr;

use super::sockets;

/// What each kind of datagram begins with; the number of the pair follows (2 bytes), then that of
/// the message (8 bytes).
pub(crate) const HELLO: u8 = b'h';
pub(crate) const MESSAGE: u8 = b'm';
pub(crate) const STORED: u8 = b's';
pub(crate) const RECEIPT: u8 = b'r';
/// How long an answer is.
pub(crate) const ANSWER_BYTES: usize = 48;

/// Relays until it is killed. Says where, first.
pub(crate) fn serve() {
    // Not the name of this whole program: CPU time is told by thread.
    let _ = rustix::thread::set_name(c"relay");
    let socket = sockets::bind_udp();
    println!("{}", socket.local_addr().unwrap());
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let pairs = usize::from(u16::MAX) + 1;
    let (mut senders, mut recipients) = (vec![nobody; pairs], vec![nobody; pairs]);
    let mut buffer = [0; 2_048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let pair = usize::from(u16::from_be_bytes([buffer[1], buffer[2]]));
        match buffer[0] {
            HELLO => recipients[pair] = from,
            MESSAGE => {
                senders[pair] = from;
                let _ = socket.send_to(&buffer[..length], recipients[pair]);
                buffer[0] = STORED;
                let _ = socket.send_to(&buffer[..ANSWER_BYTES], from);
            }
            _ => drop(socket.send_to(&buffer[..length], senders[pair])),
        }
    }
}
