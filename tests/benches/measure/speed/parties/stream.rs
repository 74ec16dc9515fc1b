//! A stream that never waits, with what has come and what is to go.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};

use crate::speed::sockets;

/// How much is read at once.
const READ_BYTES: usize = 64 * 1_024;

/// A connection.
pub(super) struct Stream {
    socket: TcpStream,
    input: Vec<u8>,
    /// What of `input` was taken already.
    taken: usize,
    pub(super) output: Vec<u8>,
}

impl Stream {
    pub(super) fn connect(to: SocketAddr) -> Self {
        let socket = sockets::connect_tcp(to);
        socket.set_nonblocking(true).unwrap();
        Self { socket, input: Vec::new(), taken: 0, output: Vec::new() }
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// What has come and was not taken.
    pub(super) fn unread(&self) -> &[u8] {
        &self.input[self.taken..]
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.taken += bytes;
    }

    /// Reads what has come.
    pub(super) fn fill(&mut self) {
        self.input.drain(..self.taken);
        self.taken = 0;
        let length = self.input.len();
        self.input.resize(length + READ_BYTES, 0);
        let read = match self.socket.read(&mut self.input[length..]) {
            Ok(0) => panic!("the server hung up"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => panic!("{error}"),
        };
        self.input.truncate(length + read);
    }

    /// Hands to the kernel as much as it takes.
    pub(super) fn flush(&mut self) {
        if self.output.is_empty() {
            return;
        }
        match self.socket.write(&self.output) {
            Ok(written) => drop(self.output.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}
