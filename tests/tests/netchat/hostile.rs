//! What strangers and broken clients send. Nothing of it panics, disturbs others, or is answered
//! with more than it brought.

use std::time::Duration;

use netchat_tests::classic::ClassicClient;
use netchat_tests::golden::{address, check};
use netchat_tests::process::System;
use netchat_tests::sim_server::SimServer;
use proptest::prelude::*;
use tokio::net::UdpSocket;

const COMMANDS: [&str; 22] = [
    "LOCKED#cGFzc3dvcmQ=",
    "LOCKED#d3Jvbmc=",
    "LOCKED#",
    "JOIN#a",
    "JOIN#",
    "JOIN#All",
    "JOIN#a`b",
    "CHECKINDB#a",
    "CHECKINDB#",
    "CHECKPASSWORD#",
    "CHECKPASSWORD#x",
    "NEWUSERPASSWORD#a#",
    "CHAT#a#eA==",
    "CHAT#a",
    "GROUP_CHAT#a#eA==",
    "NEW_GROUP#a#b#DONE#",
    "JOIN_GROUP#",
    "CHECK_FOR_GROUP#a",
    "ACTIVE",
    "LEAVE",
    "RECEIVED",
    "HELLO",
];

/// A datagram that an address which never signs in might send.
fn datagrams() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => proptest::sample::select(&COMMANDS[..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..100),
        1 => (proptest::sample::select(&COMMANDS[..]), any::<u8>(), any::<prop::sample::Index>())
            .prop_map(|(text, byte, at)| {
                let mut bytes = text.as_bytes().to_vec();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                bytes
            }),
    ]
}

/// Sends everything from one address, and sees that no more than three times as much comes back,
/// then or ever.
pub(super) fn check_amplification(datagrams: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut server = SimServer::new(|_| {});
    let (mut bytes_in, mut bytes_out) = (0, 0);
    for datagram in datagrams {
        bytes_in += datagram.len();
        server.receive(address("stranger"), datagram);
        server.pass(Duration::from_secs(1));
        bytes_out += server.take_sent().iter().map(|(_, sent)| sent.len()).sum::<usize>();
        prop_assert!(bytes_out <= 3 * bytes_in, "{bytes_out} bytes for {bytes_in}");
    }
    server.pass(Duration::from_secs(24 * 3_600));
    prop_assert!(server.take_sent().is_empty(), "nothing is sent to it later");
    Ok(())
}

proptest! {
    // 2,000 sequences of 50: 100,000 datagrams.
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_address_that_has_not_signed_in_is_sent_at_most_three_times_what_it_sent(
        datagrams in proptest::collection::vec(datagrams(), 50),
    ) {
        check_amplification(&datagrams)?;
    }

    #[test]
    fn a_user_who_sends_nonsense_disturbs_nobody(
        datagrams in proptest::collection::vec(datagrams(), 50),
    ) {
        let mut server = SimServer::new(|_| {});
        check(&mut server, include_str!("../../golden/people.txt"));
        for datagram in datagrams {
            // Carol must not be asked to join another name's session.
            server.receive(address("carol"), &datagram);
        }
        server.take_sent();
        check(
            &mut server,
            "alice> CHAT#bob#{body alice: undisturbed}
             alice< {SERVER: SENT}
             bob< {body alice: undisturbed}
             bob> RECEIVED
             alice> RECEIVED
             alice< {SERVER: bob RECEIVED}",
        );
    }
}

#[tokio::test]
async fn a_real_server_survives_every_size_and_kind_of_datagram() {
    let system = System::start(&[]).await;
    let (mut alice, mut bob) = (
        ClassicClient::sign_in(system.udp, "alice", "a").await,
        ClassicClient::sign_in(system.udp, "bob", "b").await,
    );
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    stranger.connect(system.udp).await.unwrap();
    for size in [0, 1, 100, 1_472, 2_048, 2_049, 9_000, 65_507] {
        for byte in [0, b'#', b'A', 0xff] {
            stranger.send(&vec![byte; size]).await.unwrap();
        }
        let longest = format!("CHAT#bob#{}", "QUFB".repeat(size / 4));
        let _ = alice.sends(&longest[..longest.len().min(65_507)]).await;
        let refusal = match size {
            0..=1_472 => "SERVER: Message not understood. Please send again.",
            _ => "SERVER: Message too long. Please shorten it.",
        };
        alice.shows(refusal).await;
    }
    alice.chats("bob", "still there?").await;
    alice.shows("SERVER: SENT").await;
    bob.shows("alice: still there?").await;
    alice.shows("SERVER: bob RECEIVED").await;
}
