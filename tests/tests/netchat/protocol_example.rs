//! The exchange that PROTOCOL.md shows, as bytes, is what happens.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, Frame};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::password::Password;
use netchat_tests::raw_session::{Exchanged, Party, RawSession};
use netchat_tests::sim_server::SimServer;

const PROTOCOL: &str = include_str!("../../../PROTOCOL.md");

/// A datagram as the page writes it: `\n` for a line feed, `.{n}` for n full stops at the end, and
/// in braces what is sealed.
fn to_page(exchanged: &Exchanged) -> String {
    let party = if exchanged.party == Party::Client { 'C' } else { 'S' };
    let Some(frames) = &exchanged.frames else {
        let text = std::str::from_utf8(&exchanged.datagram).unwrap();
        let head = text.trim_end_matches('.');
        let padding = match text.len() - head.len() {
            0 => String::new(),
            dots => format!(".{{{dots}}}"),
        };
        return format!("{party} {head}{padding}\n");
    };
    let head = exchanged.datagram.split(|&byte| byte == b'\n').next().unwrap();
    let (head, frames) = (std::str::from_utf8(head).unwrap(), std::str::from_utf8(frames).unwrap());
    format!("{party} {head}\\n{{{}}}\n", frames.replace('\n', "\\n"))
}

#[test]
fn the_exchange_in_the_protocol_is_what_happens() {
    let password = |text: &str| Password::new(text).unwrap();
    let mut server = SimServer::new(|_| {});
    RawSession::signed_in(&mut server, SocketAddr::from(([10, 0, 0, 2], 2)), "bob");
    server.pass(Duration::from_millis(200));
    server.take_sent();

    let mut alice = RawSession::open(&mut server, SocketAddr::from(([10, 0, 0, 1], 1)));
    let body = Some(Body::new(&"alice".parse().unwrap(), "Hi!"));
    let to = Conversation::User("bob".parse().unwrap());
    alice.say(&mut server, &ClientMessage::Unlock(password("password")));
    alice.say(&mut server, &ClientMessage::Name("alice".parse().unwrap()));
    alice.enrol(&mut server, "alice", "secretly");
    for message in [
        ClientMessage::Sync(None),
        ClientMessage::Send { id: MessageId(0xfeed), to, kind: MessageKind::Text, body },
        ClientMessage::SignOut,
    ] {
        alice.say(&mut server, &message);
    }
    alice.packet(&mut server, &[Frame::KeepAlive]);

    let happened: String = alice.exchange.iter().map(to_page).collect();
    let page = PROTOCOL.split("```exchange\n").nth(1).and_then(|rest| rest.split("```").next());
    // A long line goes on in the next.
    let page = page.unwrap().replace("\\\n  ", "");
    assert!(page == happened, "PROTOCOL.md should show:\n{happened}");
}
