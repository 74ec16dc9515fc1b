//! Datagrams on their way out: many with one call to the system, where it has one for that.

use std::io;
use std::net::SocketAddr;

use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Datagrams that go out together. More would keep the first of them waiting for nothing.
const TOGETHER_MAX: usize = 64;

/// Datagrams that wait to go out.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    datagrams: Vec<(SocketAddr, Vec<u8>)>,
}

impl Outbound {
    /// Adds a datagram, and sends all if they are enough.
    pub(crate) async fn push(&mut self, socket: &UdpSocket, to: SocketAddr, datagram: Vec<u8>) {
        self.datagrams.push((to, datagram));
        if self.datagrams.len() >= TOGETHER_MAX {
            self.send(socket).await;
        }
    }

    /// Sends what waits. Whatever can't be sent is lost, as the network might have lost it.
    pub(crate) async fn send(&mut self, socket: &UdpSocket) {
        let mut done = 0;
        while done < self.datagrams.len() {
            let rest = &self.datagrams[done..];
            let sent = socket.async_io(Interest::WRITABLE, || send_some(socket, rest)).await;
            // An error is about the first of them.
            done += sent.unwrap_or(1).max(1);
        }
        self.datagrams.clear();
    }
}

/// Sends as many as the socket takes; answers how many.
#[cfg(target_os = "linux")]
fn send_some(socket: &UdpSocket, datagrams: &[(SocketAddr, Vec<u8>)]) -> io::Result<usize> {
    use std::io::IoSlice;

    use rustix::net::addr::SocketAddrArg as _;
    use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};

    let addresses: Vec<_> = datagrams.iter().map(|(to, _)| to.as_any()).collect();
    let contents: Vec<_> = datagrams.iter().map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
    let mut controls: Vec<_> = datagrams.iter().map(|_| SendAncillaryBuffer::default()).collect();
    let messages = addresses.iter().zip(&contents).zip(&mut controls);
    let mut messages: Vec<_> = messages
        .map(|((to, content), control)| MMsgHdr::new_with_addr(to, content, control))
        .collect();
    Ok(sendmmsg(socket, &mut messages, SendFlags::empty())?)
}

/// Sends the first of them.
#[cfg(not(target_os = "linux"))]
fn send_some(socket: &UdpSocket, datagrams: &[(SocketAddr, Vec<u8>)]) -> io::Result<usize> {
    match datagrams.first() {
        Some((to, bytes)) => socket.try_send_to(bytes, *to).map(|_| 1),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_arrive_and_one_that_cannot_be_sent_stops_none() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let (sender, receiver) =
            (UdpSocket::bind(here).await.unwrap(), UdpSocket::bind(here).await.unwrap());
        let to = receiver.local_addr().unwrap();
        let mut outbound = Outbound::default();
        for n in 0..50_u8 {
            // Longer than a datagram can be.
            outbound.push(&sender, to, vec![0; if n == 20 { 70_000 } else { 1 }]).await;
            outbound.push(&sender, to, vec![n]).await;
        }
        outbound.send(&sender).await;
        let mut buffer = [0; 8];
        let mut seen = Vec::new();
        for _ in 0..99 {
            let length = receiver.recv(&mut buffer).await.unwrap();
            assert_eq!(length, 1);
            seen.push(buffer[0]);
        }
        let numbers: Vec<u8> = seen.into_iter().filter(|&n| n > 0).collect();
        assert_eq!(numbers, (1..50).collect::<Vec<_>>(), "in their order");
    }
}
