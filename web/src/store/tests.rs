//! The store as the page uses it.

use wasm_bindgen_test::wasm_bindgen_test as test;

use netchat_client::session::{
    Arrival, CrossedSettings, Event, Failure, GroupOutcome, Progress, Question, StoredAt, Told,
};
use netchat_shared::extended::{Receipts, Recipients, UnreadCount};
use netchat_shared::name::GroupName;
use netchat_shared::time::Now;

use super::*;

const NOW: Now = Now { monotonic: Instant::ZERO, calendar: UnixTime { millis: 1_000 } };

fn store() -> Store {
    let day_of = |time: UnixTime| i64::try_from(time.millis / (24 * 3_600 * 1_000)).unwrap();
    Store::new(day_of, str::to_lowercase)
}

fn signed_in() -> Store {
    let mut store = store();
    store.fold(NOW, Event::SignedIn("alice".parse().unwrap()));
    store
}

fn bob() -> Conversation {
    Conversation::User("bob".parse().unwrap())
}

fn arrival(text: &str) -> Event {
    let content = Content::Text(text.to_owned());
    let (conversation, kind, stored) = (None, MessageKind::Text, None);
    let (sender, receipts) = ("bob".parse().ok(), Receipts::default());
    Event::Arrived(Arrival { conversation, sender, kind, content, stored, receipts })
}

fn stored(sequence: u64, sender: &str, text: &str) -> Arrival {
    Arrival {
        conversation: Some(bob()),
        sender: sender.parse().ok(),
        kind: MessageKind::Text,
        content: Content::Text(text.to_owned()),
        stored: Some(at(sequence)),
        receipts: Receipts::default(),
    }
}

/// Something that bob says about a line.
fn about(sequence: u64, kind: MessageKind, content: Content) -> Arrival {
    Arrival { kind, content, ..stored(sequence, "bob", "") }
}

fn for_names(names: &[&str]) -> Recipients {
    Recipients::new(names.len(), names.iter().map(|name| name.parse().unwrap()))
}

fn at(sequence: u64) -> StoredAt {
    StoredAt {
        sequence: Sequence(sequence),
        time: UnixTime { millis: sequence },
        id: MessageId(sequence.into()),
    }
}

/// All lines with bob, in order.
fn messages(store: &Store) -> Vec<Message> {
    let Some(thread) = store.threads.get(&bob()) else { return Vec::new() };
    let lines = thread.timeline.lines().iter().map(|line| line.key);
    let keys = lines.chain(thread.timeline.unplaced().iter().copied());
    keys.map(|key| store.message(key).unwrap().clone()).collect()
}

fn first(store: &Store) -> Message {
    messages(store).remove(0)
}

fn own(store: &mut Store, id: MessageId, text: &str) {
    store.add_own(NOW.calendar, &bob(), id, &MessageKind::Text, text.to_owned());
}

/// What is to be asked of the server for the conversation in front; it is asked for.
fn asks(store: &mut Store) -> Option<HistoryFrom> {
    let (_, from) = store.page_to_read()?;
    store.note_asked(from);
    Some(from)
}

/// The latest page came, and there is more before it.
fn latest(store: &mut Store, sequence: u64, text: &str) {
    let page = vec![stored(sequence, "bob", text)];
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), page, true));
}

/// What is said at present.
fn notice(store: &Store) -> &str {
    store.notices.shown().map_or("", |notice| &notice.text)
}

fn texts(store: &Store) -> Vec<String> {
    let text = |message: &Message| match &message.content {
        Content::Text(text) => text.clone(),
        Content::TakenBack => "(taken back)".to_owned(),
        Content::Corrupted => "(corrupted)".to_owned(),
        Content::Reaction(_) | Content::Unknown => "(unknown)".to_owned(),
    };
    messages(store).iter().map(text).collect()
}

#[test]
fn messages_stand_in_the_order_of_the_server() {
    let mut store = signed_in();
    own(&mut store, MessageId(5), "mine");
    store.fold(NOW, Event::Arrived(stored(4, "bob", "faster")));
    assert_eq!(texts(&store), ["faster", "mine"], "what has no place yet stands at the end");
    let progress = Progress::Stored(at(5), for_names(&["bob"]));
    store.fold(NOW, Event::Progress(MessageId(5), progress));
    store.fold(NOW, Event::Arrived(stored(6, "bob", "later")));
    let history = vec![stored(2, "bob", "old"), stored(4, "bob", "faster")];
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), history, true));
    assert_eq!(texts(&store), ["old", "faster", "mine", "later"], "none is there twice");
    let thread = store.threads.get(&bob()).unwrap();
    assert_eq!(thread.timeline.lines()[0].sequence, Sequence(2));
    assert!(thread.is_loaded && thread.asked.is_none());
}

#[test]
fn ones_own_messages_from_elsewhere_are_not_unread() {
    let mut store = signed_in();
    store.fold(NOW, Event::Arrived(stored(1, "alice", "from my phone")));
    assert_eq!(store.unread(), 0);
    assert!(first(&store).is_own());
}

#[test]
fn receipts_of_several_are_counted() {
    let mut store = signed_in();
    let id = MessageId(7);
    own(&mut store, id, "hi");
    let names: Vec<UserName> = ["bob", "eve", "dan"].map(|name| name.parse().unwrap()).into();
    let summary = |store: &Store| first(store).delivery.unwrap().summary(Locale::En, |_| true);
    store
        .fold(NOW, Event::Progress(id, Progress::Stored(at(7), for_names(&["bob", "eve", "dan"]))));
    assert_eq!(summary(&store), "Sent to 3");
    store.fold(NOW, Event::Progress(id, Progress::Received(names[0].clone())));
    let lost = Progress::Failed(Failure::Lost, Some(names[1].clone()));
    store.fold(NOW, Event::Progress(id, lost));
    assert_eq!(summary(&store), "Received by 1 of 3");
}

#[test]
fn a_message_to_somebody_who_is_away_is_said_to_wait() {
    let mut store = signed_in();
    let id = MessageId(7);
    own(&mut store, id, "hi");
    let name: UserName = "bob".parse().unwrap();
    store.fold(NOW, Event::Progress(id, Progress::Stored(at(7), for_names(&["bob"]))));
    let delivery = first(&store).delivery.unwrap();
    assert_eq!(delivery.summary(Locale::En, |_| true), "Sent, waits for bob");
    assert_eq!(delivery.summary(Locale::En, |other| *other != name), "Sent");
}

#[test]
fn ones_own_messages_show_how_far_they_got() {
    let mut store = signed_in();
    let id = MessageId(7);
    own(&mut store, id, "hi");
    let state = |store: &Store| first(store).delivery.unwrap().summary(Locale::En, |_| true);
    assert_eq!(state(&store), "Waiting");
    store.fold(NOW, Event::Progress(id, Progress::Sent));
    assert_eq!(state(&store), "Sent");
    store.fold(NOW, Event::Progress(id, Progress::Received("bob".parse().unwrap())));
    assert_eq!(state(&store), "Received");
}

#[test]
fn changes_are_folded_into_their_lines_in_whatever_order_they_come() {
    let mut store = signed_in();
    let of = Sequence(1);
    let text = |text: &str| Content::Text(text.to_owned());
    let reaction = |text: &str| Content::Reaction(text.parse().unwrap());
    store.fold(NOW, Event::Arrived(stored(1, "bob", "teh")));
    let changes = [
        about(2, MessageKind::Edit(of), text("th")),
        about(3, MessageKind::Edit(of), text("the")),
        about(4, MessageKind::Reaction(of), reaction("👍")),
        about(5, MessageKind::Reaction(of), reaction("🎉")),
        about(6, MessageKind::Reaction(of), reaction("-🎉")),
        about(7, MessageKind::Edit(of), Content::Corrupted),
    ];
    for change in changes.iter().rev().chain(&changes) {
        store.fold(NOW, Event::Arrived(change.clone()));
    }
    let line = first(&store);
    assert!(line.changes.is_edited());
    assert_eq!(line.changes.signs(), [("👍".parse().unwrap(), vec!["bob".parse().unwrap()])]);
    assert_eq!((texts(&store), store.unread()), (vec!["the".to_owned()], 1));
    store.fold(NOW, Event::Arrived(about(8, MessageKind::Deletion(of), Content::TakenBack)));
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), changes.to_vec(), false));
    let line = first(&store);
    assert_eq!((&line.content, line.changes.signs()), (&Content::TakenBack, vec![]));
}

#[test]
fn ones_own_changes_are_shown_when_they_are_stored() {
    let mut store = signed_in();
    store.fold(NOW, Event::Arrived(stored(1, "alice", "teh")));
    let kind = MessageKind::Edit(Sequence(1));
    let text = Content::Text("the".to_owned());
    store.add_change(MessageId(9), bob(), kind.clone(), text.clone());
    assert_eq!(texts(&store), ["teh"]);
    let progress = Progress::Stored(at(9), for_names(&["bob"]));
    store.fold(NOW, Event::Progress(MessageId(9), progress));
    assert_eq!(texts(&store), ["the"]);
    store.add_change(MessageId(10), bob(), kind, text);
    let refused = Failure::Refused(Told::TooManyChanges);
    store.fold(NOW, Event::Progress(MessageId(10), Progress::Failed(refused, None)));
    assert_eq!(notice(&store), "Nothing was changed: that message was changed too often.");
}

#[test]
fn a_line_of_a_newer_client_is_a_line() {
    let mut store = signed_in();
    let poll = MessageKind::from_parts("poll", None).unwrap();
    store.fold(NOW, Event::Arrived(about(1, poll, Content::Unknown)));
    assert_eq!((texts(&store).len(), store.unread()), (1, 1));
}

#[test]
fn of_many_recipients_the_number_is_shown() {
    let mut store = signed_in();
    let id = MessageId(7);
    own(&mut store, id, "hear");
    let summary = |store: &Store| first(store).delivery.unwrap().summary(Locale::En, |_| true);
    let mut fold = |progress| {
        store.fold(NOW, Event::Progress(id, progress));
        summary(&store)
    };
    assert_eq!(fold(Progress::Stored(at(7), Recipients::new(120, []))), "Sent to 120");
    let lost = Progress::Failed(Failure::Lost, "bob".parse().ok());
    assert_eq!(fold(lost), "Sent to 120");
    let count = Progress::ReceivedCount { received: 3, of: 120 };
    assert_eq!(fold(count), "Received by 3 of 120");
}

/// What is shown of the conversation in front: texts, and the marks between them.
fn shown(store: &mut Store) -> Vec<String> {
    store.take_touched();
    let front = store.front.as_ref().unwrap();
    let row = |row: &Row| match row {
        Row::Day(_) => "(day)".to_owned(),
        Row::Unread => "(new)".to_owned(),
        Row::Message(key) => store.message(*key).unwrap().text().unwrap_or_default().to_owned(),
    };
    front.rows.iter().map(row).collect()
}

#[test]
fn messages_land_with_their_sender_and_count_as_unread_unless_they_are_seen() {
    let mut store = signed_in();
    store.fold(NOW, arrival("one"));
    assert_eq!(store.threads.get(&bob()).unwrap().unread, 1);
    store.open(Some(bob()));
    store.fold(NOW, arrival("two"));
    assert_eq!(store.threads.get(&bob()).unwrap().unread, 1);
    assert_eq!(store.listed(), [bob(), Conversation::Everyone]);
}

#[test]
fn what_is_new_is_marked_until_it_is_said_to_be_read() {
    let mut store = signed_in();
    store.fold(NOW, Event::Read(bob(), Sequence(1)));
    store.fold(
        NOW,
        Event::History(bob(), HistoryFrom::Before(None), vec![stored(1, "bob", "old")], false),
    );
    store.fold(NOW, Event::Arrived(stored(2, "bob", "one")));
    store.fold(NOW, Event::Arrived(stored(3, "bob", "two")));
    assert_eq!(store.unread(), 2);
    store.open(Some(bob()));
    assert_eq!(store.read_in_front(), Some((bob(), Sequence(3))));
    assert_eq!(store.unread(), 0);
    assert_eq!(shown(&mut store), ["(day)", "old", "(new)", "one", "two"]);
    store.fold(NOW, Event::Arrived(stored(4, "bob", "three")));
    assert_eq!(shown(&mut store), ["(day)", "old", "(new)", "one", "two", "three"]);
    store.clear_new();
    assert_eq!(shown(&mut store), ["(day)", "old", "one", "two", "three"]);
}

#[test]
fn of_what_comes_too_fast_the_last_is_shown_at_once_and_more_when_it_is_calm_again() {
    let mut store = signed_in();
    let page = (1..=100).map(|at| stored(at, "bob", "earlier")).collect();
    store.open(Some(bob()));
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), page, false));
    assert_eq!(shown(&mut store).len(), 101);
    for at in 101..=1_000 {
        store.fold(NOW, Event::Arrived(stored(at, "bob", &at.to_string())));
    }
    let rows = shown(&mut store);
    assert_eq!((rows.len(), rows[1].as_str(), rows[50].as_str()), (51, "951", "1000"));
    assert_eq!(store.read_in_front(), Some((bob(), Sequence(1_000))));
    store.calm(Sequence(999));
    assert_eq!(shown(&mut store).len(), 51, "more has come since");
    store.calm(Sequence(1_000));
    assert_eq!(shown(&mut store).len(), 101);
    assert_eq!(store.front.as_ref().and_then(Front::hurries), None);
    // Who reads earlier lines is not moved by anything.
    store.scrolled(false);
    for at in 1_001..=2_000 {
        store.fold(NOW, Event::Arrived(stored(at, "bob", &at.to_string())));
    }
    assert_eq!(shown(&mut store)[1], "901");
}

#[test]
fn what_arrives_behind_another_tab_or_out_of_sight_is_unread_until_it_is_seen() {
    let mut store = signed_in();
    store.open(Some(bob()));
    store.set_hidden(true);
    store.fold(NOW, Event::Arrived(stored(1, "bob", "one")));
    assert_eq!((store.unread(), store.read_in_front()), (1, None));
    store.set_hidden(false);
    assert_eq!(store.read_in_front(), Some((bob(), Sequence(1))));
    assert_eq!(store.unread(), 0);
    store.scrolled(false);
    store.fold(NOW, Event::Arrived(stored(2, "bob", "two")));
    assert_eq!((store.unread(), store.new_below(), store.read_in_front()), (1, 1, None));
    store.go_to_end();
    assert!(store.read_in_front().is_some());
    assert_eq!((store.unread(), store.new_below()), (0, 0));
}

#[test]
fn what_is_read_elsewhere_is_not_unread_here() {
    let mut store = signed_in();
    for sequence in 1..=2 {
        store.fold(NOW, Event::Arrived(stored(sequence, "bob", "hi")));
    }
    store.fold(NOW, Event::Read(bob(), Sequence(1)));
    assert_eq!(store.unread(), 1);
    store.fold(NOW, Event::Read(bob(), Sequence(2)));
    assert_eq!((store.unread(), store.read_in_front()), (0, None));
    store.fold(NOW, Event::Arrived(stored(2, "bob", "hi")));
    store.fold(NOW, Event::Read(bob(), Sequence(1)));
    assert_eq!(store.unread(), 0, "a place does not go back");
}

#[test]
fn a_failed_message_says_why_and_can_be_sent_again() {
    let mut store = signed_in();
    own(&mut store, MessageId(7), "hi");
    store.fold(NOW, Event::Progress(MessageId(7), Progress::Failed(Failure::NoSuchUser, None)));
    let delivery = first(&store).delivery.unwrap();
    assert_eq!(delivery.summary(Locale::En, |_| true), "Not sent: no such user, or not online");
    assert_eq!(delivery.mark(), Mark::Failed);
    let key = store.threads.get(&bob()).unwrap().timeline.last().unwrap();
    assert_eq!(store.take_failed(key), Some((bob(), "hi".to_owned())));
    assert!(messages(&store).is_empty());
}

#[test]
fn ones_own_message_that_another_tab_has_sent_is_not_there_twice() {
    let mut store = signed_in();
    own(&mut store, MessageId(7), "hi");
    let mut back = stored(7, "alice", "hi");
    back.stored = Some(StoredAt { id: MessageId(7), ..at(7) });
    store.fold(NOW, Event::Arrived(back));
    assert_eq!(texts(&store), ["hi"]);
    assert_eq!(first(&store).sequence, Some(Sequence(7)));
}

#[test]
fn places_of_another_log_are_forgotten() {
    let mut store = signed_in();
    store.fold(
        NOW,
        Event::History(bob(), HistoryFrom::Before(None), vec![stored(1, "bob", "old")], true),
    );
    own(&mut store, MessageId(7), "waits");
    store.fold(NOW, Event::OtherLog);
    assert_eq!(texts(&store), ["waits"]);
    assert!(!store.threads.get(&bob()).unwrap().is_loaded);
}

#[test]
fn a_line_is_gone_to_as_soon_as_it_is_here() {
    let mut store = signed_in();
    store.open(Some(bob()));
    latest(&mut store, 900, "late");
    store.jump_to(Sequence(5));
    assert_eq!(asks(&mut store), Some(HistoryFrom::Before(Some(Sequence(6)))));
    let page = (1..=5).map(|sequence| stored(sequence, "bob", &sequence.to_string()));
    let from = HistoryFrom::Before(Some(Sequence(6)));
    store.fold(NOW, Event::History(bob(), from, page.collect(), false));
    let front = store.front.as_ref().unwrap();
    assert_eq!((front.found, front.follows), (Some(Sequence(5)), false));
    assert_eq!(shown(&mut store), ["(day)", "1", "2", "3", "4", "5"], "there may be more between");
    store.go_to_end();
    assert_eq!(shown(&mut store), ["(day)", "late"]);
}

#[test]
fn a_page_is_asked_for_once() {
    let mut store = signed_in();
    store.open(Some(bob()));
    latest(&mut store, 900, "late");
    let from = HistoryFrom::Before(Some(Sequence(900)));
    store.show_earlier();
    assert_eq!(asks(&mut store), Some(from));
    store.show_earlier();
    assert_eq!(asks(&mut store), None, "it is under way");
    store.fold(NOW, Event::History(bob(), from, vec![stored(1, "bob", "first")], false));
    store.show_earlier();
    assert_eq!(asks(&mut store), None, "there is nothing before");
    assert_eq!(shown(&mut store), ["(day)", "first", "late"]);
}

#[test]
fn a_page_that_was_not_asked_for_or_not_read_is_wanted_until_it_is_here() {
    let mut store = signed_in();
    store.open(Some(bob()));
    let latest_lines = Some((bob(), HistoryFrom::Before(None)));
    for _ in 0..2 {
        // Too much waits at present: it can't be asked for.
        assert_eq!(store.page_to_read(), latest_lines);
    }
    // Its server could not read it: it is not asked again and again, but when the person comes again.
    asks(&mut store);
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), Vec::new(), true));
    assert_eq!(store.page_to_read(), None);
    assert!(store.notices.shown().unwrap().text.contains("can't be read at present"));
    store.open(None);
    store.open(Some(bob()));
    assert_eq!(store.page_to_read(), latest_lines);
    // Or the connection does.
    asks(&mut store);
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), Vec::new(), true));
    store.fold(NOW, Event::Connection(Connection::Connecting));
    store.fold(NOW, Event::Connection(Connection::Connected));
    assert_eq!(store.page_to_read(), latest_lines);
    latest(&mut store, 900, "late");
    assert_eq!(store.page_to_read(), None);
    store.show_earlier();
    let earlier = Some((bob(), HistoryFrom::Before(Some(Sequence(900)))));
    for _ in 0..2 {
        assert_eq!(store.page_to_read(), earlier);
    }
    // So is one that is looked through.
    store.search(SearchIntent::LookFor("apple".to_owned(), Some(bob())));
    let want = store.page_to_search();
    assert!(want.is_some() && store.page_to_search().is_none());
    store.put_search_back();
    assert_eq!(store.page_to_search(), want);
}

#[test]
fn a_page_of_a_group_that_was_left_meanwhile_brings_it_not_back() {
    let mut store = signed_in();
    let group: GroupName = "Garden".parse().unwrap();
    let garden = Conversation::Group(group.clone());
    store.fold(NOW, Event::Group(group.clone(), GroupOutcome::Joined));
    asks(&mut store);
    store.fold(NOW, Event::Group(group, GroupOutcome::Quit));
    store.fold(NOW, Event::History(garden.clone(), HistoryFrom::Before(None), Vec::new(), false));
    assert!(!store.threads.contains_key(&garden));
}

#[test]
fn a_group_that_one_is_not_in_is_opened_from_nowhere_and_not_listed() {
    let (garden, park): (GroupName, GroupName) =
        ("Garden".parse().unwrap(), "Park".parse().unwrap());
    let [in_garden, in_park] = [&garden, &park].map(|name| Conversation::Group(name.clone()));
    let mut store = signed_in();
    // Before it is known which groups are one's own, an address is believed.
    store.open(Some(in_park.clone()));
    store.open(Some(in_garden.clone()));
    assert!(store.is_in_front(&in_garden));
    assert!(!store.threads.contains_key(&in_park), "one at a time");
    store.fold(NOW, Event::Groups(vec![garden.clone()], true));
    store.fold(NOW, Event::Groups(vec![], false));
    assert!(store.is_in_front(&in_garden), "it is one's own");
    store.open(Some(in_park.clone()));
    assert!(store.front.is_none() && !store.threads.contains_key(&in_park));
    // What was left is not gone back to.
    store.open(Some(in_garden.clone()));
    store.fold(NOW, Event::Group(garden, GroupOutcome::Quit));
    store.open(Some(in_garden.clone()));
    assert!(store.front.is_none() && !store.threads.contains_key(&in_garden));

    let mut store = signed_in();
    store.open(Some(in_park.clone()));
    store.fold(NOW, Event::Groups(vec![], false));
    assert!(store.front.is_none() && !store.threads.contains_key(&in_park));
    store.fold(NOW, Event::Group(park, GroupOutcome::Joined));
    assert!(store.is_in_front(&in_park));
}

#[test]
fn what_is_deleted_or_left_can_be_undone_until_its_notice_goes() {
    let mut store = signed_in();
    store.fold(NOW, Event::Arrived(stored(1, "alice", "oh")));
    let key = store.threads.get(&bob()).unwrap().timeline.last().unwrap();
    store.do_later(PendingAct::Delete(key));
    assert!(first(&store).is_going);
    let id = store.notices.shown().unwrap().id;
    store.undo(id);
    assert!(!first(&store).is_going && store.notices.shown().is_none());
    store.do_later(PendingAct::Delete(key));
    let id = store.notices.shown().unwrap().id;
    assert_eq!(store.dismiss(id), Some(PendingAct::Delete(key)));
    assert_eq!(store.dismiss(id), None);
}

#[test]
fn an_event_touches_what_it_changes_and_nothing_else() {
    let mut store = signed_in();
    store.fold(NOW, Event::Arrived(stored(1, "alice", "hi")));
    store.fold(NOW, Event::Arrived(stored(2, "bob", "ho")));
    store.open(Some(bob()));
    store.take_touched();
    let received = Progress::Received("bob".parse().unwrap());
    store.fold(NOW, Event::Progress(MessageId(1), received));
    let touched = store.take_touched();
    assert_eq!((touched.rows().len(), touched.entries().len()), (1, 0));
    assert!(Thing::ALL.iter().all(|thing| !touched.has(*thing)));
    let elsewhere = Arrival { conversation: Some(Conversation::Everyone), ..stored(3, "bob", "x") };
    store.fold(NOW, Event::Arrived(elsewhere));
    let touched = store.take_touched();
    assert!(touched.has(Thing::List) && !touched.has(Thing::Rows) && !touched.has(Thing::Front));
    assert_eq!(touched.entries(), [Conversation::Everyone]);
}

#[test]
fn a_muted_conversation_counts_for_nothing_and_one_hears_of_mentions() {
    let mut store = signed_in();
    store.set(Setting::Hears(bob(), Hears::Mentions)).unwrap();
    store.fold(NOW, Event::Arrived(stored(1, "bob", "hi")));
    store.fold(NOW, Event::Arrived(stored(2, "bob", "hi @alice!")));
    store.fold(NOW, Event::Arrived(stored(3, "bob", "hi @alicea")));
    let heard: Vec<_> = store.take_news().iter().map(|news| store.hears_of(news)).collect();
    assert_eq!((heard, store.unread()), (vec![false, true, false], 3));
    store.set(Setting::Hears(bob(), Hears::Nothing)).unwrap();
    assert_eq!(store.unread(), 0);
}

#[test]
fn who_writes_is_believed_for_a_while() {
    let mut store = signed_in();
    let name: UserName = "bob".parse().unwrap();
    store.fold(NOW, Event::Typing(bob(), name.clone()));
    assert_eq!(store.typing(&bob()), std::slice::from_ref(&name));
    let later = NOW.monotonic + std::time::Duration::from_secs(60);
    assert!(!store.expire_typing(later) && store.typing(&bob()).is_empty());
    store.fold(NOW, Event::Typing(bob(), name));
    store.fold(NOW, Event::Arrived(stored(1, "bob", "there")));
    assert!(store.typing(&bob()).is_empty(), "that is what was written");
}

#[test]
fn a_session_that_has_ended_asks_to_sign_in_again_and_says_why() {
    let mut store = signed_in();
    store.fold(NOW, Event::Asked(Question::ServerPassword { wrong: false }));
    assert_eq!(
        (&store.me, notice(&store)),
        (&None, "Your session has ended: please sign in again.")
    );
}

#[test]
fn signing_out_leaves_nothing_behind() {
    let mut store = signed_in();
    store.fold(NOW, arrival("secret"));
    store.open(Some(bob()));
    store.typed(&bob(), "secret too".to_owned());
    store.fold(NOW, Event::SignedOut);
    assert!(!format!("{store:?}").contains("secret"));
    assert!(store.front.is_none() && store.threads.len() == 1);
}

#[test]
fn what_the_server_says_is_unread_counts_with_what_arrives_behind_it_and_once() {
    let mut store = signed_in();
    store.fold(NOW, Event::Read(bob(), Sequence(10)));
    store.fold(NOW, Event::Arrived(stored(49, "bob", "missed")));
    store.fold(NOW, Event::Unread(bob(), UnreadCount::new(40)));
    store.fold(NOW, Event::Overview(vec![stored(50, "bob", "latest")], false));
    assert_eq!(store.unread(), 40);
    store.fold(NOW, Event::Arrived(stored(48, "bob", "missed too")));
    assert_eq!(store.unread(), 40, "that was counted");
    store.fold(NOW, Event::Arrived(stored(51, "bob", "new")));
    assert_eq!(store.unread(), 41);
    store.fold(NOW, Event::Read(bob(), Sequence(20)));
    assert_eq!(store.unread(), 41, "nobody can say how much less it is");
    store.fold(NOW, Event::Read(bob(), Sequence(50)));
    assert_eq!(store.unread(), 1);
}

#[test]
fn the_first_unread_line_is_asked_for_and_gone_to() {
    let mut store = signed_in();
    store.fold(NOW, Event::Read(bob(), Sequence(10)));
    store.fold(NOW, Event::Unread(bob(), UnreadCount::new(40)));
    store.fold(NOW, Event::Overview(vec![stored(500, "bob", "latest")], false));
    store.open(Some(bob()));
    store.jump_to_new();
    assert_eq!(asks(&mut store), Some(HistoryFrom::After(Sequence(10))));
    let page = (11..=20).map(|place| stored(place, "bob", &place.to_string())).collect();
    store.fold(NOW, Event::History(bob(), HistoryFrom::After(Sequence(10)), page, true));
    assert_eq!(store.front.as_ref().unwrap().found, Some(Sequence(11)));
    assert_eq!(shown(&mut store)[1], "11");
    store.show_later();
    assert_eq!(asks(&mut store), Some(HistoryFrom::After(Sequence(20))), "there is a gap behind");
}

#[test]
fn a_search_reads_the_history_beside_what_is_shown_and_hears_what_is_said_meanwhile() {
    let mut store = signed_in();
    store.fold(NOW, Event::Arrived(stored(90, "bob", "an apple")));
    store.search(SearchIntent::LookFor("Apple".to_owned(), Some(bob())));
    let want = store.page_to_search().unwrap();
    assert_eq!((&want.conversation, want.before), (&bob(), None));
    assert_eq!(store.page_to_search(), None, "one at a time");
    own(&mut store, MessageId(91), "my apple");
    let progress = Progress::Stored(at(91), for_names(&["bob"]));
    store.fold(NOW, Event::Progress(MessageId(91), progress));
    let page = (51..91).map(|at| stored(at, "bob", if at == 90 { "an apple" } else { "none" }));
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), page.collect(), true));
    let found = |store: &Store| {
        let hits = store.searching.search.hits().iter();
        hits.map(|hit| (hit.line.sequence.0, hit.line.text.to_string())).collect::<Vec<_>>()
    };
    let said = |place: u64, text: &str| (place, text.to_owned());
    assert_eq!(found(&store), [said(91, "my apple"), said(90, "an apple")]);
    assert_eq!(texts(&store), ["an apple", "my apple"], "what was looked through is not shown");
    // It goes on, until it is stopped.
    store.search(SearchIntent::Stop);
    assert_eq!(store.page_to_search(), None);
    store.search(SearchIntent::GoOn);
    let want = store.page_to_search().unwrap();
    assert_eq!(want.before, Some(Sequence(51)));
    // A page that the timeline waits for is for both.
    store.open(Some(bob()));
    store.note_asked(HistoryFrom::Before(want.before));
    let page = vec![stored(3, "bob", "old apple")];
    store.fold(NOW, Event::History(bob(), HistoryFrom::Before(want.before), page, false));
    assert_eq!(found(&store).len(), 3);
    assert_eq!(texts(&store)[0], "old apple");
    assert!(store.searching.search.walked().is_whole);
    // A change of one's own counts as one of somebody else's does.
    let kind = MessageKind::Edit(Sequence(91));
    store.add_change(MessageId(92), bob(), kind, Content::Text("my pear".to_owned()));
    let progress = Progress::Stored(at(92), for_names(&["bob"]));
    store.fold(NOW, Event::Progress(MessageId(92), progress));
    assert_eq!(found(&store).len(), 2);
}

#[test]
fn what_the_server_keeps_of_the_person_holds_and_beside_it_what_was_set_at_the_same_time() {
    let mut store = signed_in();
    let muted = |store: &Store| store.settings.person.hears(&bob()) == Hears::Nothing;
    store.fold(NOW, Event::Settings("none u:bob\n".parse().unwrap()));
    assert!(muted(&store));
    let touched = store.take_touched();
    assert!(touched.has(Thing::Settings) && touched.has(Thing::List) && touched.has(Thing::Unread));
    let crossed = CrossedSettings {
        base: "none u:bob\n".parse().unwrap(),
        mine: "hides-typing\nnone u:bob\n".parse().unwrap(),
        theirs: "none g:garden\n".parse().unwrap(),
    };
    store.fold(NOW, Event::SettingsCrossed(crossed));
    assert!(!muted(&store) && store.settings.person.hides_typing);
    let text = store.settings.person.to_text().unwrap();
    assert_eq!(text.as_str(), "hides-typing\nnone g:garden\n");
    // The garden was renamed while nobody was here, and again; another group is called so by now.
    store.fold(NOW, Event::Settings("none g:garden\nmentions g:yard\n".parse().unwrap()));
    let group = |name: &str| name.parse::<GroupName>().unwrap();
    for (from, to) in [("garden", "park"), ("park", "forest")] {
        store.fold(NOW, Event::SettingsRenamed(group(from), group(to)));
    }
    let text = store.settings.person.to_text().unwrap();
    assert_eq!(text.as_str(), "none g:forest\nmentions g:yard\n");
    store.fold(NOW, Event::SignedOut);
    assert_eq!(store.settings.person, PersonSettings::default());
}

#[test]
fn of_many_acts_that_can_be_undone_none_is_lost() {
    let mut store = signed_in();
    let (mut done, mut undoable) = (Vec::new(), Vec::new());
    for number in 0..20 {
        store.fold(NOW, Event::Line(Told::Server(format!("line {number}"))));
        done.extend(store.make_room_for_act());
        let act = PendingAct::Quit(Conversation::Group(format!("G{number}").parse().unwrap()));
        store.do_later(act.clone());
        undoable.push(act);
    }
    while let Some(notice) = store.notices.shown().map(|notice| notice.id) {
        done.extend(store.dismiss(notice));
    }
    assert_eq!(done.len(), undoable.len());
    assert!(undoable.iter().all(|act| done.contains(act)));
}
