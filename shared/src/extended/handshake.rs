//! Opening a link (PROTOCOL.md, "Opening a link"): both sides agree on keys, and the client knows
//! that the server is the one whose key it has.

use thiserror::Error;

use super::channel::Channel;
use super::datagram::{ANSWER_BYTES, Datagram, PROTOCOL_VERSION, SessionId};
use crate::FreshKeys;
use crate::crypto::{self, Initiator, labelled, respond};
use crate::server_key::{ResetWord, ServerKey, StaticKey};

/// Bytes of a client's half of a handshake: a key for this link only, and a tag.
pub const HELLO_BYTES: usize = crypto::HELLO_BYTES;

/// What the server says in its answer: the session and its reset word.
const PAYLOAD_BYTES: usize = 8 + ResetWord::BYTES;

/// Something that was not made by whom it should be from, or for whom it has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not of the peer")]
pub struct Forged;

/// A client's attempt to open a link to the server with that key, with a cookie of it.
#[derive(Debug)]
pub struct Attempt {
    server: ServerKey,
    nonce: u64,
    cookie: u64,
    hello: [u8; HELLO_BYTES],
    initiator: Initiator,
}

/// What a client has when the server has answered.
#[derive(Debug)]
pub struct Opened {
    /// To make a link of.
    pub channel: Channel,
    /// The server ends the session with it, should it forget it.
    pub reset: ResetWord,
}

impl Attempt {
    /// Begins one. `None` if nobody can have that key.
    #[must_use]
    pub fn new(server: ServerKey, nonce: u64, cookie: u64, keys: &mut FreshKeys) -> Option<Self> {
        let prologue = prologue(nonce, cookie);
        let (initiator, hello) = Initiator::new(server.bytes(), &prologue, keys.draw())?;
        Some(Self { server, nonce, cookie, hello, initiator })
    }

    /// Whom it is with.
    #[must_use]
    pub fn server(&self) -> ServerKey {
        self.server
    }

    /// The cookie that it was begun with.
    #[must_use]
    pub fn cookie(&self) -> u64 {
        self.cookie
    }

    /// What to send until the answer comes: always the same, or it would be another session.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let Self { nonce, cookie, hello, .. } = *self;
        Datagram::Open { version: PROTOCOL_VERSION, nonce, cookie, hello }.to_wire()
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// [`Forged`], if it is not that of the server to this attempt; the true one may still come.
    pub fn finish(&mut self, answer: &[u8; ANSWER_BYTES]) -> Result<Opened, Forged> {
        let finished = self.initiator.finish::<PAYLOAD_BYTES>(answer);
        let (transport, payload) = finished.ok_or(Forged)?;
        let (session, reset) = payload.split_first_chunk::<8>().ok_or(Forged)?;
        let session = SessionId(u64::from_be_bytes(*session));
        let reset = ResetWord::from_bytes(reset.try_into().map_err(|_| Forged)?);
        Ok(Opened { channel: Channel::new(session, transport), reset })
    }
}

/// The server's side: opens a session for a client whose address is proved; and the answer to it.
///
/// # Errors
/// [`Forged`], if the client took another key for the server's.
pub fn accept(
    server: &StaticKey,
    (nonce, cookie): (u64, u64),
    hello: &[u8; HELLO_BYTES],
    session: SessionId,
    keys: &mut FreshKeys,
) -> Result<(Channel, Vec<u8>), Forged> {
    let mut payload = [0; PAYLOAD_BYTES];
    payload[..8].copy_from_slice(&session.0.to_be_bytes());
    payload[8..].copy_from_slice(server.reset_word(session).bytes());
    let prologue = prologue(nonce, cookie);
    let answered = respond(server.secret(), &prologue, keys.draw(), hello, &payload);
    let (transport, answer) = answered.ok_or(Forged)?;
    Ok((Channel::new(session, transport), Datagram::Opened { nonce, answer }.to_wire()))
}

/// What both sides must have seen alike.
fn prologue(nonce: u64, cookie: u64) -> Vec<u8> {
    labelled("netchat link 2", &[&nonce.to_be_bytes(), &cookie.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(0x1f);
    const AGREED: (u64, u64) = (7, 9);

    fn server() -> StaticKey {
        StaticKey::from_random([1; 32])
    }

    fn keys(byte: u8) -> FreshKeys {
        FreshKeys::from_seed([byte; 32]).0
    }

    fn attempt() -> Attempt {
        Attempt::new(server().public(), AGREED.0, AGREED.1, &mut keys(2)).unwrap()
    }

    fn hello(attempt: &Attempt) -> [u8; HELLO_BYTES] {
        attempt.hello
    }

    fn answer(opened: &[u8]) -> [u8; ANSWER_BYTES] {
        let Ok(Datagram::Opened { answer, .. }) = Datagram::parse(opened) else { panic!() };
        answer
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What the page says was computed by another program, from the page and the specifications.
    #[test]
    fn a_link_is_opened_byte_for_byte_as_the_protocol_says() {
        let page = include_str!("../../../PROTOCOL.md").split("```link\n").nth(1).unwrap();
        let page = page.split("```").next().unwrap().replace("\\\n  ", "");
        let text = |wire: &[u8]| String::from_utf8(wire.to_vec()).unwrap();
        let mut attempt = attempt();
        let open = text(&attempt.to_wire());
        let (at_server, opened) =
            accept(&server(), AGREED, &hello(&attempt), SESSION, &mut keys(3)).unwrap();
        let Opened { channel: at_client, reset } = attempt.finish(&answer(&opened)).unwrap();
        assert_eq!((at_client.session(), at_server.session()), (SESSION, SESSION));
        assert_eq!(reset, server().reset_word(SESSION));
        let packet = |channel: &Channel| hex(&channel.seal(1, &mut b"K\n".to_vec()));
        let happened = [
            format!("key {}\n", server().public()),
            format!("code {}\n", server().public().code()),
            format!("C {open}\n"),
            format!("S {}\n", text(&opened)),
            format!("C {}\n", packet(&at_client)),
            format!("S {}\n", packet(&at_server)),
        ];
        assert_eq!(page, happened.concat());
    }

    #[test]
    fn a_false_answer_is_refused_and_the_true_one_still_completes() {
        let mut attempt = attempt();
        let (_, opened) =
            accept(&server(), AGREED, &hello(&attempt), SESSION, &mut keys(3)).unwrap();
        let true_answer = answer(&opened);
        for at in 0..ANSWER_BYTES {
            let mut false_answer = true_answer;
            false_answer[at] ^= 1;
            assert_eq!(attempt.finish(&false_answer).err(), Some(Forged), "byte {at}");
        }
        assert!(attempt.finish(&true_answer).is_ok());
        assert!(attempt.finish(&true_answer).is_err(), "it is used up");
    }

    #[test]
    fn who_has_another_key_than_the_one_meant_opens_nothing() {
        let attempt = attempt();
        let other = StaticKey::from_random([9; 32]);
        let accepted = accept(&other, AGREED, &hello(&attempt), SESSION, &mut keys(3));
        assert!(accepted.is_err());
        for at in 0..HELLO_BYTES {
            let mut changed = hello(&attempt);
            changed[at] ^= 1;
            let accepted = accept(&server(), AGREED, &changed, SESSION, &mut keys(3));
            assert!(accepted.is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_key_that_everybody_could_have_is_none() {
        // The neutral element: every secret with it is zero.
        let weak = ServerKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        assert!(Attempt::new(weak, 7, 9, &mut keys(2)).is_none());
    }

    #[test]
    fn a_packet_is_opened_as_its_number_in_its_direction_by_its_peer_only() {
        let mut attempt = attempt();
        let (at_server, opened) =
            accept(&server(), AGREED, &hello(&attempt), SESSION, &mut keys(3)).unwrap();
        let at_client = attempt.finish(&answer(&opened)).unwrap().channel;
        let packet = at_client.seal(5, &mut b"D1#a message\n".to_vec());
        let Ok(Datagram::Packet { sealed, .. }) = Datagram::parse(&packet) else { panic!() };
        assert!(at_server.open(5, sealed).unwrap().starts_with(b"D1#a message\n"));
        assert_eq!(at_server.open(6, sealed), Err(Forged), "another number");
        assert_eq!(at_client.open(5, sealed), Err(Forged), "sent back");
        assert_eq!(at_server.open(5, &sealed[1..]), Err(Forged));
        assert_eq!(at_server.open(5, b""), Err(Forged));
        for at in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[at] ^= 0x80;
            assert_eq!(at_server.open(5, &changed), Err(Forged), "byte {at}");
        }
    }
}
