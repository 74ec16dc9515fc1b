//! Many datagrams at once, to and from one connected socket.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::limits::{DATAGRAMS_PER_CALL_MAX, MESSAGE_BYTES_MAX};

/// One byte more than is passed on, to see what is longer.
const BUFFER_BYTES: usize = MESSAGE_BYTES_MAX + 1;

/// Datagrams that wait to be sent together.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Outgoing {
    /// Adds one; sends all of them if there is no room for more.
    pub(crate) fn push(&mut self, datagram: &[u8], socket: &UdpSocket) {
        self.bytes.extend_from_slice(datagram);
        self.ends.push(self.bytes.len());
        if self.ends.len() == DATAGRAMS_PER_CALL_MAX {
            self.send(socket);
        }
    }

    /// Sends one after those that wait.
    pub(crate) fn send_one(&mut self, datagram: &[u8], socket: &UdpSocket) {
        self.push(datagram, socket);
        self.send(socket);
    }

    /// Sends all of them. What can't be sent is lost, as the network might have lost it: the server may
    /// be restarting. The runtime is not asked whether the socket has room: it does not know of a new
    /// one yet.
    pub(crate) fn send(&mut self, socket: &UdpSocket) {
        let mut sent = 0;
        while sent < self.ends.len() {
            match system::send(socket, self, sent) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // It is about one of them.
                Err(_) => sent += 1,
            }
        }
        self.bytes.clear();
        self.ends.clear();
    }

    fn datagram(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }
}

/// Room for the datagrams of one call.
#[derive(Debug)]
pub(crate) struct Incoming {
    buffers: Vec<u8>,
    lengths: Vec<usize>,
    headers: system::Headers,
}

impl Incoming {
    pub(crate) fn new() -> Self {
        Self {
            buffers: vec![0; DATAGRAMS_PER_CALL_MAX * BUFFER_BYTES],
            lengths: Vec::with_capacity(DATAGRAMS_PER_CALL_MAX),
            headers: system::Headers::new(),
        }
    }

    /// Receives what is there; when nothing is, the task is woken as soon as something comes. There may
    /// be none in what was received: an error of the socket is about a datagram that was sent.
    pub(crate) fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        socket: &UdpSocket,
    ) -> Poll<impl Iterator<Item = &[u8]>> {
        self.lengths.clear();
        while self.lengths.is_empty() {
            if ready!(socket.poll_recv_ready(context)).is_err() {
                break;
            }
            let received = socket.try_io(Interest::READABLE, || {
                system::receive(socket, &mut self.headers, &mut self.buffers, &mut self.lengths)?;
                // Fewer than could come: there are no more, and no call is needed to find that out.
                if self.lengths.len() < DATAGRAMS_PER_CALL_MAX {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            if received.is_err_and(|error| error.kind() != io::ErrorKind::WouldBlock) {
                break;
            }
        }
        let buffers = self.buffers.chunks_exact(BUFFER_BYTES).zip(&self.lengths);
        let datagrams = buffers.map(|(buffer, &length)| &buffer[..length]);
        // Longer than anything that the server sends.
        Poll::Ready(datagrams.filter(|datagram| datagram.len() <= MESSAGE_BYTES_MAX))
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::io::{self, IoSlice, IoSliceMut};
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{
        MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, send as send_one, sendmmsg,
    };
    use tokio::net::UdpSocket;

    use super::{BUFFER_BYTES, Outgoing};
    use crate::limits::DATAGRAMS_PER_CALL_MAX;

    /// What the system call writes into, kept so that it need not be built each time.
    #[derive(Debug)]
    pub(super) struct Headers(MultiHeaders<SockaddrStorage>);

    impl Headers {
        pub(super) fn new() -> Self {
            Self(MultiHeaders::preallocate(DATAGRAMS_PER_CALL_MAX, None))
        }
    }

    /// Receives as many as are there and there is room for.
    pub(super) fn receive(
        socket: &UdpSocket,
        headers: &mut Headers,
        buffers: &mut [u8],
        lengths: &mut Vec<usize>,
    ) -> io::Result<()> {
        let mut slices: Vec<_> = buffers
            .chunks_exact_mut(BUFFER_BYTES)
            .map(|buffer| [IoSliceMut::new(buffer)])
            .collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let received =
            recvmmsg(socket.as_raw_fd(), &mut headers.0, slices.iter_mut(), flags, None)?;
        lengths.extend(received.map(|message| message.bytes));
        Ok(())
    }

    /// Sends from this one on; answers how many were sent.
    pub(super) fn send(socket: &UdpSocket, outgoing: &Outgoing, from: usize) -> io::Result<usize> {
        let flags = MsgFlags::MSG_DONTWAIT;
        let indexes = from..outgoing.ends.len();
        if indexes.len() == 1 {
            send_one(socket.as_raw_fd(), outgoing.datagram(from), flags)?;
            return Ok(1);
        }
        let slices: Vec<_> =
            indexes.map(|index| [IoSlice::new(outgoing.datagram(index))]).collect();
        let mut headers = MultiHeaders::<()>::preallocate(slices.len(), None);
        let addresses = [const { None }; DATAGRAMS_PER_CALL_MAX];
        let sent = sendmmsg(socket.as_raw_fd(), &mut headers, slices.iter(), addresses, [], flags)?;
        Ok(sent.count())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use tokio::net::UdpSocket;

    use super::{BUFFER_BYTES, Outgoing};

    #[derive(Debug)]
    pub(super) struct Headers;

    impl Headers {
        pub(super) fn new() -> Self {
            Self
        }
    }

    /// Receives one after the other.
    pub(super) fn receive(
        socket: &UdpSocket,
        _: &mut Headers,
        buffers: &mut [u8],
        lengths: &mut Vec<usize>,
    ) -> io::Result<()> {
        let socket = socket2::SockRef::from(socket);
        for buffer in buffers.chunks_exact_mut(BUFFER_BYTES) {
            match std::io::Read::read(&mut &*socket, buffer) {
                Ok(length) => lengths.push(length),
                Err(error) if lengths.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Sends this one.
    pub(super) fn send(socket: &UdpSocket, outgoing: &Outgoing, from: usize) -> io::Result<usize> {
        socket2::SockRef::from(socket).send(outgoing.datagram(from)).map(|_| 1)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn pair() -> (UdpSocket, UdpSocket) {
        let (one, other) = (
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        );
        one.connect(other.local_addr().unwrap()).await.unwrap();
        other.connect(one.local_addr().unwrap()).await.unwrap();
        (one, other)
    }

    async fn receive(incoming: &mut Incoming, socket: &UdpSocket) -> Vec<Vec<u8>> {
        poll_fn(|context| {
            let datagrams = ready!(incoming.poll_receive(context, socket));
            Poll::Ready(datagrams.map(<[u8]>::to_vec).collect())
        })
        .await
    }

    #[tokio::test]
    async fn all_come_in_their_order_and_the_socket_wakes_for_more() {
        let (one, other) = pair().await;
        let (mut outgoing, mut incoming) = (Outgoing::default(), Incoming::new());
        for round in 0..5_u8 {
            let count = DATAGRAMS_PER_CALL_MAX as u8 * 2 + round;
            for n in 0..count {
                outgoing.push(&[round, n], &one);
            }
            outgoing.send(&one);
            let mut seen = Vec::new();
            while seen.len() < usize::from(count) {
                seen.extend(receive(&mut incoming, &other).await);
            }
            assert_eq!(seen, (0..count).map(|n| vec![round, n]).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn one_that_is_too_long_stops_none() {
        let (one, other) = pair().await;
        let (mut outgoing, mut incoming) = (Outgoing::default(), Incoming::new());
        outgoing.push(b"first", &one);
        outgoing.push(&vec![0; MESSAGE_BYTES_MAX + 1], &one);
        outgoing.push(&vec![0; 70_000], &one);
        outgoing.push(b"last", &one);
        outgoing.send(&one);
        let mut seen = Vec::new();
        while seen.len() < 2 {
            seen.extend(receive(&mut incoming, &other).await);
        }
        assert_eq!(seen, [b"first".to_vec(), b"last".to_vec()]);
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_no_end() {
        let (one, other) = pair().await;
        let at = other.local_addr().unwrap();
        drop(other);
        let (mut outgoing, mut incoming) = (Outgoing::default(), Incoming::new());
        for _ in 0..3 {
            outgoing.push(b"into", &one);
            outgoing.push(b"the void", &one);
            outgoing.send(&one);
        }
        let other = UdpSocket::bind(at).await.unwrap();
        other.send_to(b"back", one.local_addr().unwrap()).await.unwrap();
        let mut seen = Vec::new();
        while seen.is_empty() {
            seen = receive(&mut incoming, &one).await;
        }
        assert_eq!(seen, [b"back".to_vec()]);
    }
}
