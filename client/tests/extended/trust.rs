//! Whom a client speaks with: what it takes for the server's, and what it does not.

use std::time::Duration;

use netchat_client::session::{Connection, Event, Output, Question, Session, Trust};
use netchat_shared::FreshKeys;
use netchat_shared::extended::{
    ClientMessage, Datagram, PROTOCOL_VERSION, ServerMessage, SessionId, accept,
};
use netchat_shared::sequence::Sequence;
use netchat_shared::server_key::{ServerKey, StaticKey};
use netchat_shared::time::Instant;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{Pair, password, welcome};

/// The key of somebody who is not the server.
fn other_key() -> StaticKey {
    StaticKey::from_random([66; 32])
}

/// A session whose offer was sent and not answered; the offer's nonce.
fn offering(trust: Trust) -> (Session, u64) {
    let mut session = Session::new([1; 32], trust);
    session.path_opened(Instant::ZERO);
    let offer = sent(&mut session).remove(0);
    let Ok(Datagram::Offer { nonce, .. }) = Datagram::parse(&offer) else { panic!() };
    (session, nonce)
}

/// What the session sends; what it tells is dropped.
fn sent(session: &mut Session) -> Vec<Vec<u8>> {
    drain(session).0
}

/// What the session tells; what it sends is lost.
fn told(session: &mut Session) -> Vec<Event> {
    drain(session).1
}

fn drain(session: &mut Session) -> (Vec<Vec<u8>>, Vec<Event>) {
    let (mut sent, mut told) = (Vec::new(), Vec::new());
    loop {
        match session.poll() {
            Output::Transmit(bytes) => sent.push(bytes),
            Output::Event(event) => told.push(event),
            Output::OpenPath => {}
            Output::Compute(_) => panic!("nobody signs in here"),
            Output::Wait(_) => return (sent, told),
        }
    }
}

fn cookie(nonce: u64, cookie: u64, server: ServerKey) -> Vec<u8> {
    Datagram::Cookie { version: PROTOCOL_VERSION, nonce, cookie, server }.to_wire()
}

fn questions(pair: &mut Pair) -> Vec<Question> {
    let events = pair.take_events().into_iter();
    events
        .filter_map(|e| if let Event::Asked(question) = e { Some(question) } else { None })
        .collect()
}

fn keys(pair: &mut Pair) -> Vec<ServerKey> {
    let events = pair.take_events().into_iter();
    events.filter_map(|e| if let Event::ServerKey(key) = e { Some(key) } else { None }).collect()
}

#[test]
fn the_first_key_that_is_proved_is_told_once_and_kept() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    assert_eq!(keys(&mut pair), [pair.key.public()]);
    pair.server = None;
    pair.pass(Duration::from_secs(20));
    assert!(pair.sessions_opened > 1, "there was another link");
    assert_eq!(keys(&mut pair), []);
}

#[test]
fn a_server_whose_key_has_changed_hears_nothing_until_the_person_decides() {
    let mut pair = Pair::signed_in();
    let saved = pair.session.saved().unwrap();
    let id = pair.send("for the true one");
    let mut impostor = Pair::with_key(Session::resume([2; 32], saved), other_key());
    impostor.pass(Duration::from_secs(60));
    let expected = pair.key.public().code();
    let question =
        Question::ServerKey { expected, offered: other_key().public().code(), may_accept: true };
    assert_eq!(questions(&mut impostor), std::slice::from_ref(&question));
    assert_eq!(impostor.sessions_opened, 0);

    // Not yet: it is looked again.
    impostor.session.answer_server_key(impostor.now, false);
    impostor.exchange();
    impostor.pass(Duration::from_secs(60));
    assert_eq!(questions(&mut impostor), [question]);
    assert_eq!(impostor.sessions_opened, 0);

    // The token is of the one before.
    impostor.session.answer_server_key(impostor.now, true);
    impostor.exchange();
    assert_eq!(impostor.sessions_opened, 1);
    assert_eq!(impostor.take_said(), []);
    let events = impostor.take_events();
    assert!(events.contains(&Event::Asked(Question::ServerPassword { wrong: false })));
    assert!(events.contains(&Event::ServerKey(other_key().public())));
    impostor.session.answer_server_password(impostor.now, password("password"));
    impostor.exchange();
    assert_eq!(impostor.take_said(), [ClientMessage::Unlock(password("password"))]);
    assert!(!pair.session.is_settled(), "{id:?} waits");
}

#[test]
fn a_client_that_runs_notices_that_its_server_came_back_with_another_key() {
    let mut pair = Pair::signed_in();
    let expected = pair.key.public().code();
    pair.server = None;
    pair.key = other_key();
    pair.send("for the true one");
    pair.pass(Duration::from_secs(60));
    let offered = other_key().public().code();
    let question = Question::ServerKey { expected, offered, may_accept: true };
    assert_eq!(questions(&mut pair), [question]);
    assert_eq!(pair.sessions_opened, 1);
    assert_eq!(pair.take_said(), []);
}

#[test]
fn a_code_in_the_address_admits_one_server_and_leaves_no_choice() {
    let code = |key: &StaticKey| Trust::Code(key.public().code());
    let key = StaticKey::from_random([1; 32]);
    let mut pair = Pair::new(Session::new([1; 32], code(&key)));
    assert_eq!(keys(&mut pair), [key.public()]);
    let mut pair = Pair::new(Session::new([1; 32], code(&other_key())));
    pair.pass(Duration::from_secs(10));
    let may_accept = |q: &Question| matches!(q, Question::ServerKey { may_accept: false, .. });
    assert!(questions(&mut pair).iter().any(may_accept));
    assert_eq!(pair.sessions_opened, 0);
}

#[test]
fn the_true_server_is_found_whoever_answers_before_it() {
    let key = StaticKey::from_random([1; 32]);
    for trust in [Trust::FirstUse, Trust::Key(key.public()), Trust::Code(key.public().code())] {
        let (mut session, nonce) = offering(trust);
        // Somebody who sees the offer answers it, with another key, or with the right one and a
        // cookie that is none; and then falsely completes it.
        session.handle_datagram(Instant::ZERO, &cookie(nonce, 1, other_key().public()));
        session.handle_datagram(Instant::ZERO, &cookie(nonce, 2, key.public()));
        session.handle_datagram(Instant::ZERO, &cookie(nonce ^ 1, 3, key.public()));
        session.handle_datagram(Instant::ZERO, &cookie(nonce, 4, key.public()));
        let opens = sent(&mut session);
        for answer in [[0; 72], [7; 72]] {
            session.handle_datagram(Instant::ZERO, &Datagram::Opened { nonce, answer }.to_wire());
        }
        assert_eq!(sent(&mut session), Vec::<Vec<u8>>::new());
        let hello = opens.iter().find_map(|open| match Datagram::parse(open) {
            Ok(Datagram::Open { cookie: 4, hello, .. }) => Some(hello),
            _ => None,
        });
        let mut fresh = FreshKeys::from_seed([5; 32]).0;
        let hello = hello.expect("it goes after the true cookie too");
        let (_, opened) = accept(&key, (nonce, 4), &hello, SessionId(9), &mut fresh).unwrap();
        session.handle_datagram(Instant::ZERO, &opened);
        session.answer_server_password(Instant::ZERO, password("password"));
        let first = sent(&mut session).remove(0);
        let to = Datagram::parse(&first);
        assert!(
            matches!(to, Ok(Datagram::Packet { session: SessionId(9), number: 1, .. })),
            "{trust:?}: {to:?}"
        );
    }
}

#[test]
fn what_proves_nothing_changes_nothing() {
    let mut pair = Pair::signed_in();
    let session = pair.server.as_ref().unwrap().session();
    let gone = |key: &StaticKey, named| Datagram::Gone { session, reset: key.reset_word(named) };
    let mut impostor = FreshKeys::from_seed([6; 32]).0;
    let forged = [
        gone(&other_key(), session).to_wire(),
        gone(&pair.key, SessionId(session.0 + 1)).to_wire(),
        Datagram::Packet { session, number: 1_000, sealed: b"B\n" }.to_wire(),
        Datagram::Packet { session, number: 1_000, sealed: &[0; 40] }.to_wire(),
        cookie(0, 0, other_key().public()),
        accept(&other_key(), (0, 0), &[9; 48], session, &mut impostor).map_or_else(
            |_| Datagram::Opened { nonce: 0, answer: [1; 72] }.to_wire(),
            |(_, it)| it,
        ),
        b"Locked".to_vec(),
        Vec::new(),
    ];
    for datagram in &forged {
        pair.session.handle_datagram(pair.now, datagram);
    }
    pair.exchange();
    assert_eq!(pair.take_events(), []);
    // They do not count as signs of life either.
    pair.is_deaf = true;
    pair.send("is anybody there?");
    for _ in 0..10 {
        pair.pass(Duration::from_secs(1));
        for datagram in &forged {
            pair.session.handle_datagram(pair.now, datagram);
        }
        pair.exchange();
    }
    let is_retrying = |e: &Event| matches!(e, Event::Connection(Connection::Retrying(_)));
    assert!(pair.take_events().iter().any(is_retrying), "the path is given up");
}

#[test]
fn the_true_word_ends_a_session() {
    let mut pair = Pair::signed_in();
    let session = pair.server.as_ref().unwrap().session();
    pair.server = None;
    let reset = pair.key.reset_word(session);
    pair.session.handle_datagram(pair.now, &Datagram::Gone { session, reset }.to_wire());
    pair.exchange();
    pair.reply(&welcome("alice"));
    pair.reply(&ServerMessage::From(Sequence::ZERO));
    assert_eq!(pair.sessions_opened, 2);
}

#[test]
fn a_server_that_speaks_only_the_classic_protocol_is_told_no_password() {
    let (mut session, _) = offering(Trust::FirstUse);
    session.answer_server_password(Instant::ZERO, password("password"));
    let (mut now, mut classic) = (Instant::ZERO, Vec::new());
    for _ in 0..28 {
        now += Duration::from_millis(250);
        session.handle_timeout(now);
        for datagram in sent(&mut session) {
            if !datagram.starts_with(b"X#") {
                classic.push(String::from_utf8(datagram).unwrap());
            }
        }
    }
    assert!(!classic.is_empty() && classic.iter().all(|said| said == "CHECKINDB#netchat"));
    let mut asked = 0;
    for reply in ["NEWUSER", "NEWUSER"] {
        session.handle_datagram(now, reply.as_bytes());
        let told = told(&mut session).into_iter();
        asked += told.filter(|event| *event == Event::Asked(Question::Classic)).count();
    }
    assert_eq!(asked, 1, "the person is asked, once");
}

#[test]
fn a_server_that_is_known_is_never_taken_for_a_classic_one() {
    let key = StaticKey::from_random([1; 32]).public();
    for trust in [Trust::Key(key), Trust::Code(key.code())] {
        let (mut session, _) = offering(trust);
        let mut now = Instant::ZERO;
        for _ in 0..28 {
            now += Duration::from_millis(250);
            session.handle_timeout(now);
            assert!(sent(&mut session).iter().all(|datagram| datagram.starts_with(b"X#")));
        }
    }
}
