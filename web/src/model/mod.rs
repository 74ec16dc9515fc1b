//! What the page shows, as plain data: events of the session and intents of the person are folded
//! into it. Nothing here knows the browser, so all of it is tested natively.

mod rows;
mod sign_in;
mod text;
mod thread;

use std::collections::BTreeMap;

use netchat_shared::conversation::Conversation;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::session::{Arrival, Connection, Content, Event, GroupOutcome};
use netchat_shared::time::{Now, UnixTime};

pub use self::rows::{Row, rows};
pub use self::sign_in::{Field, Form, Reply, SignIn};
pub use self::text::{Piece, pieces};
pub use self::thread::{Delivery, Message, MessageKey, Thread};

/// Most server lines that are kept on the page; the oldest makes room.
const LINES_MAX: usize = 3;

/// Everything that the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The sign-in form, while nobody is signed in.
    pub sign_in: SignIn,
    /// Who is signed in.
    pub me: Option<UserName>,
    /// How the session stands to the server.
    pub connection: Connection,
    /// The conversations. Everyone is always among them.
    pub threads: BTreeMap<Conversation, Thread>,
    /// The conversation in front.
    pub selected: Option<Conversation>,
    /// Who is online, oneself included.
    pub online: Vec<UserName>,
    /// What the server said that belongs to no message, newest last.
    pub lines: Vec<String>,
    last_key: u64,
}

/// Something the person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Sign in, or create an account, with what the form holds.
    SignIn(Form),
    /// Sign out.
    SignOut,
    /// Bring a conversation to the front; `None` goes back to the list (on a phone).
    Select(Option<Conversation>),
    /// Send a text to a conversation.
    Send(Conversation, String),
    /// Send a failed message again.
    SendAgain(Conversation, MessageKey),
    /// Make a group.
    CreateGroup(String, String),
    /// Join a group.
    JoinGroup(String),
    /// Leave a group for good.
    QuitGroup(Conversation),
    /// Try to connect at once.
    ConnectNow,
    /// Take away a line of the server.
    DismissLine(usize),
}

impl Default for Model {
    fn default() -> Self {
        Self {
            sign_in: SignIn::default(),
            me: None,
            connection: Connection::Connecting,
            threads: BTreeMap::from([(Conversation::Everyone, Thread::default())]),
            selected: None,
            online: Vec::new(),
            lines: Vec::new(),
            last_key: 0,
        }
    }
}

impl Model {
    /// Folds an event of the session into what is shown.
    pub fn fold(&mut self, now: Now, event: Event) {
        match event {
            Event::Asked(_) => {}
            Event::SignedIn(name) => {
                self.me = Some(name);
                self.sign_in = SignIn::default();
            }
            Event::SignedOut => *self = Self::default(),
            Event::Connection(connection) => self.connection = connection,
            Event::Arrived(arrival) => self.fold_arrival(now.calendar, arrival),
            Event::Progress(id, progress) => {
                for thread in self.threads.values_mut() {
                    thread.fold_progress(id, &progress);
                }
            }
            Event::Online(names) => self.online = names,
            Event::ActiveList(roster) => self.say(format!("Online: {}", roster.names().join(", "))),
            Event::Group(group, outcome) => self.fold_group(Conversation::Group(group), outcome),
            Event::Line(line) => self.say(line),
        }
    }

    /// One's own message was handed to the session.
    pub fn add_own(&mut self, now: UnixTime, to: &Conversation, id: MessageId, text: String) {
        let Some(me) = self.me.clone() else { return };
        let key = self.next_key();
        let message = Message {
            key,
            sender: Some(me),
            content: Content::Text(text),
            time: now,
            delivery: Some(Delivery::new(id)),
        };
        self.thread(to).add(message);
    }

    /// A failed message is sent again, under a new id, at the end of its conversation.
    pub fn take_failed(&mut self, conversation: &Conversation, key: MessageKey) -> Option<String> {
        self.threads.get_mut(conversation)?.take_failed(key)
    }

    /// Brings a conversation to the front.
    pub fn select(&mut self, conversation: Option<Conversation>) {
        if let Some(conversation) = &conversation {
            self.thread(conversation).mark_read();
        }
        self.selected = conversation;
    }

    /// Shows a line of the server, or about a mistake of the person.
    pub fn say(&mut self, line: String) {
        if self.lines.len() >= LINES_MAX {
            self.lines.remove(0);
        }
        self.lines.push(line);
    }

    /// The conversations as listed: the one with the latest message first, the empty ones by name.
    #[must_use]
    pub fn listed(&self) -> Vec<Conversation> {
        let mut listed: Vec<_> = self.threads.iter().collect();
        listed.sort_by_key(|(conversation, thread)| {
            (std::cmp::Reverse(thread.last_time()), (*conversation).clone())
        });
        listed.into_iter().map(|(conversation, _)| conversation.clone()).collect()
    }

    /// Others who are online.
    #[must_use]
    pub fn others_online(&self) -> Vec<UserName> {
        let me = self.me.as_ref();
        self.online.iter().filter(|name| Some(*name) != me).cloned().collect()
    }

    /// All unread messages.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.threads.values().map(|thread| thread.unread).sum()
    }

    /// Classic delivery does not tell where a message belongs: then it is shown with its sender, or,
    /// if even that is lost, in the conversation in front.
    fn fold_arrival(&mut self, time: UnixTime, arrival: Arrival) {
        let Arrival { conversation, sender, content } = arrival;
        let conversation = conversation
            .or_else(|| sender.clone().map(Conversation::User))
            .or_else(|| self.selected.clone())
            .unwrap_or(Conversation::Everyone);
        let is_in_front = self.selected.as_ref() == Some(&conversation);
        let key = self.next_key();
        let thread = self.thread(&conversation);
        thread.add(Message { key, sender, content, time, delivery: None });
        if !is_in_front {
            thread.unread += 1;
        }
    }

    fn fold_group(&mut self, group: Conversation, outcome: GroupOutcome) {
        match outcome {
            GroupOutcome::Created(_) | GroupOutcome::Joined => self.select(Some(group)),
            GroupOutcome::NotFound(names) => {
                self.say(format!("Not registered, so not in {group}: {}", names.join(", ")));
            }
            GroupOutcome::DoesNotExist => self.say(format!("There is no group {group}.")),
            GroupOutcome::Refused(line) => self.say(line),
            GroupOutcome::Quit => {
                self.threads.remove(&group);
                if self.selected.as_ref() == Some(&group) {
                    self.selected = None;
                }
            }
        }
    }

    fn thread(&mut self, conversation: &Conversation) -> &mut Thread {
        self.threads.entry(conversation.clone()).or_default()
    }

    fn next_key(&mut self) -> MessageKey {
        self.last_key += 1;
        MessageKey(self.last_key)
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use netchat_shared::session::{Failure, Progress};

    use super::*;

    const NOW: Now = Now {
        monotonic: netchat_shared::time::Instant::ZERO,
        calendar: UnixTime { millis: 1_000 },
    };

    fn signed_in() -> Model {
        let mut model = Model::default();
        model.fold(NOW, Event::SignedIn("alice".parse().unwrap()));
        model
    }

    fn bob() -> Conversation {
        Conversation::User("bob".parse().unwrap())
    }

    fn arrival(text: &str) -> Event {
        let content = Content::Text(text.to_owned());
        Event::Arrived(Arrival { conversation: None, sender: "bob".parse().ok(), content })
    }

    #[test]
    fn messages_land_with_their_sender_and_count_as_unread_unless_in_front() {
        let mut model = signed_in();
        model.fold(NOW, arrival("one"));
        assert_eq!(model.threads[&bob()].unread, 1);
        model.select(Some(bob()));
        model.fold(NOW, arrival("two"));
        assert_eq!((model.threads[&bob()].unread, model.unread()), (0, 0));
        assert_eq!(model.listed(), [bob(), Conversation::Everyone]);
    }

    #[test]
    fn ones_own_messages_show_how_far_they_got() {
        let mut model = signed_in();
        let id = MessageId(7);
        model.add_own(NOW.calendar, &bob(), id, "hi".to_owned());
        let state =
            |model: &Model| model.threads[&bob()].messages[0].delivery.clone().unwrap().summary();
        assert_eq!(state(&model), "Waiting");
        model.fold(NOW, Event::Progress(id, Progress::Sent));
        assert_eq!(state(&model), "Sent");
        model.fold(NOW, Event::Progress(id, Progress::Received("bob".parse().unwrap())));
        assert_eq!(state(&model), "Received");
    }

    #[test]
    fn a_failed_message_says_why_and_can_be_taken_back() {
        let mut model = signed_in();
        model.add_own(NOW.calendar, &bob(), MessageId(7), "hi".to_owned());
        model.fold(NOW, Event::Progress(MessageId(7), Progress::Failed(Failure::NoSuchUser)));
        let message = &model.threads[&bob()].messages[0];
        assert_eq!(
            message.delivery.clone().unwrap().summary(),
            "Not sent: no such user, or not online"
        );
        let key = message.key;
        assert_eq!(model.take_failed(&bob(), key), Some("hi".to_owned()));
        assert!(model.threads[&bob()].messages.is_empty());
    }

    #[test]
    fn signing_out_leaves_nothing_behind() {
        let mut model = signed_in();
        model.fold(NOW, arrival("secret"));
        model.fold(NOW, Event::SignedOut);
        assert_eq!(model, Model::default());
    }
}
