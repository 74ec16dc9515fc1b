//! Parsers: whatever comes, they answer; and what they understood, they write so that it is read
//! as the same.

use netchat_client::complete::{Known, complete};
use netchat_client::marks::blocks;
use netchat_client::reaction::Sign;
use netchat_client::session::Saved;
use netchat_client::slash::{Slash, parse_names};
use netchat_shared::body::{Body, Judgement, Opened};
use netchat_shared::classic::{Command, LoginReply, Notice, Roster};
use netchat_shared::extended::{ClientMessage, Datagram, Frame, ServerMessage, Token};
use netchat_shared::limits::CLASSIC_DATAGRAM_BYTES_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sequence::Generation;
use netchat_shared::via::GatewayKey;

pub(super) fn classic(data: &[u8]) {
    if let Ok(command) = Command::parse(data) {
        let wire = match &command {
            Command::Login(login) => login.to_wire(),
            Command::Chat(chat) => chat.to_wire(),
        };
        assert_eq!(Command::parse(wire.as_bytes()).as_ref(), Ok(&command), "{wire}");
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let reply = LoginReply::parse(text);
    assert_eq!(LoginReply::parse(&reply.to_string()), reply);
    drop(Notice::parse(text).datagrams());
    if let Some(roster) = Roster::parse(text) {
        drop(roster.names());
    }
}

pub(super) fn datagram(data: &[u8]) {
    if let Ok(datagram) = Datagram::parse(data) {
        let wire = datagram.to_wire();
        assert_eq!(Datagram::parse(&wire), Ok(datagram));
    }
}

pub(super) fn frames(data: &[u8]) {
    if let Ok(frames) = Frame::parse_all(data) {
        let mut wire = Vec::new();
        frames.iter().for_each(|frame| frame.write(&mut wire));
        assert_eq!(Frame::parse_all(&wire), Ok(frames));
    }
}

pub(super) fn client_message(data: &[u8]) {
    if let Ok(message) = ClientMessage::parse(data) {
        assert_eq!(ClientMessage::parse(&message.to_wire()), Ok(message));
    }
}

pub(super) fn server_message(data: &[u8]) {
    if let Ok(message) = ServerMessage::parse(data) {
        assert_eq!(ServerMessage::parse(&message.to_wire()), Ok(message));
    }
}

pub(super) fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sender: UserName = "alice".parse().unwrap();
    let body = Body::from_wire(text);
    assert!(!matches!((body.open(), body.judge(&sender)), (Opened::Corrupted, Judgement::Genuine)));
    let own = Body::new(&sender, text);
    assert_eq!(own.judge(&sender), Judgement::Genuine);
    for part in own.split(&sender, CLASSIC_DATAGRAM_BYTES_MAX) {
        assert!(part.as_str().len() <= CLASSIC_DATAGRAM_BYTES_MAX);
        assert_eq!(part.judge(&sender), Judgement::Genuine);
    }
}

/// Everything that is a word: names, numbers, keys.
pub(super) fn words(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(name) = text.parse::<UserName>() {
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
    }
    if let Ok(name) = text.parse::<GroupName>() {
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
    }
    if let Some(id) = MessageId::parse(text) {
        assert_eq!(MessageId::parse(&id.to_string()), Some(id));
    }
    if let Some(token) = Token::parse(text) {
        assert_eq!(Token::parse(&token.reveal()), Some(token));
    }
    if let Some(generation) = Generation::parse(text) {
        assert_eq!(Generation::parse(&generation.to_string()), Some(generation));
    }
    drop(GatewayKey::parse(text));
}

/// What people type.
pub(super) fn typed(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    drop((Slash::parse(text), parse_names(text)));
    drop(blocks(text, &|name| name.len() == 3));
    let known = Known { people: &[], groups: &[], emoji: &[("tada", "🎉")] };
    if let Some(completions) = complete(text, text.len(), &known, &|text| text.to_lowercase()) {
        assert!(completions.choose(text, 0).is_some());
    }
    if let Ok(sign) = text.parse::<Sign>() {
        assert_eq!(sign.as_str().parse(), Ok(sign.clone()));
    }
}

pub(super) fn saved(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(saved) = Saved::from_text(text) {
        assert_eq!(Saved::from_text(&saved.to_text()), Some(saved));
    }
}
