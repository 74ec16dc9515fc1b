//! The exchange that PROTOCOL.md shows, as bytes: what the client sends is sent, and the server must
//! answer as it stands there.

use std::net::SocketAddr;

use netchat_tests::raw_session::RawSession;
use netchat_tests::sim_server::SimServer;

const PROTOCOL: &str = include_str!("../../../PROTOCOL.md");

/// A datagram as the page writes it: `\n` for a line feed, `.{n}` for n full stops.
fn from_page(line: &str) -> Vec<u8> {
    let mut text = line.replace("\\n", "\n");
    if let Some((head, count)) = line.split_once(".{") {
        let count = count.strip_suffix('}').unwrap().parse().unwrap();
        text = format!("{head}{}", ".".repeat(count));
    }
    text.into_bytes()
}

fn to_page(datagram: &[u8]) -> String {
    String::from_utf8(datagram.to_vec()).unwrap().replace('\n', "\\n")
}

#[test]
fn the_exchange_in_the_protocol_is_what_happens() {
    let block = PROTOCOL.split("```exchange\n").nth(1).and_then(|rest| rest.split("```").next());
    let lines: Vec<&str> = block.expect("the example").lines().collect();
    let mut server = SimServer::new(|_| {});
    // bob has registered, and is online elsewhere.
    RawSession::signed_in(&mut server, SocketAddr::from(([10, 0, 0, 2], 2)), "bob");
    server.pass(std::time::Duration::from_millis(200));
    server.take_sent();

    let alice = SocketAddr::from(([10, 0, 0, 1], 1));
    let mut happened = Vec::new();
    for line in lines.iter().filter_map(|line| line.strip_prefix("C ")) {
        server.receive(alice, &from_page(line));
        happened.push(format!("C {line}"));
        let sent = server.take_sent();
        let to_alice = sent.iter().filter(|(to, _)| *to == alice);
        happened.extend(to_alice.map(|(_, datagram)| format!("S {}", to_page(datagram))));
    }
    let expected: Vec<&str> = lines.into_iter().filter(|line| !line.starts_with('#')).collect();
    assert!(happened == expected, "what happens is:\n{}", happened.join("\n"));
}

/// Prints the client's side of such an exchange; see PROTOCOL.md for how it is written.
#[test]
#[ignore = "writes the example anew after a change of the protocol"]
fn print_an_exchange() {
    use netchat_shared::body::Body;
    use netchat_shared::conversation::Conversation;
    use netchat_shared::extended::{ClientMessage, Frame};
    use netchat_shared::message_id::MessageId;
    use netchat_shared::password::Password;

    let mut server = SimServer::new(|_| {});
    RawSession::signed_in(&mut server, SocketAddr::from(([10, 0, 0, 2], 2)), "bob");
    server.pass(std::time::Duration::from_millis(200));
    server.take_sent();
    let mut alice = RawSession::open(&mut server, SocketAddr::from(([10, 0, 0, 1], 1)));
    let body = Body::new(&"alice".parse().unwrap(), "Hi!");
    let to = Conversation::User("bob".parse().unwrap());
    let password = |text: &str| Password::new(text).unwrap();
    for message in [
        ClientMessage::Unlock(password("password")),
        ClientMessage::Name("alice".parse().unwrap()),
        ClientMessage::Register(password("secretly")),
        ClientMessage::Sync(None),
        ClientMessage::Send { id: MessageId(0xfeed), to, body },
        ClientMessage::SignOut,
    ] {
        alice.say(&mut server, &message);
    }
    alice.packet(&mut server, &[Frame::KeepAlive]);
    for datagram in &alice.sent {
        let line = to_page(datagram);
        let head = line.trim_end_matches('.');
        match line.len() - head.len() {
            0 => println!("C {line}"),
            dots => println!("C {head}.{{{dots}}}"),
        }
    }
}
