//! Faults that were seen in the running product. Each must not come back.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::LogEvent;
use netchat_core::limits::{CLOCK_JUMP_MAX, MAINTENANCE_INTERVAL};
use netchat_core::storage::{
    Draft, MessageDraft, Stored, Target, Ticket, TokenHash, TokenRecord, UserId, Write,
};
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, Delivered, GroupReply, JoinPolicy, ServerMessage};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::{GROUP_NAME_CHARS_MAX, LIST_ITEMS_MAX};
use netchat_shared::list::List;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sequence::{Generation, Position, Sequence};
use netchat_shared::time::UnixTime;
use netchat_tests::crowd::Crowd;
use netchat_tests::memory_storage::MemoryStorage;
use netchat_tests::opaque::kept_before;
use netchat_tests::sim_server::{SimServer, Storage};
use netchat_tests::simulation::network::Conditions;
use netchat_tests::simulation::world::World;
use netchat_tests::sqlite_storage::SqliteStorage;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const DAY_MS: i64 = 24 * 3_600 * 1_000;
const HOUR: Duration = Duration::from_secs(3_600);

/// An address for each of many.
fn at(n: u32) -> SocketAddr {
    let [_, high, middle, low] = n.to_be_bytes();
    SocketAddr::from(([10, high, middle, low], 40_000))
}

fn to(name: &str) -> Conversation {
    Conversation::User(name.parse().unwrap())
}

fn text(sender: &str, to: Conversation, id: u128, text: &str) -> ClientMessage {
    let body = Some(Body::new(&sender.parse().unwrap(), text));
    ClientMessage::Send { id: MessageId(id), to, kind: MessageKind::Text, body }
}

/// The messages that somebody was handed.
fn handed<S: Storage>(crowd: &mut Crowd<S>, at: SocketAddr) -> Vec<Delivered> {
    let heard = crowd.take_heard(at).into_iter().filter_map(|message| match message {
        ServerMessage::Message(message) => Some(message),
        _ => None,
    });
    heard.collect()
}

/// Where and when a message of somebody's own was stored.
fn sent<S: Storage>(crowd: &mut Crowd<S>, at: SocketAddr) -> Vec<(Sequence, UnixTime, u32)> {
    let heard = crowd.take_heard(at).into_iter().filter_map(|message| match message {
        ServerMessage::Sent { sequence, time, recipients, .. } => {
            Some((sequence, time, recipients.count()))
        }
        _ => None,
    });
    heard.collect()
}

fn sessions_ended<S>(crowd: &Crowd<S>) -> usize {
    let ended = |event: &&LogEvent| matches!(event, LogEvent::SignedOut { .. });
    crowd.server.log.iter().filter(ended).count()
}

/// The order began again at 1 when everything had been purged: recipients dropped what came as
/// received already, and its sender heard `SENT` and `RECEIVED`.
fn orders_go_on<S: Storage>(storage: S) {
    let mut crowd = Crowd::on(storage, |settings| settings.retention = Some(DAY));
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "bob", None);
    for n in 1..=10 {
        crowd.say(at(1), &text("alice", to("bob"), n, &format!("message {n}")));
    }
    let sequence = handed(&mut crowd, at(2)).last().unwrap().sequence;
    crowd.say(at(2), &ClientMessage::Received(sequence));
    let before = Position { generation: crowd.generation(at(2)), sequence };
    // A quiet weekend.
    crowd.server.pass(3 * DAY);
    crowd.server.restart();
    crowd.sign_in(at(3), "alice", None);
    let conversation = to("bob");
    crowd.say(at(3), &ClientMessage::History { conversation, before: None, limit: 50 });
    let past = crowd.take_heard(at(3));
    assert!(
        !past.iter().any(|message| matches!(message, ServerMessage::Past(_))),
        "everything was purged: {past:?}"
    );
    crowd.say(at(3), &text("alice", to("bob"), 11, "message 11"));
    let sent = sent(&mut crowd, at(3));
    assert!(sent[0].0 > sequence, "{sent:?} is behind {sequence:?}");
    crowd.sign_in(at(4), "bob", Some(before));
    let handed = handed(&mut crowd, at(4));
    let ids: Vec<_> = handed.iter().map(|message| message.id).collect();
    assert_eq!(ids, [MessageId(11)]);
    assert_eq!(handed[0].sequence, sent[0].0);
}

#[test]
fn d1_orders_go_on_after_a_purge_of_everything() {
    orders_go_on(MemoryStorage::default());
    orders_go_on(SqliteStorage::new());
}

/// A client that was online when a backup took the place of the database got nothing, silently: its
/// place was beyond the database.
fn backup_is_restored<S: Storage, B>(
    storage: S,
    back_up: impl Fn(&mut S) -> B,
    restore: impl Fn(&mut S, B),
) {
    let mut crowd = Crowd::on(storage, |_| {});
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "bob", None);
    crowd.say(at(1), &text("alice", to("bob"), 1, "message 1"));
    let sequence = handed(&mut crowd, at(2)).last().unwrap().sequence;
    crowd.say(at(2), &ClientMessage::Received(sequence));
    crowd.pass(Duration::from_secs(1));
    let backup = back_up(&mut crowd.server.storage);
    for n in 2..=100 {
        crowd.say(at(1), &text("alice", to("bob"), n, &format!("message {n}")));
    }
    let sequence = handed(&mut crowd, at(2)).last().unwrap().sequence;
    crowd.say(at(2), &ClientMessage::Received(sequence));
    let before = Position { generation: crowd.generation(at(2)), sequence };
    let tokens = [crowd.token(at(1)), crowd.token(at(2))];
    restore(&mut crowd.server.storage, backup);
    crowd.server.restart();
    assert!(crowd.resume(at(1), tokens[0], None));
    crowd.say(at(1), &text("alice", to("bob"), 101, "message 101"));
    assert!(crowd.resume(at(2), tokens[1], Some(before)));
    assert_ne!(crowd.generation(at(2)), before.generation, "it is told of another log");
    let heard = crowd.take_heard(at(2));
    let from = heard.iter().find_map(|message| match message {
        ServerMessage::From(from) => Some(*from),
        _ => None,
    });
    assert!(from.is_some_and(|from| from < before.sequence), "{from:?}");
    let mut ids: Vec<_> = heard.iter().filter_map(id).collect();
    crowd.say(at(1), &text("alice", to("bob"), 102, "message 102"));
    ids.extend(handed(&mut crowd, at(2)).iter().map(|message| message.id));
    assert_eq!(ids, [MessageId(101), MessageId(102)], "once each, and nothing from before");
}

#[test]
fn d2_a_restored_backup_hides_nothing_from_who_was_online() {
    backup_is_restored(
        MemoryStorage::default(),
        |storage| storage.clone(),
        |storage, backup| storage.restore(backup, Generation(2)),
    );
    backup_is_restored(SqliteStorage::new(), SqliteStorage::back_up, |storage, backup| {
        storage.restore(&backup);
    });
}

fn id(message: &ServerMessage) -> Option<MessageId> {
    if let ServerMessage::Message(message) = message { Some(message.id) } else { None }
}

/// With a clock that was behind by more than messages are kept, and then right, a message that
/// nobody had received was purged.
fn clock_was_behind<S: Storage>(storage: S) {
    let mut crowd = Crowd::on(storage, |_| {});
    crowd.server.set_calendar_ahead(-400 * DAY_MS);
    crowd.server.restart();
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "bob", None);
    crowd.say(at(2), &ClientMessage::SignOut);
    crowd.say(at(1), &text("alice", to("bob"), 1, "message 1"));
    crowd.server.set_calendar_ahead(0);
    crowd.server.pass(HOUR);
    crowd.server.restart();
    crowd.server.pass(60 * DAY);
    crowd.sign_in(at(3), "bob", None);
    assert_eq!(handed(&mut crowd, at(3)).len(), 1, "it waited for him");
}

#[test]
fn d3_a_clock_that_was_behind_purges_nothing_unread() {
    clock_was_behind(MemoryStorage::default());
    clock_was_behind(SqliteStorage::new());
}

/// With a clock that was ahead, everything counted as old, and went without a word in the log.
#[test]
fn d3_a_clock_that_is_ahead_purges_nothing_and_says_so() {
    let mut crowd = Crowd::new(|settings| settings.retention = Some(100 * DAY));
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "bob", None);
    for n in 1..=50 {
        crowd.say(at(1), &text("alice", to("bob"), n, &format!("message {n}")));
    }
    let right_time = sent(&mut crowd, at(1)).last().unwrap().1;
    let sequence = handed(&mut crowd, at(2)).last().unwrap().sequence;
    crowd.say(at(2), &ClientMessage::Received(sequence));
    let token = crowd.token(at(2));
    crowd.pass(Duration::from_secs(1));

    crowd.server.set_calendar_ahead(400 * DAY_MS);
    crowd.server.pass(HOUR);
    let has_jumped = |event: &LogEvent| matches!(event, LogEvent::ClockJumped { .. });
    assert!(crowd.server.log.iter().any(has_jumped), "the operator is told");
    // Whether it runs on or is started anew.
    crowd.server.restart();
    crowd.server.pass(HOUR);
    assert_eq!(crowd.server.storage.messages().len(), 50);
    assert!(crowd.resume(at(3), token, None), "tokens are not old either");

    // What is written now is not before its predecessor, and what comes when it is right is not
    // before that.
    crowd.say(at(3), &text("bob", to("alice"), 51, "message 51"));
    crowd.server.set_calendar_ahead(0);
    crowd.say(at(3), &text("bob", to("alice"), 52, "message 52"));
    let times: Vec<_> = sent(&mut crowd, at(3)).into_iter().map(|(_, time, _)| time).collect();
    assert!(right_time <= times[0] && times[0] <= times[1], "{right_time:?} {times:?}");

    // Once it has gone right for long enough, what is old goes again.
    crowd.server.pass(CLOCK_JUMP_MAX);
    assert!(crowd.server.storage.messages().len() >= 50, "not yet");
    crowd.server.pass(100 * DAY);
    assert!(crowd.server.storage.messages().len() <= 2, "it is trusted again");
}

/// `SENT` named everyone who was online, and more names than a parser takes: the message was never
/// settled, and nothing sent after it went out.
#[test]
fn d4_a_broadcast_with_more_than_1024_online_is_settled() {
    const ONLINE: u32 = 1_100;
    let mut crowd = Crowd::new(|_| {});
    for n in 0..ONLINE {
        crowd.sign_in(at(n), &format!("user{n}"), None);
    }
    let name: UserName = "user0".parse().unwrap();
    crowd.say(at(0), &text("user0", Conversation::Everyone, 1, "hello"));
    crowd.pass(Duration::from_secs(1));
    let stored = sent(&mut crowd, at(0));
    assert_eq!(stored.len(), 1);
    let (sequence, _, count) = stored[0];
    assert_eq!(count, ONLINE - 1);
    for n in 1..ONLINE {
        let handed = handed(&mut crowd, at(n));
        assert_eq!(handed.len(), 1, "user{n}");
        assert_eq!((handed[0].sequence, &handed[0].sender), (sequence, &name));
        crowd.say(at(n), &ClientMessage::Received(sequence));
    }
    // What becomes of it is told as a number, and by name to who asks.
    crowd.pass(Duration::from_secs(5));
    let all = ServerMessage::ReceivedCount { sequence, received: ONLINE - 1, of: ONLINE - 1 };
    let heard = crowd.take_heard(at(0));
    assert_eq!(heard.last(), Some(&all), "of {} messages", heard.len());
    let receivers = pages(&mut crowd, at(0), |after: Option<UserName>| {
        ClientMessage::Receivers(Conversation::Everyone, sequence, after)
    });
    assert_eq!(receivers.len(), (ONLINE - 1) as usize);
    // What is sent after it goes out.
    crowd.say(at(0), &text("user0", to("user1"), 2, "and you?"));
    assert_eq!(sent(&mut crowd, at(0)).len(), 1);
    assert_eq!(handed(&mut crowd, at(1)).len(), 1);
    assert_eq!(sessions_ended(&crowd), 0);
}

/// All pages of a list of users or groups: asks for what is behind the last, until that was all.
fn pages<N: Clone + Ord + std::str::FromStr>(
    crowd: &mut Crowd,
    at: SocketAddr,
    request: impl Fn(Option<N>) -> ClientMessage,
) -> BTreeSet<N> {
    let mut all = BTreeSet::new();
    let mut after = None;
    for _ in 0..1_000 {
        crowd.say(at, &request(after.clone()));
        crowd.pass(Duration::from_millis(200));
        let page = crowd.take_heard(at).into_iter().find_map(|message| match message {
            ServerMessage::Receivers(_, names, more) | ServerMessage::OnlinePage(names, more) => {
                Some((as_texts(&names), more))
            }
            ServerMessage::Groups(groups, more) => Some((as_texts(&groups), more)),
            _ => None,
        });
        let (names, more) = page.expect("a page");
        let names: Vec<N> = names.into_iter().filter_map(|name| name.parse().ok()).collect();
        after = names.last().cloned();
        let before = all.len();
        all.extend(names.iter().cloned());
        assert_eq!(all.len(), before + names.len(), "none twice");
        if !more {
            return all;
        }
    }
    panic!("the pages do not end");
}

fn as_texts<T: ToString>(list: &List<T>) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// The request for a group held more names than a parser takes: it was repeated for ever, and
/// nothing after it went out.
#[test]
fn d4_a_group_of_1025_names_is_refused() {
    let mut world = World::new(1, Conditions::GOOD, &["alice", "bob"]);
    world.sign_everyone_in();
    let names: Vec<_> = (0..=LIST_ITEMS_MAX).map(|n| format!("user{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    world.create_group(0, "G", &names);
    let bob = world.to(1);
    world.send(0, &bob, "message 1");
    world.run_until(Duration::from_secs(10), World::is_quiet);
    world.check();
    assert!(world.people[0].groups_joined.is_empty());
    let refusals = world.people[0].group_outcomes.len() + world.people[0].lines.len();
    assert_eq!(refusals, 1, "whoever asked is told");

    // As many as fit are answered for, each by name.
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    let unknown: Vec<_> = (0..LIST_ITEMS_MAX).map(|n| format!("user-{n:010}")).collect();
    let request = ClientMessage::NewGroup(
        "G".parse().unwrap(),
        JoinPolicy::Anyone,
        List::new(unknown.clone()).unwrap(),
    );
    crowd.say(at(1), &request);
    let heard = crowd.take_heard(at(1));
    let answer = heard.iter().find_map(|message| match message {
        ServerMessage::Group(_, GroupReply::Created { not_invited, .. }) => Some(not_invited),
        _ => None,
    });
    assert_eq!(answer.map(|unknown| unknown.to_vec()), Some(unknown), "{heard:?}");
    assert_eq!(sessions_ended(&crowd), 0);
}

/// With 10,000 online, `SENT` and the list of who is online were beyond what a link carries: the
/// server ended the session of whoever was told, and the client resumed, endlessly.
#[test]
fn d5_lists_of_10_000_online_end_no_session() {
    const ONLINE: u32 = 10_000;
    let mut crowd = Crowd::new(|_| {});
    for n in 0..ONLINE {
        crowd.sign_in(at(n), &format!("user-{n:05}"), None);
    }
    crowd.say(at(0), &text("user-00000", Conversation::Everyone, 1, "hello"));
    crowd.pass(Duration::from_secs(1));
    assert_eq!(sent(&mut crowd, at(0)).first().map(|sent| sent.2), Some(ONLINE - 1));
    let online = pages(&mut crowd, at(0), |after: Option<UserName>| ClientMessage::Watch(after));
    assert_eq!(online.len(), ONLINE as usize);
    assert_eq!(sessions_ended(&crowd), 0);
    assert!(!(0..ONLINE).any(|n| crowd.is_gone(at(n))));
}

/// Somebody was put into 450 groups with long names: the list of them was beyond what a link
/// carries, and every sign-in of theirs ended with it.
#[test]
fn d5_lists_of_450_groups_end_no_session() {
    const GROUPS: usize = 450;
    let mut crowd = Crowd::new(|settings| {
        settings.quotas.requests = None;
        settings.quotas.groups = GROUPS;
    });
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "bob", None);
    for n in 0..GROUPS {
        let name = format!("{n:03}{}", "\u{1f600}".repeat(GROUP_NAME_CHARS_MAX - 3));
        let members = List::new(vec!["alice".to_owned()]).unwrap();
        let name: GroupName = name.parse().unwrap();
        crowd.say(at(2), &ClientMessage::NewGroup(name.clone(), JoinPolicy::Invitation, members));
        crowd.say(at(1), &ClientMessage::JoinGroup(name.clone()));
        let group = Conversation::Group(name);
        crowd.say(at(2), &text("bob", group, n as u128, "hello"));
    }
    assert_eq!(sent(&mut crowd, at(2)).len(), GROUPS);
    assert_eq!(handed(&mut crowd, at(1)).len(), GROUPS);
    // The same at a sign-in, and everything that can be asked for then.
    crowd.sign_in(at(3), "alice", None);
    let groups = pages(&mut crowd, at(3), |after: Option<GroupName>| ClientMessage::Groups(after));
    assert_eq!(groups.len(), GROUPS);
    let mut before = None;
    let mut overview = 0;
    loop {
        crowd.say(at(3), &ClientMessage::Overview(before));
        crowd.pass(Duration::from_millis(200));
        let heard = crowd.take_heard(at(3));
        overview += heard.iter().filter(|heard| matches!(heard, ServerMessage::Past(_))).count();
        let end = heard.iter().find_map(|message| match message {
            ServerMessage::OverviewEnd(next) => Some(*next),
            _ => None,
        });
        before = end.expect("the end of a page");
        if before.is_none() {
            break;
        }
    }
    assert_eq!(overview, GROUPS);
    assert_eq!(sessions_ended(&crowd), 0);
    assert!(!crowd.is_gone(at(1)) && !crowd.is_gone(at(2)) && !crowd.is_gone(at(3)));
}

/// A housekeeping deleted 5,000 messages at most, and neither guests nor tokens: the database grew
/// for ever.
#[test]
fn d6_a_purge_keeps_up_and_gives_space_back() {
    const MESSAGES: u64 = 30_000;
    let (mut storage, mut tickets) = (SqliteStorage::new(), 0);
    let now = UnixTime { millis: <SimServer>::EPOCH.millis - 3 * DAY_MS.unsigned_abs() };
    let mut write = |storage: &mut SqliteStorage, writes: Vec<Write>| {
        let numbered = writes.into_iter().map(|write| {
            tickets += 1;
            (Ticket(tickets), write)
        });
        let committed = storage.write_all(now, &numbered.collect::<Vec<_>>());
        assert!(committed.stored.iter().all(|(_, stored)| *stored != Stored::Failed));
    };
    let user = |name: &str, hash: Option<&str>| Draft::User {
        name: name.parse().unwrap(),
        password: hash.map(kept_before),
        address: at(1),
    };
    let users = [user("alice", Some("a")), user("bob", Some("b")), user("guest", None)];
    write(&mut storage, vec![Write::Append(users.into())]);
    let (alice, bob, guest) = (UserId(1), UserId(2), UserId(3));
    let message = |n: u64| {
        let sender = if n.is_multiple_of(2) { alice } else { guest };
        let body = Some(Body::new(&"alice".parse().unwrap(), "a message as long as many are"));
        let (id, kind) = (MessageId(n.into()), MessageKind::Text);
        let to = Target::Direct(sender, bob);
        Write::Append(vec![Draft::Message(MessageDraft { to, sender, id, kind, body })])
    };
    for first in (0..MESSAGES).step_by(500) {
        write(&mut storage, (first..first + 500).map(message).collect());
    }
    let token = Write::SetToken(TokenRecord {
        hash: TokenHash([7; 32]),
        user: guest,
        since: now,
        expires_at: now,
        device: None,
        is_ended: false,
    });
    let head = storage.snapshot().head;
    write(&mut storage, vec![token, Write::SetReceived(vec![(bob, head)])]);
    let pages_before = storage.ask("PRAGMA page_count");

    let mut server = SimServer::on(storage, |settings| settings.retention = Some(DAY));
    server.pass(MAINTENANCE_INTERVAL + Duration::from_secs(1));
    for table in ["message", "message_id", "message_place", "token"] {
        let rows = server.storage.ask(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(rows, 0, "{table}");
    }
    let guests = server.storage.ask("SELECT count(*) FROM user WHERE password_hash IS NULL");
    assert_eq!(guests, 0);
    server.restart();
    let pages = server.storage.ask("PRAGMA page_count");
    assert!(pages < pages_before / 2, "{pages} of {pages_before} pages are left");
}

/// A script signed in, printed what waited, and ended before the server knew of it: the next one
/// printed it again.
#[tokio::test]
async fn d7_what_a_script_has_printed_is_not_printed_again() {
    use netchat_client::session::{Event, Progress};
    use netchat_tests::client::Client;
    use netchat_tests::process::{System, program};
    use netchat_tests::terminal::Terminal;

    let system = System::start(&[]).await;
    let server = system.udp.to_string();
    Terminal::signed_in(&server, "bob", &[]).await.ends().await;
    let mut alice = Client::sign_in(system.udp, "alice").await;
    let expected: Vec<_> = (0..20).map(|n| format!("alice: text {n}")).collect();
    for n in 0..20 {
        alice.send("bob", &format!("text {n}"));
    }
    for _ in 0..20 {
        let is_stored = |event| matches!(event, Event::Progress(_, Progress::Stored(..)));
        alice.until(|event| is_stored(event).then_some(())).await;
    }
    let mut printed = Vec::new();
    for _ in 0..12 {
        let mut script = tokio::process::Command::new(program("netchat"));
        script.args(["chat", "--server", &server, "--server-password", "password"]);
        script.args(["--name", "bob", "--password", "bobspassword"]);
        let output = script.stdin(std::process::Stdio::null()).output().await.unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let lines = output.lines().filter(|line| line.starts_with("alice: "));
        printed.extend(lines.map(str::to_owned));
    }
    let mut last = Terminal::signed_in(&server, "bob", &[]).await;
    while printed.len() < expected.len() {
        printed.push(last.line().await);
    }
    assert_eq!(printed, expected, "each once, in order");
}

/// Whoever read the log went away, and the next line of it ended the whole server.
#[tokio::test]
async fn d8_a_server_goes_on_when_nobody_reads_its_log() {
    use netchat_client::session::{Event, Progress};
    use netchat_tests::client::Client;
    use netchat_tests::process::System;

    let mut system = System::start(&[]).await;
    system.process.close_log();
    // Each sign-in is a line of the log.
    let mut alice = Client::sign_in(system.udp, "alice").await;
    let _bob = Client::sign_in(system.udp, "bob").await;
    alice.send("bob", "hello");
    let is_stored = |event| matches!(event, Event::Progress(_, Progress::Stored(..)));
    alice.until(|event| is_stored(event).then_some(())).await;
    assert_eq!(system.process.ended(), None);
}
