//! Groups by consent, as the session tells of them.

use netchat_client::session::{Event, GroupOutcome, Saved, Session};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    BlockReply, ClientMessage, GroupNews, GroupReply, NewName, ServerMessage,
};
use netchat_shared::name::GroupName;
use netchat_shared::sequence::Sequence;

use crate::pair::{Pair, name, welcome};

fn group(text: &str) -> GroupName {
    text.parse().unwrap()
}

fn called(at: u64, name: &str) -> NewName {
    NewName { at: Sequence(at), name: group(name) }
}

fn news(of: &str, news: GroupNews) -> ServerMessage {
    ServerMessage::GroupNews(group(of), news)
}

#[test]
fn what_waits_for_a_decision_is_told_once_and_ends_when_it_is_told_no_more() {
    let mut pair = Pair::signed_in();
    let invited = news("g", GroupNews::Invited(name("bob")));
    let asks = news("mine", GroupNews::Asks(name("eve")));
    pair.reply(&invited);
    pair.reply(&asks);
    let expected =
        [Event::Invited(group("g"), name("bob")), Event::Asks(group("mine"), name("eve"))];
    assert_eq!(pair.take_events(), expected);
    // On the next link it is all told anew, before the place where it goes on.
    pair.server = None;
    pair.pass(std::time::Duration::from_secs(2));
    pair.reply(&welcome("alice"));
    pair.take_events();
    pair.reply(&invited);
    pair.reply(&ServerMessage::From(Sequence::ZERO));
    assert_eq!(pair.take_events(), [Event::AsksNoMore(group("mine"), name("eve"))]);
    pair.reply(&news("g", GroupNews::Added));
    let added = Event::Group(group("g"), GroupOutcome::Added);
    assert_eq!(pair.take_events(), [Event::InvitationEnded(group("g")), added]);
}

#[test]
fn blocking_somebody_ends_their_invitations() {
    let mut pair = Pair::signed_in();
    pair.reply(&news("g", GroupNews::Invited(name("eve"))));
    pair.take_events();
    pair.session.block(pair.now, name("eve"), true);
    pair.exchange();
    assert_eq!(pair.take_said(), [ClientMessage::Block(name("eve"), true)]);
    pair.reply(&ServerMessage::Block(name("eve"), BlockReply::Blocked));
    let blocked = Event::Block(name("eve"), BlockReply::Blocked);
    assert_eq!(pair.take_events(), [Event::InvitationEnded(group("g")), blocked]);
    assert!(pair.session.is_settled());
}

/// A person has typed something, went away, and the group was renamed: it arrives there, and nowhere else.
#[test]
fn what_waits_for_a_group_that_was_renamed_goes_there_under_its_new_name() {
    let mut pair = Pair::signed_in();
    let id = pair.session.send(pair.now, Conversation::Group(group("old")), "hello").unwrap();
    pair.exchange();
    pair.take_said();
    let seed = [9; 32];
    let saved = pair.session.saved().unwrap();
    let mut pair = Pair::with_key(Session::resume(seed, saved), pair.key);
    pair.reply(&welcome("alice"));
    let is_send = |said: &ClientMessage| matches!(said, ClientMessage::Send { .. });
    assert!(!pair.take_said().iter().any(is_send), "not before it is known what it is called");
    pair.take_events();
    pair.reply(&news("old", GroupNews::Renamed(called(7, "new"))));
    pair.reply(&ServerMessage::From(Sequence::ZERO));
    let sent = pair.take_said().into_iter().find_map(|said| {
        let ClientMessage::Send { id, to, .. } = said else { return None };
        Some((id, to))
    });
    assert_eq!(sent, Some((id, Conversation::Group(group("new")))));
    assert!(pair.take_events().contains(&Event::Renamed(group("old"), group("new"))));
}

/// The name is another group's by now, and the person writes there: it arrives there, also when an earlier
/// renaming is told again, in this session or one that goes on with it.
#[test]
fn a_renaming_that_is_known_moves_nothing_to_another_group() {
    let renamed = news("old", GroupNews::Renamed(called(7, "new")));
    for goes_on_elsewhere in [false, true] {
        let mut pair = Pair::signed_in();
        pair.reply(&renamed);
        assert_eq!(pair.take_events(), [Event::Renamed(group("old"), group("new"))]);
        pair.server = None;
        let to_old = Conversation::Group(group("old"));
        let id = pair.session.send(pair.now, to_old.clone(), "hello").unwrap();
        if goes_on_elsewhere {
            let kept = pair.session.saved().unwrap().to_text();
            let saved = Saved::from_text(&kept).unwrap();
            pair = Pair::with_key(Session::resume([9; 32], saved), pair.key);
        } else {
            pair.pass(std::time::Duration::from_secs(2));
        }
        pair.reply(&welcome("alice"));
        pair.take_said();
        pair.take_events();
        pair.reply(&renamed);
        pair.reply(&ServerMessage::From(Sequence::ZERO));
        let is_renaming = |event: &Event| matches!(event, Event::Renamed(..));
        assert!(!pair.take_events().iter().any(is_renaming));
        let sent = pair.take_said().into_iter().find_map(|said| {
            let ClientMessage::Send { id, to, .. } = said else { return None };
            Some((id, to))
        });
        assert_eq!(sent, Some((id, to_old)));
        pair.reply(&news("old", GroupNews::Renamed(called(9, "newer"))));
        assert_eq!(pair.take_events(), [Event::Renamed(group("old"), group("newer"))]);
    }
}

#[test]
fn a_renaming_of_ones_own_is_told_like_any_other() {
    let mut pair = Pair::signed_in();
    let rename = netchat_shared::extended::GroupAction::Rename(group("new"));
    pair.session.act_on_group(pair.now, group("old"), rename);
    pair.exchange();
    pair.take_said();
    pair.reply(&ServerMessage::Group(group("old"), GroupReply::Renamed(called(7, "new"))));
    assert_eq!(pair.take_events(), [Event::Renamed(group("old"), group("new"))]);
    assert!(pair.session.is_settled());
}
