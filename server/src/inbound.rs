//! Datagrams on their way in: many with one call to the system, where it has one for that.

use std::io;
use std::net::SocketAddr;

use netchat_shared::limits::DATAGRAM_BYTES_MAX;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Datagrams taken in together, before timers and results get their turn.
const TOGETHER_MAX: usize = 32;
/// One byte more than a datagram may have: a longer one is seen to be too long, and no more of it
/// is kept.
const ROOM_BYTES: usize = DATAGRAM_BYTES_MAX + 1;

/// Room for datagrams that arrive together.
#[derive(Debug)]
pub(crate) struct Inbound {
    buffer: Vec<u8>,
    headers: Headers,
}

/// What the system fills in beside the datagrams.
#[cfg(target_os = "linux")]
type Headers = nix::sys::socket::MultiHeaders<nix::sys::socket::SockaddrStorage>;
#[cfg(not(target_os = "linux"))]
type Headers = ();

impl Inbound {
    pub(crate) fn new() -> Self {
        Self { buffer: vec![0; TOGETHER_MAX * ROOM_BYTES], headers: headers() }
    }

    /// Hands over what has arrived, as much as one turn may. One that was longer than
    /// [`DATAGRAM_BYTES_MAX`] comes cut, but longer than that.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, handle: impl FnMut(SocketAddr, &[u8])) {
        // An error is either "nothing more", or about a datagram that is lost anyway.
        let Self { buffer, headers } = self;
        let _ = socket.try_io(Interest::READABLE, || receive_some(socket, buffer, headers, handle));
    }
}

/// Takes what the socket has, as far as there is room.
#[cfg(target_os = "linux")]
fn receive_some(
    socket: &UdpSocket,
    buffer: &mut [u8],
    headers: &mut Headers,
    mut handle: impl FnMut(SocketAddr, &[u8]),
) -> io::Result<()> {
    use std::io::IoSliceMut;
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{MsgFlags, recvmmsg};

    let mut rooms: Vec<_> =
        buffer.chunks_exact_mut(ROOM_BYTES).map(|room| [IoSliceMut::new(room)]).collect();
    let flags = MsgFlags::MSG_DONTWAIT;
    for received in recvmmsg(socket.as_raw_fd(), headers, &mut rooms, flags, None)? {
        let from = received.address.as_ref().and_then(socket_address);
        // A datagram of no bytes has no slice, and is one all the same.
        let bytes = received.iovs().next().unwrap_or_default();
        if let Some(from) = from {
            handle(from, bytes);
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn headers() -> Headers {
    Headers::preallocate(TOGETHER_MAX, None)
}

#[cfg(not(target_os = "linux"))]
fn headers() -> Headers {}

#[cfg(target_os = "linux")]
fn socket_address(address: &nix::sys::socket::SockaddrStorage) -> Option<SocketAddr> {
    let four = address.as_sockaddr_in().map(|&four| SocketAddr::V4(four.into()));
    four.or_else(|| address.as_sockaddr_in6().map(|&six| SocketAddr::V6(six.into())))
}

/// Takes one.
#[cfg(not(target_os = "linux"))]
fn receive_some(
    socket: &UdpSocket,
    buffer: &mut [u8],
    _: &mut Headers,
    mut handle: impl FnMut(SocketAddr, &[u8]),
) -> io::Result<()> {
    let (length, from) = socket.try_recv_from(&mut buffer[..ROOM_BYTES])?;
    handle(from, &buffer[..length]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_arrive_in_order_empty_ones_too_and_a_longer_one_is_seen_to_be_too_long() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let (sender, receiver) =
            (UdpSocket::bind(here).await.unwrap(), UdpSocket::bind(here).await.unwrap());
        let to = receiver.local_addr().unwrap();
        let lengths: Vec<usize> =
            (0..100).map(|n| if n % 7 == 3 { DATAGRAM_BYTES_MAX + n } else { n }).collect();
        for &length in &lengths {
            sender.send_to(&vec![7; length], to).await.unwrap();
        }
        let (mut inbound, mut seen) = (Inbound::new(), Vec::new());
        while seen.len() < lengths.len() {
            receiver.readable().await.unwrap();
            inbound.receive(&receiver, |from, bytes| {
                assert_eq!(from, sender.local_addr().unwrap());
                assert!(bytes.iter().all(|&byte| byte == 7));
                seen.push(bytes.len());
            });
        }
        let cut: Vec<_> = lengths.iter().map(|&length| length.min(ROOM_BYTES)).collect();
        assert_eq!(seen, cut);
    }

    #[tokio::test]
    async fn with_nothing_to_read_it_waits_again() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let receiver = UdpSocket::bind(here).await.unwrap();
        Inbound::new().receive(&receiver, |_, _| panic!("nothing was sent"));
    }
}
