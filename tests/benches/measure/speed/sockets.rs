//! Sockets with room for bursts: what the kernel dropped would be measured as waiting.

use std::net::{SocketAddr, TcpStream, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

/// As much as the server itself asks for.
const BUFFER_BYTES: usize = 4 << 20;

/// A socket that waits, at any free port of this machine.
pub(crate) fn bind_udp() -> UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.set_recv_buffer_size(BUFFER_BYTES).unwrap();
    socket.set_send_buffer_size(BUFFER_BYTES).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.into()
}

/// A socket that never waits.
pub(crate) fn connect_udp(to: SocketAddr) -> UdpSocket {
    let socket = bind_udp();
    socket.connect(to).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// A stream, as soon as somebody listens there. It waits.
pub(crate) fn connect_tcp(to: SocketAddr) -> TcpStream {
    let stream = super::wait_for("somebody to listen", || TcpStream::connect(to).ok());
    stream.set_nodelay(true).unwrap();
    stream
}
