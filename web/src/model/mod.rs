//! What the page shows, as plain data: events of the session and intents of the person are folded
//! into it. Nothing here knows the browser, so all of it is tested natively.

mod account;
mod changes;
mod decision;
mod groups;
mod rows;
mod sign_in;
mod text;
mod thread;

use std::collections::{BTreeMap, BTreeSet};

use netchat_client::reaction::Reaction;
use netchat_client::session::{
    Arrival, Connection, Content, Event, Failure, Online, Outgoing, Progress,
};
use netchat_shared::conversation::Conversation;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::{Now, UnixTime};

pub use self::account::{
    Account, AccountIntent, PasswordForm, describe as describe_session, device as device_of,
};
pub use self::changes::Changes;
pub use self::decision::Decision;
pub use self::groups::{GroupDetails, GroupIntent, Groups, describe_policy};
pub use self::rows::{Row, rows};
pub use self::sign_in::{Field, Form, Reply, SignIn};
pub use self::text::{Piece, pieces};
pub use self::thread::{Delivery, Message, MessageKey, Thread, describe_receipt};

/// Most server lines that are kept on the page; the oldest makes room.
const LINES_MAX: usize = 3;

/// Everything that the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The sign-in form, while nobody is signed in.
    pub sign_in: SignIn,
    /// Who is signed in.
    pub me: Option<UserName>,
    /// What the person has to decide before anything goes on.
    pub decision: Option<Decision>,
    /// How the session stands to the server.
    pub connection: Connection,
    /// The conversations. Everyone is always among them.
    pub threads: BTreeMap<Conversation, Thread>,
    /// The conversation in front.
    pub selected: Option<Conversation>,
    /// Who is online, oneself included.
    pub online: Online,
    /// Invitations, and the details of a group.
    pub groups: Groups,
    /// One's account.
    pub account: Account,
    /// What the server said that belongs to no message, newest last.
    pub lines: Vec<String>,
    /// The page is behind another tab, or the screen is off: nobody reads what arrives.
    is_hidden: bool,
    last_key: u64,
    /// How far conversations were read, in whichever session.
    read: BTreeMap<Conversation, Sequence>,
    /// One's own changes of lines that are not stored yet: no more than the session keeps.
    pending_changes: BTreeMap<MessageId, Change>,
}

/// Something of one's own about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    conversation: Conversation,
    kind: MessageKind,
    content: Content,
}

/// Where the person is on the page: what a reload must not lose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The conversation in front.
    pub selected: Option<Conversation>,
    /// How many messages are unread, where there are any.
    pub unread: Vec<(Conversation, usize)>,
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
    /// Send a text to each of these people (names separated by commas), in the conversation with
    /// each.
    SendToEach(String, String),
    /// Answer the last line of somebody else.
    Reply(Conversation, String),
    /// Put a text in place of one's own last line.
    Edit(Conversation, String),
    /// Take one's own last line back.
    Delete(Conversation),
    /// Put a sign beside the last line, of somebody else if there is one, or take it away.
    React(Conversation, Reaction),
    /// Send a failed message again.
    SendAgain(Conversation, MessageKey),
    /// Show what came before the first message that is here.
    LoadEarlier(Conversation),
    /// Make a group.
    CreateGroup(String, String),
    /// Join a group.
    JoinGroup(String),
    /// Leave a group for good.
    QuitGroup(Conversation),
    /// Something else about groups.
    Group(GroupIntent),
    /// Something about one's account.
    Account(AccountIntent),
    /// Try to connect at once.
    ConnectNow,
    /// Trust the server that answers, in place of the one that was known.
    TrustServer,
    /// Go on with the classic protocol, which everybody on the way can read.
    UseClassic,
    /// See whether the server that is meant answers by now.
    LookAgain,
    /// Take away a line of the server.
    DismissLine(usize),
}

impl Default for Model {
    fn default() -> Self {
        Self {
            sign_in: SignIn::default(),
            me: None,
            decision: None,
            connection: Connection::Connecting,
            threads: BTreeMap::from([(Conversation::Everyone, Thread::default())]),
            selected: None,
            online: Online { names: BTreeSet::new(), count: 0, is_complete: false },
            groups: Groups::default(),
            account: Account::default(),
            lines: Vec::new(),
            is_hidden: false,
            last_key: 0,
            read: BTreeMap::new(),
            pending_changes: BTreeMap::new(),
        }
    }
}

impl Model {
    /// The model of a page whose session goes on: nobody is asked to sign in.
    #[must_use]
    pub fn resumed(me: UserName, place: Place) -> Self {
        let mut model = Self { me: Some(me), ..Self::default() };
        for (conversation, unread) in place.unread {
            model.thread(&conversation).unread = unread;
        }
        model.select(place.selected);
        model
    }

    /// Where the person is.
    #[must_use]
    pub fn place(&self) -> Place {
        let unread = self.threads.iter().filter(|(_, thread)| thread.unread > 0);
        let unread = unread.map(|(conversation, thread)| (conversation.clone(), thread.unread));
        Place { selected: self.selected.clone(), unread: unread.collect() }
    }

    /// Whoever goes on signs in again.
    fn end(&mut self, why: &str) {
        let (connection, is_hidden) = (self.connection, self.is_hidden);
        *self = Self { connection, is_hidden, ..Self::default() };
        self.say(format!("{why}: please sign in again."));
    }

    /// Folds an event of the session into what is shown.
    pub fn fold(&mut self, now: Now, event: Event) {
        match event {
            Event::Asked(question) if Decision::asked(&question).is_some() => {
                self.decision = Decision::asked(&question);
            }
            // What was kept is not good any more.
            Event::Asked(_) if self.me.is_some() => self.end("Your session has ended"),
            Event::EndedElsewhere => self.end("You were signed out from another session"),
            Event::Asked(_) | Event::ServerKey(_) => {}
            Event::PutOff(put_off) => self.sign_in.put_off(put_off),
            Event::SignedIn(name) => {
                self.me = Some(name);
                self.sign_in = SignIn::default();
            }
            Event::SignedOut => *self = Self::default(),
            Event::Connection(connection) => self.connection = connection,
            Event::Arrived(arrival) => self.fold_arrival(now.calendar, arrival),
            Event::Progress(id, progress) => self.fold_progress(id, &progress),
            Event::Online(online) => self.online = online,
            Event::ActiveList(roster) => self.say(format!("Online: {}", roster.names().join(", "))),
            Event::Group(group, outcome) => self.fold_group(&group, outcome),
            Event::Invited(group, by) => drop(self.groups.invitations.insert(group, by)),
            Event::InvitationEnded(group) => drop(self.groups.invitations.remove(&group)),
            Event::Asks(group, name) => drop(self.groups.asking.insert((group, name))),
            Event::AsksNoMore(group, name) => drop(self.groups.asking.remove(&(group, name))),
            Event::Renamed(from, to) => self.rename(&from, &to),
            Event::Block(name, reply) => self.say(groups::describe_block(&name, reply)),
            Event::Blocked(names, _) => self.say(groups::describe_blocked(&names)),
            Event::History(conversation, from, messages, has_more) => {
                for message in messages {
                    self.fold_earlier(now.calendar, &conversation, message);
                }
                let thread = self.thread(&conversation);
                if !from.is_forward() {
                    thread.has_earlier = has_more;
                }
                thread.is_loaded = true;
            }
            Event::Members(group, names, _) => self.groups.add_members(&group, names),
            Event::Groups(groups, _) => {
                for group in groups {
                    self.thread(&Conversation::Group(group));
                }
            }
            Event::Overview(latest, _) => {
                for message in latest {
                    if let Some(conversation) = message.conversation.clone() {
                        self.fold_earlier(now.calendar, &conversation, message);
                        self.clear_if_read(&conversation);
                    }
                }
            }
            Event::Read(conversation, sequence) => {
                let read = self.read.entry(conversation.clone()).or_default();
                *read = sequence.max(*read);
                self.clear_if_read(&conversation);
            }
            Event::Sessions(sessions) => self.account.sessions = Some(sessions),
            // The list is asked for again.
            Event::SessionsEnded(_) => {}
            Event::Password(outcome) => self.account.fold(outcome),
            Event::OtherLog => {
                self.threads.values_mut().for_each(Thread::forget_places);
                self.read.clear();
            }
            // Not shown, or asked for by the client.
            Event::Unread(..)
            | Event::Settings(_)
            | Event::Typing(..)
            | Event::Receivers(..)
            | Event::Stale => {}
            Event::Line(line) => self.say(line),
        }
    }

    /// One's own message waits in the session: shows it, unless it is here.
    pub fn add_waiting(&mut self, now: UnixTime, outgoing: &Outgoing) {
        let Outgoing { id, conversation: to, kind, text } = outgoing;
        let content = match kind {
            MessageKind::Text | MessageKind::Reply(_) | MessageKind::Unknown(_) => {
                if !self.thread(to).has_own(*id) {
                    self.add_own(now, to, *id, text.clone());
                }
                return;
            }
            MessageKind::Edit(_) => Content::Text(text.clone()),
            MessageKind::Deletion(_) => Content::TakenBack,
            MessageKind::Reaction(_) => match text.parse() {
                Ok(reaction) => Content::Reaction(reaction),
                Err(_) => return,
            },
        };
        self.add_change(*id, to.clone(), kind.clone(), content);
    }

    /// One's own change of a line was handed to the session. It is shown when it is stored.
    pub fn add_change(
        &mut self,
        id: MessageId,
        conversation: Conversation,
        kind: MessageKind,
        content: Content,
    ) {
        self.pending_changes.insert(id, Change { conversation, kind, content });
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
            sequence: None,
            delivery: Some(Delivery::new(id)),
            changes: Changes::default(),
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

    /// The page came to the front, or went behind something.
    pub fn set_hidden(&mut self, is_hidden: bool) {
        self.is_hidden = is_hidden;
        if !is_hidden && self.unread_in_front() > 0 {
            self.select(self.selected.clone());
        }
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
        self.online.names.iter().filter(|name| Some(*name) != me).cloned().collect()
    }

    /// Whether it is certain that somebody is not online.
    #[must_use]
    pub fn is_away(&self, name: &UserName) -> bool {
        self.online.is_complete && !self.online.names.contains(name)
    }

    /// The conversation that is read at present, and up to where.
    #[must_use]
    pub fn read_in_front(&self) -> Option<(Conversation, Sequence)> {
        let conversation = self.selected.as_ref().filter(|_| !self.is_hidden)?;
        let last = self.threads.get(conversation)?.last_sequence()?;
        Some((conversation.clone(), last))
    }

    /// All unread messages.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.threads.values().map(|thread| thread.unread).sum()
    }

    fn unread_in_front(&self) -> usize {
        let thread = self.selected.as_ref().and_then(|selected| self.threads.get(selected));
        thread.map_or(0, |thread| thread.unread)
    }

    /// Classic delivery does not tell where a message belongs: then it is shown with its sender, or,
    /// if even that is lost, in the conversation in front.
    fn fold_arrival(&mut self, time: UnixTime, arrival: Arrival) {
        if !arrival.kind.is_line() {
            return self.change(arrival);
        }
        let sender = arrival.sender.clone();
        let is_own = sender.is_some() && sender == self.me;
        let conversation = arrival.conversation.clone();
        let conversation = conversation
            .or_else(|| sender.map(Conversation::User))
            .or_else(|| self.selected.clone())
            .unwrap_or(Conversation::Everyone);
        let is_in_front = !self.is_hidden && self.selected.as_ref() == Some(&conversation);
        if self.add(time, &conversation, arrival) && !is_in_front && !is_own {
            self.thread(&conversation).unread += 1;
        }
        self.thread(&conversation).make_room();
    }

    /// A line that was asked for, or what was said about one.
    fn fold_earlier(&mut self, now: UnixTime, conversation: &Conversation, arrival: Arrival) {
        if arrival.kind.is_line() {
            self.add(now, conversation, arrival);
        } else {
            self.change(arrival);
        }
    }

    /// Changes a line, if that is here.
    fn change(&mut self, arrival: Arrival) {
        let Arrival { conversation, sender, kind, content, stored, .. } = arrival;
        if let (Some(conversation), Some(sender), Some(stored)) = (conversation, sender, stored)
            && let Some(thread) = self.threads.get_mut(&conversation)
        {
            thread.change(stored.sequence, &sender, &kind, content);
        }
    }

    fn fold_progress(&mut self, id: MessageId, progress: &Progress) {
        if !self.pending_changes.contains_key(&id) {
            let threads = self.threads.values_mut();
            return threads.for_each(|thread| thread.fold_progress(id, progress));
        }
        match progress {
            Progress::Stored(stored, _) => {
                let change = self.pending_changes.remove(&id);
                if let (Some(change), Some(me)) = (change, &self.me)
                    && let Some(thread) = self.threads.get_mut(&change.conversation)
                {
                    thread.change(stored.sequence, me, &change.kind, change.content);
                }
            }
            Progress::Failed(failure, _) => {
                self.pending_changes.remove(&id);
                let why = match failure {
                    Failure::Refused(why) => why.as_str(),
                    Failure::NoSuchUser => "no such user",
                    Failure::Lost | Failure::Corrupted | Failure::NoAnswer => "it was lost",
                };
                self.say(format!("Nothing was changed: {why}."));
            }
            Progress::Sent | Progress::Received(_) | Progress::ReceivedCount { .. } => {}
        }
    }

    /// What was read elsewhere is not unread here.
    fn clear_if_read(&mut self, conversation: &Conversation) {
        let read = self.read.get(conversation).copied();
        if let Some(thread) = self.threads.get_mut(conversation)
            && thread.last_sequence().is_some_and(|last| Some(last) <= read)
        {
            thread.unread = 0;
        }
    }

    /// Adds a message to its conversation. False if it was there.
    fn add(&mut self, now: UnixTime, conversation: &Conversation, arrival: Arrival) -> bool {
        let Arrival { sender, content, stored, receipts, .. } = arrival;
        let is_own = sender.is_some() && sender == self.me;
        let delivery = stored.filter(|_| is_own).map(|at| Delivery::stored(at.id, receipts));
        let key = self.next_key();
        self.thread(conversation).add(Message {
            key,
            sender,
            content,
            time: stored.map_or(now, |at| at.time),
            sequence: stored.map(|at| at.sequence),
            delivery,
            changes: Changes::default(),
        })
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

    use netchat_client::session::{Question, StoredAt};
    use netchat_shared::extended::{HistoryFrom, Receipts, Recipients};

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

    fn texts(model: &Model) -> Vec<String> {
        let messages = model.threads[&bob()].messages.iter();
        messages
            .map(|message| match &message.content {
                Content::Text(text) => text.clone(),
                Content::TakenBack => "(taken back)".to_owned(),
                Content::Corrupted => "(corrupted)".to_owned(),
                Content::Reaction(_) | Content::Unknown => "(unknown)".to_owned(),
            })
            .collect()
    }

    #[test]
    fn messages_stand_in_the_order_of_the_server() {
        let mut model = signed_in();
        model.add_own(NOW.calendar, &bob(), MessageId(5), "mine".to_owned());
        model.fold(NOW, Event::Arrived(stored(4, "bob", "faster")));
        assert_eq!(texts(&model), ["faster", "mine"], "what has no place yet stands at the end");
        let progress = Progress::Stored(at(5), for_names(&["bob"]));
        model.fold(NOW, Event::Progress(MessageId(5), progress));
        model.fold(NOW, Event::Arrived(stored(6, "bob", "later")));
        let history = vec![stored(2, "bob", "old"), stored(4, "bob", "faster")];
        model.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), history, true));
        assert_eq!(texts(&model), ["old", "faster", "mine", "later"], "none is there twice");
        assert!(model.threads[&bob()].has_earlier);
        assert_eq!(model.threads[&bob()].first_sequence(), Some(Sequence(2)));
    }

    #[test]
    fn a_page_that_is_open_for_weeks_keeps_no_more_than_it_must() {
        let mut model = signed_in();
        for sequence in 1..=5_001 {
            model.fold(NOW, Event::Arrived(stored(sequence, "bob", "hi")));
        }
        let thread = &model.threads[&bob()];
        assert_eq!((thread.messages.len(), thread.has_earlier), (4_501, true));
        assert_eq!(thread.first_sequence(), Some(Sequence(501)));
    }

    #[test]
    fn ones_own_messages_from_elsewhere_are_not_unread() {
        let mut model = signed_in();
        model.fold(NOW, Event::Arrived(stored(1, "alice", "from my phone")));
        assert_eq!(model.unread(), 0);
        assert!(model.threads[&bob()].messages[0].delivery.is_some());
    }

    #[test]
    fn receipts_of_several_are_counted() {
        let mut model = signed_in();
        let id = MessageId(7);
        model.add_own(NOW.calendar, &bob(), id, "hi".to_owned());
        let names: Vec<UserName> = ["bob", "eve", "dan"].map(|name| name.parse().unwrap()).into();
        let summary = |model: &Model| {
            model.threads[&bob()].messages[0].delivery.clone().unwrap().summary(|_| true)
        };
        model.fold(
            NOW,
            Event::Progress(id, Progress::Stored(at(7), for_names(&["bob", "eve", "dan"]))),
        );
        assert_eq!(summary(&model), "Sent to 3");
        model.fold(NOW, Event::Progress(id, Progress::Received(names[0].clone())));
        let lost = Progress::Failed(Failure::Lost, Some(names[1].clone()));
        model.fold(NOW, Event::Progress(id, lost));
        assert_eq!(summary(&model), "Received by 1 of 3");
    }

    #[test]
    fn a_message_to_somebody_who_is_away_is_said_to_wait() {
        let mut model = signed_in();
        let id = MessageId(7);
        model.add_own(NOW.calendar, &bob(), id, "hi".to_owned());
        let name: UserName = "bob".parse().unwrap();
        model.fold(NOW, Event::Progress(id, Progress::Stored(at(7), for_names(&["bob"]))));
        let delivery = model.threads[&bob()].messages[0].delivery.clone().unwrap();
        assert_eq!(delivery.summary(|_| true), "Sent, waits for bob");
        assert_eq!(delivery.summary(|other| *other != name), "Sent");
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
    fn what_arrives_behind_another_tab_is_unread_until_the_page_is_seen() {
        let mut model = signed_in();
        model.select(Some(bob()));
        model.set_hidden(true);
        model.fold(NOW, arrival("one"));
        assert_eq!(model.unread(), 1);
        model.set_hidden(false);
        assert_eq!(model.unread(), 0);
        assert_eq!(model.threads[&bob()].first_unread, Some(MessageKey(1)));
    }

    #[test]
    fn ones_own_messages_show_how_far_they_got() {
        let mut model = signed_in();
        let id = MessageId(7);
        model.add_own(NOW.calendar, &bob(), id, "hi".to_owned());
        let state = |model: &Model| {
            model.threads[&bob()].messages[0].delivery.clone().unwrap().summary(|_| true)
        };
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
        model.fold(NOW, Event::Progress(MessageId(7), Progress::Failed(Failure::NoSuchUser, None)));
        let message = &model.threads[&bob()].messages[0];
        assert_eq!(
            message.delivery.clone().unwrap().summary(|_| true),
            "Not sent: no such user, or not online"
        );
        let key = message.key;
        assert_eq!(model.take_failed(&bob(), key), Some("hi".to_owned()));
        assert!(model.threads[&bob()].messages.is_empty());
    }

    #[test]
    fn changes_are_folded_into_their_lines_in_whatever_order_they_come() {
        let mut model = signed_in();
        let of = Sequence(1);
        let text = |text: &str| Content::Text(text.to_owned());
        let reaction = |text: &str| Content::Reaction(text.parse().unwrap());
        model.fold(NOW, Event::Arrived(stored(1, "bob", "teh")));
        let changes = [
            about(2, MessageKind::Edit(of), text("th")),
            about(3, MessageKind::Edit(of), text("the")),
            about(4, MessageKind::Reaction(of), reaction("👍")),
            about(5, MessageKind::Reaction(of), reaction("🎉")),
            about(6, MessageKind::Reaction(of), reaction("-🎉")),
            about(7, MessageKind::Edit(of), Content::Corrupted),
        ];
        for change in changes.iter().rev().chain(&changes) {
            model.fold(NOW, Event::Arrived(change.clone()));
        }
        let line = &model.threads[&bob()].messages[0];
        assert!(line.changes.is_edited());
        assert_eq!(line.changes.signs(), [("👍".parse().unwrap(), 1)]);
        assert_eq!((texts(&model), model.unread()), (vec!["the".to_owned()], 1));
        model.fold(NOW, Event::Arrived(about(8, MessageKind::Deletion(of), Content::TakenBack)));
        model.fold(NOW, Event::History(bob(), HistoryFrom::Before(None), changes.to_vec(), false));
        let line = &model.threads[&bob()].messages[0];
        assert_eq!((&line.content, line.changes.signs()), (&Content::TakenBack, vec![]));
    }

    #[test]
    fn ones_own_changes_are_shown_when_they_are_stored() {
        let mut model = signed_in();
        model.fold(NOW, Event::Arrived(stored(1, "alice", "teh")));
        let kind = MessageKind::Edit(Sequence(1));
        let text = Content::Text("the".to_owned());
        model.add_change(MessageId(9), bob(), kind.clone(), text.clone());
        assert_eq!(texts(&model), ["teh"]);
        let progress = Progress::Stored(at(9), for_names(&["bob"]));
        model.fold(NOW, Event::Progress(MessageId(9), progress));
        assert_eq!(texts(&model), ["the"]);
        model.add_change(MessageId(10), bob(), kind, text);
        let refused = Failure::Refused("that message was changed too often".to_owned());
        model.fold(NOW, Event::Progress(MessageId(10), Progress::Failed(refused, None)));
        assert_eq!(model.lines, ["Nothing was changed: that message was changed too often."]);
    }

    #[test]
    fn a_line_of_a_newer_client_is_a_line() {
        let mut model = signed_in();
        let poll = MessageKind::from_parts("poll", None).unwrap();
        model.fold(NOW, Event::Arrived(about(1, poll, Content::Unknown)));
        assert_eq!((model.threads[&bob()].messages.len(), model.unread()), (1, 1));
    }

    #[test]
    fn of_many_recipients_the_number_is_shown() {
        let mut model = signed_in();
        let id = MessageId(7);
        model.add_own(NOW.calendar, &bob(), id, "hear".to_owned());
        let summary = |model: &Model| {
            model.threads[&bob()].messages[0].delivery.clone().unwrap().summary(|_| true)
        };
        let mut fold = |progress| {
            model.fold(NOW, Event::Progress(id, progress));
            summary(&model)
        };
        assert_eq!(fold(Progress::Stored(at(7), Recipients::new(120, []))), "Sent to 120");
        let lost = Progress::Failed(Failure::Lost, "bob".parse().ok());
        assert_eq!(fold(lost), "Sent to 120");
        let count = Progress::ReceivedCount { received: 3, of: 120 };
        assert_eq!(fold(count), "Received by 3 of 120");
    }

    #[test]
    fn what_is_read_elsewhere_is_not_unread_here() {
        let mut model = signed_in();
        for sequence in 1..=2 {
            model.fold(NOW, Event::Arrived(stored(sequence, "bob", "hi")));
        }
        model.fold(NOW, Event::Read(bob(), Sequence(1)));
        assert_eq!(model.unread(), 2, "not to the end");
        model.fold(NOW, Event::Read(bob(), Sequence(2)));
        assert_eq!(model.unread(), 0);
        assert_eq!(model.read_in_front(), None);
        model.select(Some(bob()));
        assert_eq!(model.read_in_front(), Some((bob(), Sequence(2))));
        model.set_hidden(true);
        assert_eq!(model.read_in_front(), None);
    }

    #[test]
    fn places_of_another_log_are_forgotten() {
        let mut model = signed_in();
        model.fold(
            NOW,
            Event::History(bob(), HistoryFrom::Before(None), vec![stored(1, "bob", "old")], true),
        );
        model.add_own(NOW.calendar, &bob(), MessageId(7), "waits".to_owned());
        model.fold(NOW, Event::OtherLog);
        assert_eq!(texts(&model), ["waits"]);
        let thread = &model.threads[&bob()];
        assert!(!thread.is_loaded && !thread.has_earlier);
    }

    #[test]
    fn a_reload_carries_on_where_it_was() {
        let mut model = signed_in();
        model.fold(NOW, arrival("one"));
        model.select(Some(Conversation::Everyone));
        let mut again = Model::resumed("alice".parse().unwrap(), model.place());
        assert_eq!((again.place(), again.unread()), (model.place(), 1));
        again.fold(NOW, Event::Asked(Question::ServerPassword { wrong: false }));
        assert_eq!((again.me, again.lines.len()), (None, 1), "what was kept is not good any more");
    }

    #[test]
    fn signing_out_leaves_nothing_behind() {
        let mut model = signed_in();
        model.fold(NOW, arrival("secret"));
        model.fold(NOW, Event::SignedOut);
        assert_eq!(model, Model::default());
    }
}
