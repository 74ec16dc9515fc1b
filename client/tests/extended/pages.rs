//! What is asked for and told in pages; who is online; what is read, and where somebody writes.

use std::time::Duration;

use netchat_client::session::{Event, GroupOutcome, Online, PasswordOutcome};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Delivered, GroupReply, HistoryFrom, JoinPolicy, ServerMessage, UnreadCount,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::REQUESTS_PENDING_MAX;
use netchat_shared::list::List;
use netchat_shared::name::GroupName;
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{Pair, bob, delivered, group, name, names, said_by_bob, texts};

fn past(sequence: u64, kind: MessageKind, text: &str) -> ServerMessage {
    ServerMessage::Past(Delivered { kind, ..delivered(sequence, said_by_bob(text)) })
}

fn groups(names: &[&str]) -> List<GroupName> {
    List::new(names.iter().map(|name| name.parse().unwrap()).collect()).unwrap()
}

/// The latest that was told of who is online.
fn online(pair: &mut Pair) -> (Vec<String>, u32, bool) {
    let events = pair.take_events().into_iter().rev();
    let mut told =
        events.filter_map(|e| if let Event::Online(told) = e { Some(told) } else { None });
    let Online { names, count, is_complete } = told.next().unwrap();
    (names.iter().map(ToString::to_string).collect(), count, is_complete)
}

#[test]
fn the_overview_is_asked_for_page_by_page() {
    let mut pair = Pair::signed_in();
    pair.session.request_overview(pair.now);
    pair.exchange();
    let asked =
        [ClientMessage::GetSettings, ClientMessage::Groups(None), ClientMessage::Overview(None)];
    assert_eq!(pair.take_said(), asked);
    pair.reply(&ServerMessage::Settings(None));
    pair.reply(&ServerMessage::Groups(groups(&["a", "b"]), true));
    pair.reply(&past(9, MessageKind::Text, "latest"));
    pair.reply(&past(12, MessageKind::Edit(Sequence(9)), "better"));
    pair.reply(&ServerMessage::Read(bob(), Sequence(8)));
    pair.reply(&ServerMessage::Unread(bob(), UnreadCount::new(1)));
    pair.reply(&ServerMessage::OverviewEnd(Some(Sequence(9))));
    let next = [
        ClientMessage::Groups(Some("b".parse().unwrap())),
        ClientMessage::Overview(Some(Sequence(9))),
    ];
    assert_eq!(pair.take_said(), next);
    let events = pair.take_events();
    let [
        Event::Groups(first, true),
        Event::Read(read, Sequence(8)),
        Event::Unread(of, unread),
        Event::Overview(latest, true),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((first.len(), read, of, unread.get()), (2, &bob(), &bob(), 1));
    assert_eq!(latest[0].kind, MessageKind::Text, "a line comes before what changes it");
    assert_eq!(latest[1].kind, MessageKind::Edit(Sequence(9)));
    // A lost link takes nothing away: the page that was asked for is asked for again.
    pair.restart(0);
    let said = pair.take_said();
    assert!(next.iter().all(|asked| said.contains(asked)), "{said:?}");
    pair.take_events();
    pair.reply(&ServerMessage::Groups(groups(&["c"]), false));
    pair.reply(&ServerMessage::OverviewEnd(None));
    assert!(pair.session.is_settled());
    let expected =
        [Event::Groups(groups(&["c"]).into_vec(), false), Event::Overview(vec![], false)];
    assert_eq!(pair.take_events(), expected);
}

#[test]
fn pages_that_lead_nowhere_are_not_asked_for_again() {
    let mut pair = Pair::signed_in();
    pair.session.request_overview(pair.now);
    pair.exchange();
    pair.reply(&ServerMessage::Settings(None));
    pair.reply(&ServerMessage::Groups(groups(&["b"]), true));
    pair.reply(&ServerMessage::OverviewEnd(Some(Sequence(9))));
    pair.take_said();
    pair.reply(&ServerMessage::Groups(groups(&["a"]), true));
    pair.reply(&ServerMessage::OverviewEnd(Some(Sequence(9))));
    assert_eq!(pair.take_said(), []);
    assert!(pair.session.is_settled());
}

#[test]
fn a_history_is_told_in_the_order_of_the_log() {
    let mut pair = Pair::signed_in();
    let from = HistoryFrom::Before(None);
    assert!(pair.session.request_history(pair.now, bob(), from));
    pair.exchange();
    for (sequence, kind, text) in [
        (5, MessageKind::Text, "five"),
        (8, MessageKind::Edit(Sequence(5)), "5"),
        (2, MessageKind::Text, "two"),
    ] {
        pair.reply(&past(sequence, kind, text));
    }
    pair.reply(&ServerMessage::LinesEnd(bob(), from, true));
    assert_eq!(told_lines(&mut pair), (from, vec![2, 5, 8], true));
}

/// The one page of bob's conversation that was told: what was asked, places, and whether there are more.
#[track_caller]
fn told_lines(pair: &mut Pair) -> (HistoryFrom, Vec<u64>, bool) {
    let events = pair.take_events();
    let [Event::History(of, from, messages, more)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(of, &bob());
    (*from, messages.iter().map(|m| m.stored.unwrap().sequence.0).collect(), *more)
}

#[test]
fn of_more_requests_than_may_wait_each_is_refused_to_who_waits_for_it_and_has_room_again_later() {
    let mut pair = Pair::signed_in();
    let before = |place| HistoryFrom::Before(Some(Sequence(place)));
    for place in 1..=REQUESTS_PENDING_MAX as u64 {
        assert!(pair.session.request_history(pair.now, bob(), before(place)));
    }
    let (now, next) = (pair.now, before(1_000));
    assert!(!pair.session.request_history(now, bob(), next));
    assert!(pair.session.request_history(now, bob(), before(1)), "it waits already");
    assert_eq!(pair.take_events(), [], "who asks was told, and asks again");
    let group: GroupName = "Garden".parse().unwrap();
    pair.session.join_group(now, group.clone());
    pair.exchange();
    let events = pair.take_events();
    let is_refused =
        matches!(&events[..], [Event::Group(about, GroupOutcome::Refused(_))] if *about == group);
    assert!(is_refused, "{events:?}");
    let password = |text: &str| Password::new(text).unwrap();
    pair.session.change_password(now, password("old"), password("new"), true);
    assert_eq!(pair.take_events(), []);
    pair.session.change_password(now, password("old"), password("newer"), true);
    pair.exchange();
    let events = pair.take_events();
    assert!(matches!(&events[..], [Event::Password(PasswordOutcome::Refused(_))]), "one at a time");
    assert!(!pair.session.end_other_sessions(now));
    // What a session can't do without is asked all the same.
    pair.exchange();
    pair.take_events();
    pair.take_said();
    pair.session.request_overview(now);
    pair.exchange();
    assert_eq!(pair.take_said().len(), 3);
    pair.reply(&ServerMessage::LinesEnd(bob(), before(1), false));
    for place in 2..=5 {
        pair.reply(&ServerMessage::LinesEnd(bob(), before(place), false));
    }
    assert!(pair.session.request_history(now, bob(), next));
}

#[test]
fn a_page_to_be_looked_through_is_as_long_as_the_server_gives() {
    let mut pair = Pair::signed_in();
    let before = Some(Sequence(500));
    assert!(pair.session.request_history_to_search(pair.now, bob(), before));
    pair.exchange();
    let from = HistoryFrom::Before(before);
    assert_eq!(
        pair.take_said(),
        [ClientMessage::Lines { conversation: bob(), from, limit: 1_000 }]
    );
    for place in 200..500 {
        pair.reply(&past(place, MessageKind::Text, "a line"));
    }
    pair.reply(&ServerMessage::LinesEnd(bob(), from, true));
    assert_eq!(told_lines(&mut pair), (from, (200..500).collect(), true));
}

#[test]
fn pages_of_one_conversation_are_told_apart() {
    let mut pair = Pair::signed_in();
    let earlier = HistoryFrom::Before(Some(Sequence(5)));
    let later = HistoryFrom::After(Sequence(5));
    let since = HistoryFrom::At(UnixTime { millis: 5 });
    for from in [earlier, later, since, later] {
        assert!(pair.session.request_history(pair.now, bob(), from));
    }
    pair.exchange();
    let asked = |from| ClientMessage::Lines { conversation: bob(), from, limit: 50 };
    assert_eq!(pair.take_said(), [asked(earlier), asked(later), asked(since)], "none twice");
    pair.reply(&past(4, MessageKind::Text, "four"));
    pair.reply(&ServerMessage::LinesEnd(bob(), earlier, false));
    assert_eq!(told_lines(&mut pair), (earlier, vec![4], false));
    // What was not answered is asked for again on the next link.
    pair.restart(0);
    let said = pair.take_said();
    let asked_again: Vec<_> =
        said.into_iter().filter(|m| matches!(m, ClientMessage::Lines { .. })).collect();
    assert_eq!(asked_again, [asked(later), asked(since)]);
    pair.take_events();
    pair.reply(&past(6, MessageKind::Text, "six"));
    pair.reply(&past(7, MessageKind::Text, "seven"));
    pair.reply(&ServerMessage::LinesEnd(bob(), later, true));
    assert_eq!(told_lines(&mut pair), (later, vec![6, 7], true));
    pair.reply(&ServerMessage::LinesEnd(bob(), since, false));
    assert_eq!(told_lines(&mut pair), (since, vec![], false));
    assert!(pair.session.is_settled());
}

#[test]
fn members_and_receivers_come_in_pages_on_request() {
    let mut pair = Pair::signed_in();
    let now = pair.now;
    pair.session.request_members(now, group(), None);
    pair.session.request_receivers(now, bob(), Sequence(7), Some(name("bob")));
    pair.exchange();
    let asked = [
        ClientMessage::Members(group(), None),
        ClientMessage::Receivers(bob(), Sequence(7), Some(name("bob"))),
    ];
    assert_eq!(pair.take_said(), asked);
    pair.reply(&ServerMessage::Members(group(), names(["bob"]), true));
    pair.reply(&ServerMessage::Receivers(Sequence(7), names(["eve"]), false));
    let expected = [
        Event::Members(group(), vec![name("bob")], true),
        Event::Receivers(Sequence(7), vec![name("eve")], false),
    ];
    assert_eq!(pair.take_events(), expected);
    assert!(pair.session.is_settled());
    // A group that one is not in has none to tell.
    pair.session.request_members(now, group(), None);
    pair.exchange();
    pair.reply(&ServerMessage::Group(group(), GroupReply::DoesNotExist));
    assert!(pair.session.is_settled());
}

#[test]
fn more_members_than_one_request_holds_are_refused_where_they_are_typed() {
    let mut pair = Pair::signed_in();
    let members = |count: usize| (0..count).map(|n| format!("m{n}")).collect();
    pair.session.create_group(pair.now, group(), JoinPolicy::Invitation, members(1_025));
    pair.session.create_group(pair.now, group(), JoinPolicy::Invitation, vec!["a\nb".to_owned()]);
    pair.exchange();
    let events = pair.take_events();
    assert!(
        matches!(
            &events[..],
            [Event::Group(_, GroupOutcome::Refused(_)), Event::Group(_, GroupOutcome::Refused(_))]
        ),
        "{events:?}"
    );
    assert_eq!(pair.take_said(), []);
    assert!(pair.session.is_settled());
    // What is sent after it goes out.
    pair.session.create_group(pair.now, group(), JoinPolicy::Invitation, members(1_024));
    let id = pair.send("hello");
    let said = pair.take_said();
    assert!(matches!(&said[0], ClientMessage::NewGroup(.., members) if members.len() == 1_024));
    pair.said = said;
    assert_eq!(pair.sent_ids(), [id]);
}

#[test]
fn those_whom_one_knows_are_told_without_being_asked_for() {
    let mut pair = Pair::signed_in();
    pair.reply(&ServerMessage::Online(500, names(["bob"])));
    assert_eq!(online(&mut pair), (vec!["bob".to_owned()], 500, false));
    pair.reply(&ServerMessage::Came(names(["eve"])));
    pair.reply(&ServerMessage::Left(names(["bob"])));
    assert_eq!(online(&mut pair), (vec!["eve".to_owned()], 500, false));
    pair.cut_off();
    assert_eq!(online(&mut pair), (vec![], 0, false));
}

#[test]
fn a_list_that_is_looked_at_is_asked_for_and_kept() {
    let mut pair = Pair::signed_in();
    pair.reply(&ServerMessage::Online(3, names(["bob"])));
    pair.session.watch_online(pair.now);
    pair.session.watch_online(pair.now);
    pair.exchange();
    assert_eq!(pair.take_said(), [ClientMessage::Watch(None)]);
    pair.reply(&ServerMessage::OnlinePage(names(["alice", "bob"]), true));
    assert!(!online(&mut pair).2);
    assert_eq!(pair.take_said(), [ClientMessage::Watch(Some(name("bob")))]);
    pair.reply(&ServerMessage::OnlinePage(names(["carol"]), false));
    let all = ["alice", "bob", "carol"].map(str::to_owned).to_vec();
    assert_eq!(online(&mut pair), (all, 3, true));
    pair.reply(&ServerMessage::Left(names(["carol"])));
    pair.reply(&ServerMessage::Came(names(["dan"])));
    let changed = ["alice", "bob", "dan"].map(str::to_owned).to_vec();
    assert_eq!(online(&mut pair), (changed, 3, true));
    pair.reply(&ServerMessage::OnlineCount(4));
    assert_eq!((online(&mut pair).1, online_is_quiet(&mut pair)), (4, true));
    // Anew, when something was missed, and on each link.
    pair.reply(&ServerMessage::Stale);
    assert_eq!(pair.take_said(), [ClientMessage::Invitations, ClientMessage::Watch(None)]);
    pair.restart(0);
    assert!(pair.take_said().contains(&ClientMessage::Watch(None)));
    pair.reply(&ServerMessage::Online(2, names(["bob"])));
    pair.reply(&ServerMessage::OnlinePage(names(["alice", "bob"]), false));
    pair.session.unwatch_online(pair.now);
    pair.exchange();
    assert_eq!(pair.take_said(), [ClientMessage::Unwatch]);
    assert_eq!(online(&mut pair), (vec!["bob".to_owned()], 2, false));
    pair.restart(0);
    let said = pair.take_said();
    assert!(!said.iter().any(|m| matches!(m, ClientMessage::Watch(_))), "{said:?}");
}

fn online_is_quiet(pair: &mut Pair) -> bool {
    pair.reply(&ServerMessage::OnlineCount(4));
    pair.take_events().is_empty()
}

#[test]
fn who_is_online_is_told_once_without_being_looked_at_further() {
    let mut pair = Pair::signed_in();
    pair.session.request_active(pair.now);
    pair.exchange();
    assert!(!pair.session.is_settled());
    pair.reply(&ServerMessage::OnlinePage(names(["alice"]), true));
    pair.reply(&ServerMessage::OnlinePage(names(["bob"]), false));
    let said = pair.take_said();
    let expected = [
        ClientMessage::Watch(None),
        ClientMessage::Watch(Some(name("alice"))),
        ClientMessage::Unwatch,
    ];
    assert_eq!(said, expected);
    let listed = pair.take_events().into_iter().find_map(|event| {
        if let Event::ActiveList(roster) = event { Some(roster.names()) } else { None }
    });
    assert_eq!(listed, Some(vec!["alice".to_owned(), "bob".to_owned()]));
    assert!(pair.session.is_settled());
}

#[test]
fn a_list_of_who_is_online_is_bounded() {
    let mut pair = Pair::signed_in();
    pair.session.watch_online(pair.now);
    pair.exchange();
    let mut pages = 0;
    loop {
        let page = (0..1_000).map(|n| name(&format!("{pages:03} {n:04}"))).collect();
        pair.take_said();
        pair.reply(&ServerMessage::OnlinePage(List::new(page).unwrap(), true));
        pages += 1;
        // The window opens as pages are acknowledged.
        pair.pass(Duration::from_millis(500));
        if !pair.said.iter().any(|said| matches!(said, ClientMessage::Watch(_))) {
            break;
        }
    }
    let (names, _, is_complete) = online(&mut pair);
    assert_eq!((pages, names.len(), is_complete), (10, 10_000, false));
}

#[test]
fn what_is_read_is_told_once_for_each_conversation_and_only_grows() {
    let mut pair = Pair::signed_in();
    pair.take_events();
    let everyone = Conversation::Everyone;
    let read = |pair: &mut Pair, of: &Conversation, sequence| {
        pair.session.mark_read(pair.now, of.clone(), Sequence(sequence));
        pair.exchange();
        pair.take_said()
    };
    let said = |of: &Conversation, n| ClientMessage::Read(of.clone(), Sequence(n));
    assert_eq!(read(&mut pair, &bob(), 5), [said(&bob(), 5)]);
    assert_eq!(read(&mut pair, &bob(), 5), []);
    assert_eq!(read(&mut pair, &bob(), 4), []);
    // Another session was further.
    pair.reply(&ServerMessage::Read(bob(), Sequence(7)));
    assert_eq!(pair.take_events(), [Event::Read(bob(), Sequence(7))]);
    assert_eq!(read(&mut pair, &bob(), 6), []);
    pair.pass(Duration::from_secs(1));
    // While there is no link, the last place of each waits; what had arrived is not told again.
    pair.server = None;
    pair.is_deaf = true;
    assert_eq!(read(&mut pair, &bob(), 8), []);
    assert_eq!(read(&mut pair, &bob(), 9), []);
    assert_eq!(read(&mut pair, &everyone, 3), []);
    pair.is_deaf = false;
    pair.restart(0);
    let again: Vec<_> = pair.take_said().into_iter().collect();
    let told: Vec<_> = again.iter().filter(|m| matches!(m, ClientMessage::Read(..))).collect();
    assert_eq!(told, [&said(&everyone, 3), &said(&bob(), 9)]);
}

#[test]
fn that_somebody_writes_is_told_now_and_then() {
    let mut pair = Pair::signed_in();
    for _ in 0..10 {
        pair.session.typing(pair.now, bob());
        pair.exchange();
        pair.pass(Duration::from_millis(500));
    }
    let typing = pair.take_said().into_iter().filter(|m| matches!(m, ClientMessage::Typing(_)));
    assert_eq!(typing.count(), 2, "within five seconds");
    pair.take_events();
    pair.reply(&ServerMessage::Typing(bob(), name("bob")));
    assert_eq!(pair.take_events(), [Event::Typing(bob(), name("bob"))]);
    assert_eq!(texts(pair.take_events()), Vec::<String>::new());
}
