//! Somebody sees what goes between our clients and the server, and sends what they like.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use netchat_core::LogEvent;
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, ServerMessage};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_tests::process::System;
use netchat_tests::proxy::Proxy;
use netchat_tests::raw_session::{RawSession, messages};
use netchat_tests::sim_server::SimServer;
use netchat_tests::terminal::Terminal;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// Copied and forged datagrams.
const FORGED: u64 = 1_000_000;

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn say(id: u128, text: &str) -> ClientMessage {
    let to = Conversation::User("bob".parse().unwrap());
    let body = Some(Body::new(&"alice".parse().unwrap(), text));
    ClientMessage::Send { id: MessageId(id), to, kind: MessageKind::Text, body }
}

/// Anything between a changed bit and something made of two, with a checksum that holds.
fn forge(rng: &mut ChaCha8Rng, recorded: &[Vec<u8>]) -> Vec<u8> {
    let mut below = |bound: usize| rng.next_u64() as usize % bound.max(1);
    let one = &recorded[below(recorded.len())];
    let other = &recorded[below(recorded.len())];
    let (mut content, other) = (content(one).to_vec(), content(other));
    match below(5) {
        0 => {
            let at = below(content.len());
            content[at] ^= 1 << below(8);
        }
        1 => content.truncate(below(content.len())),
        2 => {
            let at = below(content.len().min(other.len()));
            content.truncate(at);
            content.extend_from_slice(&other[at..]);
        }
        // The number of a packet, or of whatever else stands in the clear.
        3 => {
            let digits: Vec<usize> =
                (0..content.len().min(40)).filter(|&at| content[at].is_ascii_digit()).collect();
            if !digits.is_empty() {
                content[digits[below(digits.len())]] = b'0' + below(10) as u8;
            }
        }
        _ => content.extend((0..below(40)).map(|n| (n * 7) as u8).collect::<Vec<_>>()),
    }
    let mut datagram = format!("X#{:08x}#", crc32fast::hash(&content)).into_bytes();
    datagram.extend(content);
    datagram
}

/// What stands behind the checksum.
fn content(datagram: &[u8]) -> &[u8] {
    datagram.get(11..).unwrap_or_default()
}

#[test]
fn what_is_copied_repeated_changed_or_forged_has_no_effect() {
    let mut server = SimServer::new(|_| {});
    let mut alice = RawSession::signed_in(&mut server, at(1), "alice");
    let mut bob = RawSession::signed_in(&mut server, at(2), "bob");
    alice.say(&mut server, &say(1, "as long as it takes"));
    alice.say(&mut server, &ClientMessage::Watch(None));
    bob.say(&mut server, &ClientMessage::Overview(None));
    let exchange = alice.exchange.iter().chain(&bob.exchange);
    let recorded: Vec<_> = exchange.map(|exchanged| exchanged.datagram.clone()).collect();
    let before = (server.storage.head(), server.log.len());

    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for n in 0..FORGED {
        let datagram = match n % 4 {
            0 => recorded[rng.next_u64() as usize % recorded.len()].clone(),
            _ => forge(&mut rng, &recorded),
        };
        // From the address of one of them, or from the observer's own.
        server.receive(at([1, 2, 666][rng.next_u64() as usize % 3]), &datagram);
        drop(server.take_sent());
    }
    server.check();
    assert_eq!(server.storage.head(), before.0, "nothing is stored");
    let told = server.log[before.1..]
        .iter()
        .filter(|event| !matches!(event, LogEvent::Refused { .. } | LogEvent::Dropped(_)));
    assert_eq!(told.count(), 0, "{:?}", &server.log[before.1..]);
    let replies = alice.say(&mut server, &say(2, "undisturbed"));
    let is_sent = |message: &ServerMessage| matches!(message, ServerMessage::Sent { .. });
    assert_eq!(messages(&replies).iter().filter(|message| is_sent(message)).count(), 1);
    server.pass(Duration::from_secs(601));
    let dropped = server.log.iter().find_map(|event| match event {
        LogEvent::Dropped(dropped) => Some(*dropped),
        _ => None,
    });
    let dropped = dropped.expect("the operator is told");
    assert!(dropped.forged > FORGED / 10 && dropped.repeated > FORGED / 100, "{dropped:?}");
}

/// Whether it stands there, as it is or in Base64, wherever in a group of three it begins.
fn is_readable(wire: &[u8], canary: &str) -> bool {
    let encoded = (0..3).map(|before| {
        let text = [&b"???"[..before], canary.as_bytes()].concat();
        let encoded = STANDARD_NO_PAD.encode(text);
        // What depends on the neighbours is left out.
        encoded.as_bytes()[before.div_ceil(3) * 4..encoded.len() - 2].to_vec()
    });
    let mut forms = encoded.chain([canary.as_bytes().to_vec()]);
    forms.any(|form| wire.windows(form.len()).any(|window| window == form))
}

const NAMES: [&str; 2] = ["canaryalice", "canarybob"];
const TEXT: &str = "the canary sings at noon";

/// Two people chat through a network that is recorded; what of it can be read.
async fn readable(more: &[&str]) -> Vec<String> {
    let system = System::start(&["--password", "canaryserver"]).await;
    let wire = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&wire);
    let proxy = Proxy::damaging(system.udp, move |datagram| {
        record.lock().unwrap().extend_from_slice(&datagram);
        datagram
    });
    let server = proxy.await;
    let address = server.address.to_string();
    let mut people = Vec::new();
    for name in NAMES {
        let password = format!("{name}spassword");
        let mut arguments = vec!["--server", &address, "--server-password", "canaryserver"];
        arguments.extend(["--name", name, "--password", &password]);
        arguments.extend(more);
        let mut terminal = Terminal::start(&arguments);
        terminal.waits_for("LOGGEDIN").await;
        people.push(terminal);
    }
    people[0].types("/chat canarybob").await;
    people[0].types(TEXT).await;
    people[1].waits_for(&format!("canaryalice: {TEXT}")).await;
    people[0].waits_for("SERVER: canarybob RECEIVED").await;
    let wire = wire.lock().unwrap().clone();
    assert!(wire.len() > 500, "the wire was recorded: {} bytes", wire.len());
    let passwords = NAMES.map(|name| format!("{name}spassword"));
    let canaries = NAMES.into_iter().chain([TEXT, "canaryserver"]).map(str::to_owned);
    canaries.chain(passwords).filter(|canary| is_readable(&wire, canary)).collect()
}

#[tokio::test]
async fn nothing_that_is_said_can_be_read_on_the_way() {
    assert_eq!(readable(&[]).await, [""; 0]);
    // The same search finds all but one password in the classic protocol.
    let classic = readable(&["--classic"]).await;
    assert!(classic.len() >= 4, "{classic:?}");
}
