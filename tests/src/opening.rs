//! Opening a link as a client does, for tests that hold both ends.

use netchat_shared::FreshKeys;
use netchat_shared::extended::{
    Attempt, Channel, Datagram, Opened, PROTOCOL_VERSION, SessionId, accept,
};
use netchat_shared::server_key::StaticKey;

/// The key of servers in tests.
pub fn server_key() -> StaticKey {
    StaticKey::from_random([1; 32])
}

/// Opens a link over something that carries one datagram and hands back what the server says to it.
/// Everything is decided by the nonce.
pub fn open(nonce: u64, carry: impl FnMut(Vec<u8>) -> Vec<Vec<u8>>) -> Opened {
    try_open(nonce, carry).expect("a session")
}

/// The same with a server that may not want to.
pub fn try_open(nonce: u64, mut carry: impl FnMut(Vec<u8>) -> Vec<Vec<u8>>) -> Option<Opened> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&nonce.to_be_bytes());
    let mut keys = FreshKeys::from_seed(seed).0;
    let offer = Datagram::Offer { version: PROTOCOL_VERSION, nonce }.to_wire();
    let answers = carry(offer);
    let mut attempt = answers.iter().find_map(|answer| match Datagram::parse(answer) {
        Ok(Datagram::Cookie { cookie, server, .. }) => {
            Attempt::new(server, nonce, cookie, &mut keys)
        }
        _ => None,
    });
    let attempt = attempt.as_mut()?;
    let answers = carry(attempt.to_wire());
    answers.iter().find_map(|answer| match Datagram::parse(answer) {
        Ok(Datagram::Opened { answer, .. }) => attempt.finish(&answer).ok(),
        _ => None,
    })
}

/// Both ends of a link that no server stands behind.
pub fn channels(seed: u64) -> [Channel; 2] {
    let mut other = None;
    let opened = open(seed, |datagram| {
        let answer = match Datagram::parse(&datagram).unwrap() {
            Datagram::Offer { version, nonce } => {
                let server = server_key().public();
                Datagram::Cookie { version, nonce, cookie: 1, server }.to_wire()
            }
            Datagram::Open { nonce, cookie, hello, .. } => {
                let (mut keys, agreed) = (FreshKeys::from_seed([9; 32]).0, (nonce, cookie));
                let accepted = accept(&server_key(), agreed, &hello, SessionId(seed), &mut keys);
                let (channel, answer) = accepted.unwrap();
                other = Some(channel);
                answer
            }
            Datagram::Cookie { .. }
            | Datagram::Opened { .. }
            | Datagram::Packet { .. }
            | Datagram::Gone { .. }
            | Datagram::Via(_)
            | Datagram::ViaTaken(_)
            | Datagram::HangUp(_) => panic!("not what a client opens a link with"),
        };
        vec![answer]
    });
    [opened.channel, other.expect("the other end")]
}
