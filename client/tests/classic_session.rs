//! The client session over the classic protocol, against a server that the test plays. Runs
//! natively, and in a browser as WebAssembly.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use netchat_client::session::{
    Arrival, Connection, Content, Event, Failure, GroupOutcome, Output, Progress, Question,
    SendError, Session, Told,
};
use netchat_shared::body::{Body, encode_text};
use netchat_shared::classic::Notice;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::JoinPolicy;
use netchat_shared::extended::Receipts;
use netchat_shared::kind::MessageKind;
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::Instant;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A session, a clock, and what the session asked for and nobody has looked at yet.
struct Client {
    session: Session,
    now: Instant,
    sent: Vec<String>,
    events: Vec<Event>,
    paths_wanted: usize,
    wake_at: Option<Instant>,
}

impl Client {
    fn new() -> Self {
        let session = Session::new_classic([1; 32]);
        let (sent, events) = (Vec::new(), Vec::new());
        let mut client =
            Self { session, now: Instant::ZERO, sent, events, paths_wanted: 0, wake_at: None };
        client.drain();
        client.open_path();
        client
    }

    /// Signed in as alice, with nothing left to look at.
    fn signed_in() -> Self {
        let mut client = Self::new();
        client.session.answer_server_password(client.now, password("password"));
        client.session.answer_name(client.now, name("alice"));
        for reply in ["Unlocked", "JOINED", "OLDUSER"] {
            client.reply(reply);
        }
        client.session.answer_password(client.now, password("a"));
        client.reply("LOGGEDIN");
        client.pass(Duration::ZERO);
        client.say(&Notice::Active(netchat_shared::classic::Roster::default()));
        client.pass(Duration::from_secs(1));
        client.take_sent();
        client.take_events();
        client
    }

    fn open_path(&mut self) {
        assert!(self.paths_wanted > 0, "no path is wanted");
        self.paths_wanted = 0;
        self.session.path_opened(self.now);
        self.drain();
    }

    /// The server sends a raw datagram.
    fn reply(&mut self, datagram: &str) {
        self.session.handle_datagram(self.now, datagram.as_bytes());
        self.drain();
    }

    /// The server sends a line of the chat phase.
    fn say(&mut self, notice: &Notice) {
        for datagram in notice.datagrams() {
            self.reply(&datagram);
        }
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.drain();
        while let Some(at) = self.wake_at.filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.session.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        loop {
            match self.session.poll() {
                Output::Transmit(datagram) => self.sent.push(String::from_utf8(datagram).unwrap()),
                Output::OpenPath => self.paths_wanted += 1,
                Output::Compute(_) => panic!("original clients send their passwords"),
                Output::Event(event) => self.events.push(event),
                Output::Wait(at) => {
                    self.wake_at = at;
                    return;
                }
            }
        }
    }

    fn take_sent(&mut self) -> Vec<String> {
        self.drain();
        std::mem::take(&mut self.sent)
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.drain();
        std::mem::take(&mut self.events)
    }

    fn progress(&mut self) -> Vec<Progress> {
        let events = self.take_events().into_iter();
        events
            .filter_map(|event| if let Event::Progress(_, p) = event { Some(p) } else { None })
            .collect()
    }

    fn send(&mut self, to: &str, text: &str) {
        self.session.send(self.now, Conversation::User(name(to)), text).unwrap();
    }
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

fn body(sender: &str, text: &str) -> String {
    Body::new(&name(sender), text).as_str().to_owned()
}

#[test]
fn signing_in_asks_only_for_what_is_missing() {
    let mut client = Client::new();
    assert_eq!(client.take_events(), [Event::Asked(Question::ServerPassword { wrong: false })]);
    assert!(client.take_sent().is_empty(), "nothing is sent before there is an answer");
    client.session.answer_server_password(client.now, password("wrong"));
    assert_eq!(client.take_sent(), ["LOCKED#d3Jvbmc="]);
    client.reply("Locked");
    let wrong = Event::Asked(Question::ServerPassword { wrong: true });
    assert_eq!(client.take_events(), [Event::Connection(Connection::Connected), wrong]);
    client.session.answer_server_password(client.now, password("password"));
    client.reply("Unlocked");
    assert_eq!(client.take_events(), [Event::Asked(Question::Name { refused: None })]);
    client.session.answer_name(client.now, name("alice"));
    client.reply("JOINED");
    client.reply("NEWUSER");
    assert_eq!(client.take_events(), [Event::Asked(Question::NewPassword { name: name("alice") })]);
    client.take_sent();
    client.session.answer_password(client.now, password("a#b"));
    assert_eq!(client.take_sent(), ["NEWUSERPASSWORD#alice#a#b", "CHECKPASSWORD#a#b"]);
    client.reply("LOGGEDIN");
    assert_eq!(client.take_events(), [Event::SignedIn(name("alice"))]);
}

#[test]
fn unanswered_login_commands_are_repeated_until_the_server_counts_as_unreachable() {
    let mut client = Client::new();
    client.session.answer_server_password(client.now, password("password"));
    client.pass(Duration::from_millis(14_999));
    assert_eq!(client.take_sent(), ["LOCKED#cGFzc3dvcmQ="; 4]);
    client.take_events();
    client.pass(Duration::from_millis(1));
    let events = client.take_events();
    let [Event::Connection(Connection::Retrying(at))] = events[..] else { panic!("{events:?}") };
    client.pass(at.saturating_since(client.now));
    client.open_path();
    assert_eq!(client.take_sent(), ["LOCKED#cGFzc3dvcmQ="], "what was answered is not asked again");
}

#[test]
fn messages_are_verified_and_acknowledged_as_the_original_client_does() {
    let mut client = Client::signed_in();
    client.reply(&body("bob", "Hi `there`"));
    assert_eq!(client.take_sent(), ["RECEIVED"]);
    let arrival = |sender, content| {
        let (conversation, kind, stored) = (None, MessageKind::Text, None);
        let receipts = Receipts::default();
        Event::Arrived(Arrival { conversation, sender, kind, content, stored, receipts })
    };
    let text = Content::Text("Hi `there`".to_owned());
    assert_eq!(client.take_events(), [arrival(Some(name("bob")), text)]);

    client.reply(&encode_text("bob: Hi`00000000000000000000000000000000"));
    assert_eq!(client.take_sent(), Vec::<String>::new(), "a corrupted message is not acknowledged");
    assert_eq!(client.take_events(), [arrival(None, Content::Corrupted)]);

    client.reply("Unlocked");
    client.reply("%%%");
    assert!(client.take_sent().is_empty() && client.take_events().is_empty(), "noise is dropped");

    client.say(&Notice::Line("SERVER: hello".to_owned()));
    assert_eq!(client.take_sent(), ["RECEIVED"]);
    assert_eq!(client.take_events(), [Event::Line(Told::Server("SERVER: hello".to_owned()))]);

    client.say(&Notice::Leave);
    assert_eq!(client.take_sent(), ["RECEIVED"]);
    assert_eq!(client.take_events(), []);
}

#[test]
fn an_outcome_can_only_be_that_of_the_message_under_way() {
    let mut client = Client::signed_in();
    client.send("bob", "one");
    client.send("carol", "two");
    assert_eq!(client.take_sent(), [format!("CHAT#bob#{}", body("alice", "one"))]);
    client.say(&Notice::Sent);
    assert_eq!(client.take_sent(), ["RECEIVED"], "the second waits for the outcome of the first");
    client.say(&Notice::Received("bob".to_owned()));
    let second = format!("CHAT#carol#{}", body("alice", "two"));
    assert_eq!(client.take_sent(), ["RECEIVED".to_owned(), second]);
    client.say(&Notice::Sent);
    client.say(&Notice::Lost);
    let expected = [
        Progress::Sent,
        Progress::Received(name("bob")),
        Progress::Sent,
        Progress::Failed(Failure::Lost, None),
    ];
    assert_eq!(client.progress(), expected);
    assert!(client.session.is_settled());
}

#[test]
fn a_message_that_nobody_answers_fails_and_the_next_goes_out() {
    let mut client = Client::signed_in();
    client.send("bob", "one");
    client.send("bob", "two");
    client.take_sent();
    client.pass(Duration::from_secs(5));
    assert_eq!(client.progress(), [Progress::Failed(Failure::NoAnswer, None)]);
    assert!(client.take_sent().contains(&format!("CHAT#bob#{}", body("alice", "two"))));
}

#[test]
fn a_group_alone_accepts_a_message_by_sending_it_back() {
    let mut client = Client::signed_in();
    let group = "CS: Group".parse().unwrap();
    client.session.send(client.now, Conversation::Group(group), "hello").unwrap();
    client.take_sent();
    client.reply(&body("alice", "hello"));
    client.pass(Duration::from_secs(1));
    assert_eq!(client.take_sent()[0], "RECEIVED");
    assert_eq!(client.progress(), [Progress::Sent], "one's own echo is not shown as a message");
}

#[test]
fn group_requests_are_answered_one_by_one() {
    let mut client = Client::signed_in();
    let (lab, team) = (
        "lab".parse::<netchat_shared::name::GroupName>().unwrap(),
        "team".parse::<netchat_shared::name::GroupName>().unwrap(),
    );
    client.session.create_group(
        client.now,
        lab.clone(),
        JoinPolicy::Invitation,
        vec!["bob".to_owned(), "ghost".to_owned()],
    );
    client.session.join_group(client.now, team.clone());
    assert_eq!(client.take_sent(), ["NEW_GROUP#lab#bob#ghost#DONE#"]);
    client.say(&Notice::MembersNotFound(vec!["ghost".to_owned()]));
    client.say(&Notice::GroupAdded { group: "lab".to_owned(), members: vec![] });
    assert_eq!(client.take_sent(), ["RECEIVED", "RECEIVED", "JOIN_GROUP#team"]);
    client.say(&Notice::GroupDoesNotExist);
    let expected = [
        Event::Group(lab.clone(), GroupOutcome::NotFound(vec!["ghost".to_owned()])),
        Event::Group(lab, GroupOutcome::Created(netchat_shared::classic::Roster::default())),
        Event::Group(team, GroupOutcome::DoesNotExist),
    ];
    assert_eq!(client.take_events(), expected);
}

#[test]
fn a_server_that_falls_silent_is_signed_in_to_again_and_what_waited_goes_out() {
    let mut client = Client::signed_in();
    client.pass(Duration::from_secs(25));
    let events = client.take_events();
    assert!(matches!(events[..], [Event::Connection(Connection::Retrying(_)), ..]), "{events:?}");
    client.send("bob", "while away");
    client.take_sent();
    client.pass(Duration::from_secs(2));
    client.open_path();
    for reply in ["Unlocked", "JOINED", "OLDUSER", "LOGGEDIN"] {
        client.reply(reply);
    }
    let sent = client.take_sent();
    assert!(sent.contains(&format!("CHAT#bob#{}", body("alice", "while away"))), "{sent:?}");
    let asked = client.take_events().iter().filter(|e| matches!(e, Event::Asked(_))).count();
    assert_eq!(asked, 0, "nothing is typed again");
}

#[test]
fn too_much_is_refused_where_it_is_typed() {
    let mut client = Client::signed_in();
    let error = |client: &mut Client, text: &str| {
        client.session.send(client.now, Conversation::Everyone, text).map_err(|e| e.to_string())
    };
    assert_eq!(error(&mut client, " \n"), Err("there is nothing to send".to_owned()));
    let long = error(&mut client, &"x".repeat(2_000)).unwrap_err();
    assert!(long.contains("too long"), "{long}");
    let longest = 2_048 / 4 * 3 - "alice: ".len() - 33;
    assert!(error(&mut client, &"x".repeat(longest)).is_ok());
    assert!(error(&mut client, &"x".repeat(longest + 1)).is_err());
}

#[test]
fn what_the_classic_protocol_has_no_word_for_is_refused_where_it_is_typed() {
    let mut client = Client::signed_in();
    let (now, to, of) = (client.now, Conversation::User(name("bob")), Sequence(1));
    let session = &mut client.session;
    let refused = Err(SendError::NotSupported);
    assert_eq!(session.edit(now, to.clone(), of, "x"), refused);
    assert_eq!(session.delete(now, to.clone(), of), refused);
    assert_eq!(session.react(now, to.clone(), of, &"👍".parse().unwrap()), refused);
    // A reply is a text like any other.
    session.reply(now, to.clone(), of, "yes").unwrap();
    session.typing(now, to.clone());
    session.mark_read(now, to, of);
    session.watch_online(now);
    assert_eq!(client.take_sent(), [format!("CHAT#bob#{}", body("alice", "yes"))]);
}

#[test]
fn members_that_do_not_fit_a_datagram_are_refused_where_they_are_typed() {
    let mut client = Client::signed_in();
    let group: netchat_shared::name::GroupName = "lab".parse().unwrap();
    let members = (0..400).map(|n| format!("member {n}")).collect();
    client.session.create_group(client.now, group, JoinPolicy::Anyone, members);
    assert!(client.take_sent().is_empty());
    let events = client.take_events();
    assert!(matches!(events[..], [Event::Group(_, GroupOutcome::Refused(_))]), "{events:?}");
    assert!(client.session.is_settled());
}
