//! What the terminal shows, and what commands are about.

use netchat_shared::extended::Receipts;
use netchat_shared::sorted::SortedSet;
use netchat_shared::time::UnixTime;

use netchat_client::session::Trust;

use netchat_client::session::Question;

use super::*;

const NOW: Now = Now { monotonic: Instant::ZERO, calendar: UnixTime { millis: 120_000 } };

fn signed_in() -> (Terminal, Session) {
    signed_in_with(Given::default())
}

fn signed_in_with(given: Given) -> (Terminal, Session) {
    let mut terminal = Terminal::new(given);
    let mut session = Session::new([1; 32], Trust::FirstUse);
    session.answer_name(Instant::ZERO, "alice".parse().unwrap());
    let signed_in = Event::SignedIn("alice".parse().unwrap());
    terminal.handle_event(NOW, signed_in, &mut session);
    terminal.handle_line(Instant::ZERO, "/chat bob", &mut session);
    terminal.lines.clear();
    (terminal, session)
}

fn lines(terminal: &mut Terminal) -> Vec<String> {
    let text = |line| match line {
        Line::Message(sender, text) => format!("{sender}: {text}"),
        Line::Info(text) | Line::Problem(text) => text,
    };
    terminal.lines.drain(..).map(text).collect()
}

fn bob() -> Conversation {
    Conversation::User("bob".parse().unwrap())
}

fn at(sequence: u64, id: MessageId) -> StoredAt {
    StoredAt { sequence: Sequence(sequence), time: UnixTime { millis: 1 }, id }
}

/// A message of bob's, as it is shown.
fn shown(terminal: &mut Terminal, sequence: u64, kind: MessageKind, content: Content) -> String {
    let arrival = Arrival {
        conversation: Some(bob()),
        sender: "bob".parse().ok(),
        kind,
        content,
        stored: Some(at(sequence, MessageId(sequence.into()))),
        receipts: Receipts::default(),
    };
    terminal.handle_arrival(arrival);
    lines(terminal).join("\n")
}

#[test]
fn what_is_said_about_messages_is_one_line_each() {
    let (mut terminal, _) = signed_in();
    let of = Sequence(1);
    let text = |text: &str| Content::Text(text.to_owned());
    let reaction = |text: &str| Content::Reaction(text.parse().unwrap());
    let long = "a text of more than twenty characters";
    let mut show = |sequence, kind, content| shown(&mut terminal, sequence, kind, content);
    assert_eq!(show(1, MessageKind::Text, text(long)), format!("bob: {long}"));
    assert_eq!(show(2, MessageKind::Edit(of), text("short")), "bob: (corrected) short");
    let reacted = show(3, MessageKind::Reaction(of), reaction("👍"));
    assert_eq!(reacted, "bob: 👍 to “a text of more than…”");
    let taken_away = show(4, MessageKind::Reaction(Sequence(9)), reaction("-👍"));
    assert_eq!(taken_away, "bob took 👍 away from an earlier message");
    let deleted = show(5, MessageKind::Deletion(of), Content::TakenBack);
    assert_eq!(deleted, "bob took a message back");
    assert_eq!(show(6, MessageKind::Text, Content::TakenBack), "");
    let poll = MessageKind::from_parts("poll", None).unwrap();
    let unknown = show(7, poll, Content::Unknown);
    assert_eq!(unknown, "bob: (a newer client is needed to show this)");
}

#[test]
fn commands_are_about_the_last_lines_of_the_conversation_in_front() {
    let (mut terminal, mut session) = signed_in();
    let now = Instant::ZERO;
    let types = |terminal: &mut Terminal, session: &mut Session, line: &str| {
        terminal.handle_line(now, line, session);
        lines(terminal)
    };
    let nothing = ["there is no message here yet that this could be about"];
    for command in ["/edit x", "/delete", "/react 👍", "/reply x"] {
        assert_eq!(types(&mut terminal, &mut session, command), nothing, "{command}");
    }
    terminal.handle_line(now, "hello", &mut session);
    let id = terminal.recent.waiting_ids().next().unwrap();
    let recipients = Recipients::new(1, ["bob".parse().unwrap()]);
    terminal.handle_progress(id, Progress::Stored(at(7, id), recipients));
    assert_eq!(lines(&mut terminal), ["SERVER: SENT"]);
    shown(&mut terminal, 8, MessageKind::Text, Content::Text("hi".to_owned()));
    for command in ["/edit hello!", "/delete", "/react 👍", "/reply to you"] {
        assert_eq!(types(&mut terminal, &mut session, command), Vec::<String>::new(), "{command}");
    }
    types(&mut terminal, &mut session, "/leave");
    let refused = types(&mut terminal, &mut session, "/edit x");
    assert!(refused[0].starts_with("open one conversation before"), "{refused:?}");
}

#[test]
fn of_many_recipients_the_number_is_said() {
    let (mut terminal, _) = signed_in();
    let id = MessageId(1);
    terminal.handle_progress(id, Progress::Stored(at(7, id), Recipients::new(120, [])));
    for received in [3, 120] {
        terminal.handle_progress(id, Progress::ReceivedCount { received, of: 120 });
    }
    assert_eq!(lines(&mut terminal), ["SERVER: SENT to 120", "SERVER: RECEIVED by all 120"]);
}

#[test]
fn who_is_away_is_said_only_if_it_is_known() {
    let (mut terminal, mut session) = signed_in();
    let id = MessageId(1);
    for (is_complete, expected) in [(false, 1), (true, 2)] {
        let online = Online { names: SortedSet::new(), count: 1, is_complete };
        terminal.handle_online(Instant::ZERO, online, &mut session);
        let recipients = Recipients::new(1, ["bob".parse().unwrap()]);
        terminal.handle_progress(id, Progress::Stored(at(7, id), recipients));
        assert_eq!(lines(&mut terminal).len(), expected);
    }
}

/// It signed in again by itself, with the password that it remembered.
#[test]
fn s12_whoever_was_signed_out_is_asked_for_the_password() {
    let given = Given { is_interactive: true, ..Given::default() };
    let (mut terminal, mut session) = signed_in_with(given);
    terminal.handle_event(NOW, Event::EndedElsewhere, &mut session);
    let told = "You were signed out from another session. To sign in again, press Enter.";
    assert_eq!(lines(&mut terminal), [told]);
    assert_eq!(terminal.prompt(), None, "nothing is sent meanwhile");
    let question = Question::Password { name: "alice".parse().unwrap(), wrong: false };
    terminal.handle_event(NOW, Event::Asked(question), &mut session);
    assert!(terminal.prompt().is_some_and(|prompt| prompt.is_secret));
    let signed_in = Event::SignedIn("alice".parse().unwrap());
    terminal.handle_line(NOW.monotonic, "secretly", &mut session);
    terminal.handle_event(NOW, signed_in, &mut session);
    assert_eq!(terminal.problem(), None);
    assert!(!terminal.is_signing_in());
}

/// Its next lines would have been tried as passwords.
#[test]
fn s12_a_script_that_was_signed_out_ends() {
    let (mut terminal, mut session) = signed_in();
    terminal.handle_event(NOW, Event::EndedElsewhere, &mut session);
    assert!(terminal.is_done());
    assert_eq!(terminal.problem(), Some("You were signed out from another session."));
    let (mut terminal, mut session) = signed_in();
    terminal.handle_line(Instant::ZERO, "not sent yet", &mut session);
    terminal.handle_event(NOW, Event::EndedElsewhere, &mut session);
    assert!(terminal.problem().unwrap().ends_with("Not everything had been sent."));
    // A token that the server does not know any more, and a password that is not right any more.
    let (mut terminal, mut session) = signed_in();
    let question = Question::Password { name: "alice".parse().unwrap(), wrong: true };
    terminal.handle_event(NOW, Event::Asked(question), &mut session);
    assert!(terminal.is_done() && terminal.problem().is_some());
}
