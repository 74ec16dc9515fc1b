//! What strangers and broken clients send over the extended protocol. Nothing of it panics, grows
//! without bound, is delivered twice, or is answered to an address that has not proved itself with
//! more than three times what came from it. The operator is told how much of it there was.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::limits::{
    RECEIVED_BYTES_MAX, UNSIGNED_SESSIONS_MAX, UNSIGNED_SESSIONS_OF_SOURCE_MAX,
};
use netchat_core::{Dropped, LogEvent, Refusal, SignOutReason};
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Datagram, Frame, HELLO_BYTES, PROTOCOL_VERSION, ServerMessage, SessionId, Token,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::{
    FRAMES_PER_PACKET_MAX, LINK_MESSAGE_BYTES_MAX, LINK_RECEIVE_BYTES_UNSIGNED, LINK_WINDOW_SLICES,
    SLICE_BYTES_MAX,
};
use netchat_shared::message_id::MessageId;
use netchat_tests::opening::{server_key, try_open};
use netchat_tests::raw_session::{Party, RawSession, messages};
use netchat_tests::sim_server::SimServer;
use proptest::prelude::*;

use super::hostile::check_amplification;

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

/// What a stranger might send: offers, cookies, packets; some of them damaged, cut or padded.
fn datagrams() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop_oneof![
        3 => any::<u64>().prop_map(|nonce| {
            Datagram::Offer { version: PROTOCOL_VERSION, nonce }.to_wire()
        }),
        1 => any::<(u32, u64, u64, [u8; HELLO_BYTES])>().prop_map(|(version, nonce, cookie, hello)| {
            Datagram::Open { version, nonce, cookie, hello }.to_wire()
        }),
        2 => (any::<u64>(), any::<u64>(), "[ADSKCRB0-9a-f#,\n-]{0,60}").prop_map(
            |(session, number, frames)| {
                let (session, sealed) = (SessionId(session), frames.as_bytes());
                Datagram::Packet { session, number, sealed }.to_wire()
            },
        ),
        1 => any::<u64>().prop_map(|id| {
            let session = SessionId(id);
            Datagram::Gone { session, reset: server_key().reset_word(session) }.to_wire()
        }),
    ];
    prop_oneof![
        4 => whole.clone(),
        1 => (whole.clone(), any::<prop::sample::Index>()).prop_map(|(mut bytes, at)| {
            bytes.truncate(at.index(bytes.len()));
            bytes
        }),
        1 => (whole, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        }),
    ]
}

proptest! {
    // 2,000 sequences of 50: 100,000 datagrams.
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_address_that_has_not_proved_itself_is_sent_at_most_three_times_what_it_sent(
        datagrams in proptest::collection::vec(datagrams(), 50),
    ) {
        check_amplification(&datagrams)?;
    }

    /// Somebody who is signed in sends frames that make no sense. Others are not disturbed.
    #[test]
    fn frames_that_make_no_sense_end_at_most_their_own_session(
        packets in proptest::collection::vec("[ADSKCRB0-9a-f#,\n-]{0,80}", 1..40),
    ) {
        let mut server = SimServer::new(|_| {});
        let mut alice = RawSession::signed_in(&mut server, at(1), "alice");
        let mut mallory = RawSession::signed_in(&mut server, at(2), "mallory");
        for frames in packets {
            mallory.raw_packet(&mut server, frames.as_bytes());
        }
        let replies = alice.say(&mut server, &send_to("alice", 1, "undisturbed"));
        let is_sent = |message: &ServerMessage| matches!(message, ServerMessage::Sent { .. });
        let count = messages(&replies).iter().filter(|message| is_sent(message)).count();
        prop_assert_eq!(count, 1);
    }
}

fn send_to(name: &str, id: u128, text: &str) -> ClientMessage {
    let to = Conversation::User(name.parse().unwrap());
    let body = Some(Body::new(&"alice".parse().unwrap(), text));
    ClientMessage::Send { id: MessageId(id), to, kind: MessageKind::Text, body }
}

/// What was dropped, as the operator is told.
fn dropped(server: &mut SimServer) -> Dropped {
    server.pass(Duration::from_secs(601));
    let dropped = server.log.iter().find_map(|event| {
        if let LogEvent::Dropped(dropped) = event { Some(*dropped) } else { None }
    });
    dropped.expect("the operator is told")
}

fn refusals(server: &SimServer, refusal: Refusal) -> u64 {
    let counts = server.log.iter().map(|event| match event {
        LogEvent::Refused { why, .. } if *why == refusal => 1,
        LogEvent::RefusedMore { why, count, .. } if *why == refusal => *count,
        _ => 0,
    });
    counts.sum()
}

#[test]
fn a_whole_session_played_again_changes_nothing() {
    let mut server = SimServer::new(|_| {});
    let mut alice = RawSession::signed_in(&mut server, at(1), "alice");
    for n in 1..=10 {
        alice.say(&mut server, &send_to("alice", n, &format!("message {n}")));
    }
    let recorded = alice.exchange.iter().filter(|exchanged| exchanged.party == Party::Client);
    let recorded: Vec<_> = recorded.map(|exchanged| exchanged.datagram.clone()).collect();
    assert_eq!(server.storage.messages().len(), 10);
    for from in [at(1), at(666)] {
        for datagram in &recorded {
            server.receive(from, datagram);
        }
    }
    assert_eq!(server.storage.messages().len(), 10, "nothing is stored twice");
    let moved = server.log.iter().filter(|event| matches!(event, LogEvent::Moved { .. })).count();
    assert_eq!(moved, 0, "nobody takes over a session");
    let dropped = dropped(&mut server);
    assert!(dropped.repeated >= 20, "{dropped:?}");
    assert!(dropped.wrong_cookie >= 1, "the cookie is of another address: {dropped:?}");
}

#[test]
fn slices_beyond_the_window_are_dropped_and_counted() {
    let mut server = SimServer::new(|_| {});
    let mut mallory = RawSession::signed_in(&mut server, at(1), "mallory");
    for n in 0..1_000 {
        let slice_number = 100_000 + n * 1_000;
        mallory.packet(&mut server, &[Frame::Slice { slice_number, more: true, bytes: b"x" }]);
    }
    let replies = mallory.packet(&mut server, &[Frame::KeepAlive]);
    assert_eq!(replies.len(), 1, "the session lives on");
    assert!(dropped(&mut server).beyond_window >= 1_000);
}

#[test]
fn a_message_that_never_ends_ends_its_session() {
    let mut server = SimServer::new(|_| {});
    let mut mallory = RawSession::signed_in(&mut server, at(1), "mallory");
    let bytes = vec![b'x'; 1_000];
    let mut slices = 0;
    let gone = loop {
        // The sign-in took the first four.
        let slice_number = 5 + slices;
        let replies = mallory
            .packet(&mut server, &[Frame::Slice { slice_number, more: true, bytes: &bytes }]);
        let gone = |packet: &Vec<u8>| matches!(Datagram::parse(packet), Ok(Datagram::Gone { .. }));
        if replies.iter().any(gone) {
            break slices;
        }
        slices += 1;
        assert!(slices < 1_000, "it takes whatever comes");
    };
    assert!(gone as usize * bytes.len() <= LINK_MESSAGE_BYTES_MAX + 2 * bytes.len(), "{gone}");
    assert!(
        server.log.iter().any(|event| matches!(event, LogEvent::SignedOut { .. })),
        "the operator is told"
    );
}

/// A hundred half-open sessions took 722 MB.
#[test]
fn s2_who_has_not_signed_in_holds_next_to_nothing() {
    let mut server = SimServer::new(|_| {});
    let mut stranger = RawSession::open(&mut server, at(1));
    let bytes = vec![b'x'; SLICE_BYTES_MAX];
    for slice_number in 2..=LINK_WINDOW_SLICES {
        stranger.packet(&mut server, &[Frame::Slice { slice_number, more: true, bytes: &bytes }]);
    }
    let taken = LINK_WINDOW_SLICES - 1 - dropped(&mut server).beyond_window;
    assert!(taken as usize * bytes.len() <= LINK_RECEIVE_BYTES_UNSIGNED, "{taken} of them");

    let mut stranger = RawSession::open(&mut server, at(2));
    let ended = (1..=4).any(|slice_number| {
        let slice = Frame::Slice { slice_number, more: true, bytes: &bytes };
        is_gone(&stranger.packet(&mut server, &[slice]))
    });
    assert!(ended, "there is nothing so long to be said before");
}

#[test]
fn s2_all_together_hold_a_bounded_amount_and_who_holds_most_gives_way() {
    let mut server = SimServer::new(|_| {});
    let bytes = vec![b'x'; SLICE_BYTES_MAX];
    let held = (LINK_WINDOW_SLICES as usize - 10) * bytes.len();
    let enough = RECEIVED_BYTES_MAX / held + 5;
    let mut hoarders: Vec<_> = (0..enough as u16)
        .map(|n| RawSession::signed_in(&mut server, at(1_000 + n), &format!("mallory{n}")))
        .collect();
    for hoarder in &mut hoarders {
        // The sign-in took the first five; the sixth never comes.
        for slice_number in 7..7 + held as u64 / bytes.len() as u64 {
            let slice = Frame::Slice { slice_number, more: true, bytes: &bytes };
            hoarder.packet(&mut server, &[slice]);
        }
    }
    let gave_way =
        |event: &LogEvent| matches!(event, LogEvent::SignedOut { why: SignOutReason::GaveWay, .. });
    let count = server.log.iter().filter(|event| gave_way(event)).count();
    assert!((5..10).contains(&count), "{count} of {enough} gave way");
    RawSession::signed_in(&mut server, at(1), "alice");
    assert_eq!(server.log.iter().filter(|event| gave_way(event)).count(), count);
}

#[test]
fn s3_a_packet_full_of_frames_ends_its_session() {
    let mut server = SimServer::new(|_| {});
    let ack = Frame::Ack { delay_ms: 0, ranges: vec![(1, 1)] };
    let cases = [vec![Frame::KeepAlive; FRAMES_PER_PACKET_MAX + 1], vec![ack.clone(), ack]];
    for (frames, name) in cases.into_iter().zip(["mallory", "trudy"]) {
        let mut mallory = RawSession::signed_in(&mut server, at(1), name);
        mallory.packet(&mut server, &frames);
        assert!(is_gone(&mallory.packet(&mut server, &[Frame::KeepAlive])), "{frames:?}");
    }
}

/// Whether one of these says that there is no such session (any more).
fn is_gone(packets: &[Vec<u8>]) -> bool {
    packets.iter().any(|packet| matches!(Datagram::parse(packet), Ok(Datagram::Gone { .. })))
}

#[test]
fn acknowledgements_of_what_was_never_sent_do_no_harm() {
    let mut server = SimServer::new(|_| {});
    let mut mallory = RawSession::signed_in(&mut server, at(1), "mallory");
    for ranges in [vec![(0, u64::MAX)], vec![(1, 1 << 40)], vec![(u64::MAX, u64::MAX)]] {
        mallory.packet(&mut server, &[Frame::Ack { delay_ms: u64::MAX, ranges }]);
    }
    // Whether that ended the session or not: the server goes on.
    RawSession::signed_in(&mut server, at(2), "alice");
}

#[test]
fn tokens_that_are_wrong_old_or_revoked_are_refused_and_counted() {
    let mut server = SimServer::new(|_| {});
    let mut alice = RawSession::open(&mut server, at(1));
    let password = |text: &str| netchat_shared::password::Password::new(text).unwrap();
    let welcome = |replies: Vec<Vec<u8>>| {
        messages(&replies).into_iter().find_map(|message| {
            if let ServerMessage::Welcome { token, .. } = message { Some(token) } else { None }
        })
    };
    alice.say(&mut server, &ClientMessage::Unlock(password("password")));
    alice.say(&mut server, &ClientMessage::Name("alice".parse().unwrap()));
    let token = welcome(alice.enrol(&mut server, "alice", "secretly"));
    let token = token.expect("a token");

    let resume = |server: &mut SimServer, port: u16, token| {
        let mut session = RawSession::open(server, at(port));
        let replies = session.say(server, &ClientMessage::Resume(token));
        (welcome(replies).is_some(), session)
    };
    assert!(resume(&mut server, 2, token).0, "good, from wherever");
    let wrong = Token::parse("0123456789abcdef0123456789abcdef").unwrap();
    assert!(!resume(&mut server, 3, wrong).0);
    server.pass(29 * DAY);
    let (is_good, mut session) = resume(&mut server, 4, token);
    assert!(is_good, "each use prolongs it");
    server.pass(Duration::from_secs(1));
    session.say(&mut server, &ClientMessage::SignOut);
    assert!(!resume(&mut server, 5, token).0, "revoked");
    assert_eq!(refusals(&server, Refusal::Token), 2);

    let token = welcome({
        let mut alice = RawSession::open(&mut server, at(6));
        alice.say(&mut server, &ClientMessage::Unlock(password("password")));
        alice.say(&mut server, &ClientMessage::Name("alice".parse().unwrap()));
        alice.prove(&mut server, "alice", "secretly")
    });
    server.pass(31 * DAY);
    assert!(!resume(&mut server, 7, token.expect("a token")).0, "old");
}

/// Opens a session from an address and says nothing more.
fn open_silently(server: &mut SimServer, nonce: u64, from: SocketAddr) {
    try_open(nonce, |datagram| {
        server.receive(from, &datagram);
        server.take_sent().into_iter().map(|(_, bytes)| bytes).collect()
    });
}

/// 1.85 MB from one socket kept everybody out for 143 s.
#[test]
fn s1_one_address_that_opens_sessions_and_says_nothing_keeps_nobody_out() {
    let mut server = SimServer::new(|_| {});
    let mut alice = RawSession::open(&mut server, SocketAddr::from(([10, 0, 0, 2], 1)));
    let opened = UNSIGNED_SESSIONS_MAX as u64 + 1_000;
    for nonce in 1..=opened {
        open_silently(&mut server, nonce, at(1));
    }
    // Who was there goes on, and who comes now is let in.
    alice.register(&mut server, "alice");
    RawSession::signed_in(&mut server, SocketAddr::from(([10, 0, 0, 3], 1)), "bob");
    RawSession::signed_in(&mut server, at(2), "carol");
    // Carol was one more.
    let gave_way = dropped(&mut server).too_many;
    assert_eq!(gave_way, opened + 1 - UNSIGNED_SESSIONS_OF_SOURCE_MAX as u64);
    assert_eq!(refusals(&server, Refusal::Full), 0);
}

#[test]
fn s1_a_thousand_addresses_that_do_so_keep_nobody_out() {
    let mut server = SimServer::new(|_| {});
    let mut alice = RawSession::open(&mut server, SocketAddr::from(([10, 0, 0, 2], 1)));
    for nonce in 0..UNSIGNED_SESSIONS_MAX as u64 + 2_000 {
        let host = nonce as u32 % 1_000;
        let from = std::net::Ipv4Addr::from_bits(0x0b00_0000 + host);
        open_silently(&mut server, nonce, SocketAddr::from((from, 1)));
    }
    alice.register(&mut server, "alice");
    RawSession::signed_in(&mut server, SocketAddr::from(([10, 0, 0, 3], 1)), "bob");
    assert!(dropped(&mut server).too_many >= 2_000);
}
