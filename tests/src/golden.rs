//! Golden transcripts: what the original clients send, and what must come back, byte for byte.
//!
//! A transcript is a text, one datagram a line:
//!
//! ```text
//! # a comment
//! alice> LOCKED#cGFzc3dvcmQ=      alice sends this
//! alice< Unlocked                 the server sends this to her, and nothing else before
//! bob< {SERVER: SENT}             braces: Base64 of what is inside
//! bob> CHAT#alice#{body bob: hi}  Base64 of the text, a backtick and its MD5
//! bob>                            bob sends an empty datagram
//! wait 5000                       milliseconds pass
//! ```
//!
//! `@alice` stands for alice's address as Python prints it. At each `>` and `wait`, and at the end,
//! nothing may be left that the server sent and the transcript does not say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::sim_server::SimServer;

/// Runs a transcript against a fresh server, or against one that an earlier transcript left behind.
pub fn check(server: &mut SimServer, transcript: &str) {
    let mut unread: Vec<(String, String)> = Vec::new();
    for (number, line) in transcript.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, expected)) = line.split_once("< ") {
            let expected = (name.to_owned(), expand(expected));
            let position = unread.iter().position(|(to, _)| to == name);
            let found = position.map(|at| unread.remove(at));
            assert_eq!(found.as_ref(), Some(&expected), "line {}: {line}", number + 1);
            continue;
        }
        assert_eq!(unread, [], "before line {}: {line}", number + 1);
        if let Some(millis) = line.strip_prefix("wait ") {
            server.pass(Duration::from_millis(millis.parse().unwrap()));
        } else {
            let (name, datagram) = line.split_once('>').expect("a line of a transcript");
            server.receive(address(name), expand(datagram.trim_start()).as_bytes());
        }
        for (to, datagram) in server.take_sent() {
            unread.push((name_of(to), String::from_utf8(datagram).unwrap()));
        }
    }
    assert_eq!(unread, [], "at the end");
}

/// The address of a name in a transcript: each letter has its own, `alice2` is another port.
pub fn address(name: &str) -> SocketAddr {
    let (first, last) = (name.as_bytes()[0], name.as_bytes()[name.len() - 1]);
    let port = 50_000 + u16::from(last);
    SocketAddr::from(([196, 47, 240, first - b'a' + 1], port))
}

fn name_of(address: SocketAddr) -> String {
    let names = ["alice", "bob", "carol", "dave", "eve", "alice2", "bob2", "stranger"];
    let names: BTreeMap<SocketAddr, &str> =
        names.iter().map(|name| (self::address(name), *name)).collect();
    (*names.get(&address).expect("a name of a transcript")).to_owned()
}

/// Replaces what stands in braces, and addresses.
fn expand(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["alice2", "bob2", "alice", "bob", "carol", "dave", "eve"] {
        let address = address(name);
        let python = format!("('{}', {})", address.ip(), address.port());
        text = text.replace(&format!("@{name}"), &python);
    }
    while let Some((before, rest)) = text.split_once('{') {
        let (inside, after) = rest.split_once('}').expect("a closing brace");
        text = format!("{before}{}{after}", encode(inside));
    }
    text
}

fn encode(inside: &str) -> String {
    let inside = inside.replace("\\n", "\n");
    match inside.strip_prefix("body ") {
        Some(signed) => STANDARD.encode(format!("{signed}`{}", md5_hex(signed))),
        None => STANDARD.encode(inside),
    }
}

/// Independent of the code under test.
pub fn md5_hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
