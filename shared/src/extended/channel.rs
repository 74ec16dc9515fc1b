//! What a link speaks through: packets that only the two ends can write and read (PROTOCOL.md,
//! "Opening a link").

use super::Forged;
use super::datagram::{DatagramWriter, SessionId};
use crate::crypto::Transport;
use crate::limits::FRAMES_BYTES_MIN;
use crate::opaque::LinkHash;

/// One end of an encrypted link: its session's id, and the keys of both directions.
#[derive(Debug)]
pub struct Channel {
    session: SessionId,
    transport: Transport,
}

impl Channel {
    pub(super) fn new(session: SessionId, transport: Transport) -> Self {
        Self { session, transport }
    }

    /// The session that it belongs to.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What a proof of a password over this link is bound to.
    #[must_use]
    pub fn hash(&self) -> LinkHash {
        LinkHash::new(self.transport.hash())
    }

    /// A packet of these frames. A number must never be used again: two packets of one number would
    /// give away what is in them. Short ones are filled up, so that an answer to a session that is
    /// not known any more is never longer.
    #[must_use]
    pub fn seal(&self, number: u64, frames: &mut Vec<u8>) -> Vec<u8> {
        frames.resize(FRAMES_BYTES_MIN.max(frames.len()), b'\n');
        let mut writer = DatagramWriter::packet(self.session, number);
        self.transport.seal(number, frames, writer.bytes());
        writer.finish()
    }

    /// The frames of a packet of the peer.
    ///
    /// # Errors
    /// [`Forged`].
    pub fn open(&self, number: u64, sealed: &[u8]) -> Result<Vec<u8>, Forged> {
        self.transport.open(number, sealed).ok_or(Forged)
    }
}
