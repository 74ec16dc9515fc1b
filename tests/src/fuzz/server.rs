//! The server's core, and whatever its clients may send, while time passes and storage fails.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_shared::extended::Frame;

use super::script::Script;
use crate::raw_session::RawSession;
use crate::sim_server::SimServer;

/// How often the process may start anew: it takes long.
const RESTARTS_MAX: usize = 2;
/// What a client of the classic protocol may begin a datagram with.
const CLASSIC: [&str; 15] = [
    "LOCKED#",
    "JOIN#",
    "CHECKINDB#",
    "NEWUSERPASSWORD#",
    "CHECKPASSWORD#",
    "CHAT#",
    "GROUP_CHAT#",
    "NEW_GROUP#",
    "JOIN_GROUP#",
    "QUIT_GROUP#",
    "CHECK_FOR_GROUP#",
    "ACTIVE",
    "LEAVE",
    "EXIT#",
    "RECEIVED",
];

/// Never a panic; and after each step the server believes what is stored, and nothing else.
pub(super) fn server(data: &[u8]) {
    let mut script = Script(data);
    let mut server = SimServer::new(|_| {});
    let mut sessions = [(1, "alice"), (2, "bob")]
        .map(|(port, name)| RawSession::signed_in(&mut server, address(port), name));
    for line in
        ["LOCKED#cGFzc3dvcmQ=", "JOIN#carol", "CHECKINDB#carol", "NEWUSERPASSWORD#carol#secretly"]
    {
        server.receive(address(3), line.as_bytes());
    }
    let mut restarts = 0;
    while let Some(operation) = script.next() {
        let who = script.below(4);
        match operation % 8 {
            0 => server.receive(address(who), script.bytes()),
            1 => {
                let mut datagram = CLASSIC[script.below(CLASSIC.len())].as_bytes().to_vec();
                datagram.extend_from_slice(script.bytes());
                server.receive(address(3 + who % 2), &datagram);
            }
            2 | 3 => say(&mut sessions[who % 2], &mut server, script.bytes()),
            4 => {
                sessions[who % 2].raw_packet(&mut server, script.bytes());
            }
            5 => server.pass(Duration::from_millis(1 << script.below(25))),
            6 => server.storage_fails = who == 0,
            _ if restarts < RESTARTS_MAX => {
                restarts += 1;
                server.restart();
            }
            _ => {}
        }
        drop(server.take_sent());
        server.check();
    }
}

fn say(session: &mut RawSession, server: &mut SimServer, bytes: &[u8]) {
    let bytes: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b'\n').collect();
    let slice_number = session.next_slice_number();
    session.packet(server, &[Frame::Slice { slice_number, more: false, bytes: &bytes }]);
}

fn address(port: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], u16::try_from(5_000 + port).unwrap()))
}
