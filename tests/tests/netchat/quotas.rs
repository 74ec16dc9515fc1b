//! Accounts that do as much as they can: they are slowed down and told, nothing of theirs is lost, and
//! others notice nothing.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use netchat_core::limits::SLOWED_SPREAD;
use netchat_core::{AccountQuotas, LogEvent, Rate, Refusal, Settings};
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Delay, GroupAction, GroupReply, JoinPolicy, NotSent, ServerMessage,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::list::List;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::GroupName;
use netchat_tests::crowd::Crowd;
use netchat_tests::simulation::network::Conditions;
use netchat_tests::simulation::seeds;
use netchat_tests::simulation::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

fn rate(burst: u32, per_second: u32) -> Option<Rate> {
    Rate::new(burst, per_second)
}

fn few(settings: &mut Settings) {
    let stored_bytes = None;
    settings.quotas = AccountQuotas {
        messages: rate(10, 2),
        requests: rate(100, 10),
        sessions: 3,
        groups: 2,
        stored_bytes,
    };
}

/// A server that lets accounts do little.
fn crowd() -> Crowd {
    let mut crowd = Crowd::new(few);
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "bob", None);
    // Signing in has cost something.
    crowd.pass(30 * SECOND);
    crowd.server.log.clear();
    crowd.take_heard(at(1));
    crowd.take_heard(at(2));
    crowd
}

fn line(from: &str, n: u128, text: &str) -> ClientMessage {
    ClientMessage::Send {
        id: MessageId(n),
        to: Conversation::User("bob".parse().unwrap()),
        kind: MessageKind::Text,
        body: Some(Body::new(&from.parse().unwrap(), text)),
    }
}

/// The ids of what was stored, in order.
fn sent(heard: &[ServerMessage]) -> Vec<u128> {
    let ids = heard.iter().filter_map(|message| match message {
        ServerMessage::Sent { id, .. } => Some(id.0),
        _ => None,
    });
    ids.collect()
}

fn slowed(heard: &[ServerMessage]) -> Vec<Duration> {
    let rests = heard.iter().filter_map(|message| match message {
        ServerMessage::Slowed(rest) => Some(*rest),
        _ => None,
    });
    rests.collect()
}

#[test]
fn s9_an_account_that_floods_is_slowed_down_and_told_and_nothing_of_it_is_lost() {
    let mut crowd = crowd();
    for n in 1..=30 {
        crowd.say(at(1), &line("alice", n, "again"));
    }
    let heard = crowd.take_heard(at(1));
    assert_eq!(sent(&heard), (1..=10).collect::<Vec<_>>(), "what there is at once");
    assert_eq!(slowed(&heard), [5 * SECOND], "told once, and until when");
    crowd.pass(SECOND + SLOWED_SPREAD);
    assert_eq!(sent(&crowd.take_heard(at(1))), [11, 12], "then steadily");
    crowd.pass(9 * SECOND);
    assert_eq!(sent(&crowd.take_heard(at(1))), (13..=30).collect::<Vec<_>>(), "all, in order");
    let refused =
        |event: &&LogEvent| matches!(event, LogEvent::Refused { why: Refusal::Quota, .. });
    assert_eq!(crowd.server.log.iter().filter(refused).count(), 1, "the operator is told too");
}

#[test]
fn s9_a_flood_of_one_account_holds_up_nobody_else() {
    let mut crowd = crowd();
    for n in 1..=200 {
        crowd.say(at(1), &line("alice", n, "again"));
    }
    crowd.say(at(2), &line("bob", 1, "an answer"));
    assert_eq!(sent(&crowd.take_heard(at(2))), [1], "at once");
}

#[test]
fn s9_all_sessions_of_an_account_spend_together() {
    let mut crowd = crowd();
    crowd.sign_in(at(3), "alice", None);
    crowd.take_heard(at(3));
    for n in 1..=10 {
        crowd.say(at(1), &line("alice", n, "here"));
        crowd.say(at(3), &line("alice", 100 + n, "and there"));
    }
    let both = [at(1), at(3)].map(|address| sent(&crowd.take_heard(address)).len());
    assert_eq!(both.iter().sum::<usize>(), 10, "{both:?}");
}

/// Somebody ends all other sessions of their account, while something goes on in those.
fn ends_others(crowd: &mut Crowd, at: SocketAddr, mut goes_on: impl FnMut(&mut Crowd)) -> u32 {
    goes_on(crowd);
    crowd.say(at, &ClientMessage::EndOtherSessions);
    for _ in 0..30 {
        goes_on(crowd);
        let ended = crowd.take_heard(at).into_iter().find_map(|message| match message {
            ServerMessage::SessionsEnded(count) => Some(count),
            _ => None,
        });
        if let Some(ended) = ended {
            return ended;
        }
    }
    panic!("they wait for ever");
}

#[test]
fn s9_an_owner_ends_what_floods_in_their_name() {
    let mut crowd = crowd();
    crowd.sign_in(at(3), "alice", None);
    crowd.sign_in(at(4), "alice", None);
    let mut ids = 1..;
    let ended = ends_others(&mut crowd, at(4), |crowd| {
        for address in [at(1), at(3)].repeat(10) {
            crowd.say(address, &line("alice", ids.next().unwrap(), "again"));
        }
        crowd.pass(SECOND);
    });
    assert_eq!(ended, 2);
    crowd.pass(SECOND);
    assert!(crowd.is_gone(at(1)) && crowd.is_gone(at(3)));
}

#[test]
fn s9_an_owner_ends_what_floods_through_an_original_client() {
    let mut crowd = crowd();
    request(&mut crowd, &format!("LOCKED#{}", STANDARD.encode("password")));
    request(&mut crowd, "JOIN#alice");
    request(&mut crowd, "CHECKPASSWORD#secretly");
    let chat = format!("CHAT#bob#{}", Body::new(&"alice".parse().unwrap(), "hello").as_str());
    let ended = ends_others(&mut crowd, at(1), |crowd| {
        for _ in 0..1_000 {
            request(crowd, &chat);
            crowd.pass(SECOND / 1_000);
        }
    });
    assert_eq!(ended, 1);
}

#[test]
fn s9_long_messages_and_those_to_many_cost_more() {
    let mut crowd = crowd();
    let long = "long ".repeat(8_000);
    for n in 1..=3 {
        crowd.say(at(1), &line("alice", n, &long));
        crowd.pass(SECOND / 10);
    }
    assert_eq!(sent(&crowd.take_heard(at(1))), [1], "40 kB are worth fourteen short ones");

    let mut crowd = Crowd::new(|settings| settings.quotas.messages = rate(10, 1));
    for port in 0..600 {
        crowd.sign_in(at(1 + port), &format!("person{port}"), None);
    }
    for n in 1..=9 {
        let to_all = ClientMessage::Send {
            id: MessageId(n),
            to: Conversation::Everyone,
            kind: MessageKind::Text,
            body: Some(Body::new(&"person0".parse().unwrap(), "everyone")),
        };
        crowd.say(at(1), &to_all);
        // It is handed to some people in each turn.
        crowd.pass(SECOND / 20);
    }
    let heard = crowd.take_heard(at(1));
    assert_eq!(sent(&heard).len(), 4, "each is one, and two more for 599 recipients");
}

#[test]
fn s9_requests_cost_what_they_are_worth() {
    let mut crowd = crowd();
    let history =
        ClientMessage::History { conversation: Conversation::Everyone, before: None, limit: 100 };
    let is_end = |message: &&ServerMessage| matches!(message, ServerMessage::HistoryEnd(..));
    for _ in 0..20 {
        crowd.say(at(1), &history);
    }
    let heard = crowd.take_heard(at(1));
    assert_eq!(heard.iter().filter(is_end).count(), 5, "a page costs 20 of 100");
    crowd.pass(4 * SECOND);
    assert_eq!(
        crowd.take_heard(at(1)).iter().filter(is_end).count(),
        2,
        "and there are 10 a second"
    );
    // Nothing else of the account is done before what it asked for first.
    crowd.say(at(1), &line("alice", 1, "later"));
    assert_eq!(sent(&crowd.take_heard(at(1))), []);
    crowd.pass(30 * SECOND);
    assert_eq!(sent(&crowd.take_heard(at(1))), [1]);
}

/// However many are named one by one or at once, in a new group or in one that there is.
#[test]
fn s9_inviting_costs_by_how_many_are_invited() {
    let names = || List::new((0..10).map(|n| format!("person{n}")).collect()).unwrap();
    let group = |n: u32| format!("group {n}").parse::<GroupName>().unwrap();
    let new = |n| ClientMessage::NewGroup(group(n), JoinPolicy::Invitation, names());
    let invite = |_| ClientMessage::Group(group(0), GroupAction::Invite(names()));
    let asks: [&dyn Fn(u32) -> ClientMessage; 2] = [&new, &invite];
    for ask in asks {
        let mut crowd = crowd();
        for n in 1..=5 {
            crowd.say(at(1), &ask(n));
        }
        let is_answer = |message: &&ServerMessage| matches!(message, ServerMessage::Group(..));
        let answers = crowd.take_heard(at(1)).iter().filter(is_answer).count();
        assert_eq!(answers, 1, "ten names are 100 of 100");
    }
}

#[test]
fn s9_what_a_slowed_account_has_left_behind_costs_nothing() {
    let mut crowd = Crowd::new(|settings| settings.quotas.requests = rate(100, 10));
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "bob", None);
    let everyone = Conversation::Everyone;
    for _ in 0..100 {
        let conversation = everyone.clone();
        crowd.say(at(1), &ClientMessage::History { conversation, before: None, limit: 100 });
    }
    // What it said waits to be read. Then there is no room for the answers either.
    crowd.lose(at(1));
    let long = "long ".repeat(8_000);
    for n in 1..=5 {
        let to_alice = ClientMessage::Send {
            id: MessageId(n),
            to: Conversation::User("alice".parse().unwrap()),
            kind: MessageKind::Text,
            body: Some(Body::new(&"bob".parse().unwrap(), &long)),
        };
        crowd.say(at(2), &to_alice);
    }
    crowd.pass(100 * SECOND);
    assert_eq!(sent(&crowd.take_heard(at(2))).len(), 5);
}

#[test]
fn s9_of_too_many_sessions_of_one_account_the_one_that_is_missed_least_gives_way() {
    let mut crowd = crowd();
    crowd.sign_in(at(11), "alice", None);
    crowd.sign_in(at(12), "alice", None);
    let token = crowd.token(at(12));
    assert!(crowd.resume(at(13), token, None));
    let addresses = [at(1), at(11), at(12), at(13)];
    crowd.pass(SECOND);
    for address in addresses {
        crowd.say(address, &ClientMessage::Unwatch);
    }
    let gone = addresses.map(|address| crowd.is_gone(address));
    assert_eq!(gone, [false, false, true, false], "the earlier one of the same client");
    crowd.sign_in(at(14), "alice", None);
    crowd.say(at(1), &ClientMessage::Unwatch);
    assert!(crowd.is_gone(at(1)), "else the oldest");
    assert!(!crowd.is_gone(at(2)), "others keep theirs");
}

#[test]
fn s9_sessions_of_an_account_do_not_drive_each_other_out_for_ever() {
    let mut crowd = crowd();
    let token = crowd.token(at(1));
    let mut let_in = 0;
    for port in 100..300 {
        let_in += usize::from(crowd.resume(at(port), token, None));
    }
    assert_eq!(let_in, 64);
    crowd.open(at(400));
    crowd.say(at(400), &ClientMessage::Resume(token));
    let heard = crowd.take_heard(at(400));
    let [ServerMessage::Later(Delay::Sessions, wait)] = heard[..] else { panic!("{heard:?}") };
    crowd.say(at(400), &ClientMessage::Name("mallory".parse().unwrap()));
    assert_eq!(crowd.take_heard(at(400)), [ServerMessage::Locked], "nothing is open by that");
    crowd.pass(wait);
    crowd.say(at(400), &ClientMessage::Resume(token));
    let heard = crowd.take_heard(at(400));
    assert!(matches!(heard[..], [ServerMessage::Welcome { .. }, ..]), "{heard:?}");
    // Somebody else is in at once.
    crowd.sign_in(at(401), "carol", None);
}

/// An original client at port 50 sends something, and is sent that.
fn request(crowd: &mut Crowd, datagram: &str) -> Vec<String> {
    crowd.server.receive(at(50), datagram.as_bytes());
    let sent = crowd.server.take_sent().into_iter().filter(|(to, _)| *to == at(50));
    // Lines are Base64, the words of the sign-in are not.
    let text = |bytes: Vec<u8>| {
        let line = STANDARD.decode(&bytes).ok().and_then(|line| String::from_utf8(line).ok());
        line.unwrap_or_else(|| String::from_utf8(bytes).unwrap())
    };
    sent.map(|(_, bytes)| text(bytes)).collect()
}

#[test]
fn s9_an_original_client_that_floods_is_refused_with_a_line_that_says_until_when() {
    let mut crowd = crowd();
    request(&mut crowd, &format!("LOCKED#{}", STANDARD.encode("password")));
    request(&mut crowd, "JOIN#carl");
    request(&mut crowd, "NEWUSERPASSWORD#carl#secretly");
    let body = Body::new(&"carl".parse().unwrap(), "hello");
    let mut lines = Vec::new();
    for _ in 0..50 {
        lines.extend(request(&mut crowd, &format!("CHAT#bob#{}", body.as_str())));
    }
    let refused = "SERVER: Too much at once: this was not done. Please wait 1 s, then again.";
    let count = |lines: &[String], what: &str| lines.iter().filter(|line| *line == what).count();
    for _ in 0..20 {
        crowd.server.pass(SECOND / 5);
        lines.extend(request(&mut crowd, "RECEIVED"));
    }
    assert_eq!(count(&lines, refused), 1, "{lines:?}");
    assert_eq!(count(&lines, "SERVER: SENT"), 10, "{lines:?}");
    let again = request(&mut crowd, &format!("CHAT#bob#{}", body.as_str()));
    assert_eq!(count(&again, refused), 0, "{again:?}");
}

#[test]
fn s9_whoever_writes_more_than_their_account_may_loses_nothing() {
    seeds("slowed down", 0..10, |seed| {
        let mut world = World::with_settings(1, seed, Conditions::GOOD, &["alice", "bob"], few);
        world.sign_everyone_in();
        world.network.conditions = Conditions::BAD;
        for n in 1..=60 {
            world.send(0, &Conversation::User("bob".parse().unwrap()), &format!("line {n}"));
        }
        world.run_until(120 * SECOND, World::is_quiet);
        world.run_for(5 * SECOND);
        world.check();
        let told =
            world.people[0].lines.iter().filter(|line| line.contains("more than one account may"));
        assert!(told.count() >= 1, "the person is told: {:?}", world.people[0].lines);
    });
}

#[test]
fn s9_whoever_has_stored_as_much_as_one_may_is_told_and_others_write_on() {
    let mut crowd = crowd();
    crowd.server.storage.stored_bytes_max = Some(2_000);
    for n in 1..=8 {
        crowd.say(at(1), &line("alice", n, "again"));
    }
    let heard = crowd.take_heard(at(1));
    let refused = ServerMessage::NotSent(MessageId(7), NotSent::StorageQuota);
    assert_eq!(sent(&heard).len(), 6, "{heard:?}");
    assert!(heard.contains(&refused), "{heard:?}");
    crowd.say(at(2), &line("bob", 1, "an answer"));
    assert_eq!(sent(&crowd.take_heard(at(2))), [1]);
}

#[test]
fn s8_nobody_makes_more_groups_than_one_may_and_others_make_theirs() {
    let mut crowd = crowd();
    let make = |crowd: &mut Crowd, address: SocketAddr, name: &str| {
        let (name, nobody) = (name.parse().unwrap(), List::default());
        crowd.say(address, &ClientMessage::NewGroup(name, JoinPolicy::Invitation, nobody));
        let heard = crowd.take_heard(address).into_iter();
        let mut replies = heard.filter_map(|message| match message {
            ServerMessage::Group(_, reply) => Some(reply),
            _ => None,
        });
        replies.next().expect("an answer")
    };
    let is_made = |reply: &GroupReply| matches!(reply, GroupReply::Created { .. });
    assert!(is_made(&make(&mut crowd, at(1), "garden")));
    assert!(is_made(&make(&mut crowd, at(1), "attic")));
    crowd.pass(30 * SECOND);
    let refused = make(&mut crowd, at(1), "cellar");
    let GroupReply::Refused(why) = &refused else { panic!("{refused:?}") };
    assert_eq!(why, "You have made 2 groups that are there, as many as one account may.");
    assert!(is_made(&make(&mut crowd, at(2), "cellar")));
    crowd.say(at(1), &ClientMessage::QuitGroup("attic".parse().unwrap()));
    crowd.pass(30 * SECOND);
    crowd.take_heard(at(1));
    assert!(is_made(&make(&mut crowd, at(1), "attic")), "an empty group has gone");
}

#[test]
fn passwords_of_a_slowed_account_are_shown_as_before() {
    // Signing in is no request of the account: an owner is never kept out by what a thief does with it.
    let mut crowd = crowd();
    let token = crowd.token(at(1));
    for n in 1..=60 {
        crowd.say(at(1), &line("alice", n, "again"));
    }
    let resumed = (100..200).filter(|&port| crowd.resume(at(port), token, None)).count();
    assert!(resumed < 100, "with the token, nobody signs in for now");
    crowd.sign_in(at(60), "alice", None);
}
