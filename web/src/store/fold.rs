//! Events of the session, folded into what the page knows.

use std::time::Duration;

use netchat_client::session::{
    Arrival, Connection, Content, CrossedSettings, Event, Failure, Outgoing, PasswordOutcome,
    Progress,
};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::HistoryFrom;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::{Instant, Now, UnixTime};

use crate::intl;
use crate::words::{Word, notice, values};

use super::{
    Change, Changes, Decision, Delivery, Groups, Message, MessageKey, PersonSettings, SignIn,
    Store, Thing,
};

/// How long somebody counts as writing after they were seen to.
const TYPING_FOR: Duration = Duration::from_secs(6);
/// Most people who are shown as writing.
const TYPING_MAX: usize = 64;
/// Most arrivals that the person is told of at once; the earliest are left out.
const NEWS_MAX: usize = 32;

/// A message of somebody else that the person may be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Where it arrived.
    pub conversation: Conversation,
    /// Which it is.
    pub key: MessageKey,
    /// It names the person.
    pub names_one: bool,
}

impl Store {
    /// Folds an event of the session into what is known.
    pub fn fold(&mut self, now: Now, event: Event) {
        match event {
            Event::Asked(question) if Decision::asked(&question).is_some() => {
                self.decision = Decision::asked(&question);
                self.touched.thing(Thing::Person);
            }
            // What was kept is not good any more.
            Event::Asked(_) if self.me.is_some() => self.end(notice::ENDED),
            Event::EndedElsewhere => self.end(notice::ENDED_ELSEWHERE),
            Event::Asked(_) | Event::ServerKey(_) => {}
            Event::PutOff(put_off) => self.change_sign_in(|sign_in| sign_in.put_off(put_off)),
            Event::SignedIn(name) => self.enter(name),
            Event::SignedOut => self.clear(),
            Event::Connection(connection) => self.set_connection(connection),
            Event::Arrived(arrival) => self.fold_arrival(now.calendar, arrival),
            Event::Progress(id, progress) => self.fold_progress(id, &progress),
            Event::Online(online) => {
                self.online = online;
                self.touched.thing(Thing::Online);
            }
            Event::ActiveList(roster) => self.say_online(&roster.names()),
            Event::History(conversation, from, messages, has_more) => {
                if self.search_page(&conversation, from, &messages, has_more) {
                    return;
                }
                self.fold_history(now.calendar, &conversation, from, messages, has_more);
            }
            Event::Unread(conversation, count) => self.fold_unread(&conversation, count),
            Event::Groups(groups, has_more) => self.fold_groups(&groups, has_more),
            Event::Overview(latest, _) => self.fold_overview(now.calendar, latest),
            Event::Read(conversation, sequence) => self.fold_read(&conversation, sequence),
            Event::Typing(conversation, name) => {
                self.fold_typing(now.monotonic, conversation, name);
            }
            Event::Sessions(sessions) => self.change_account(|it| it.sessions = Some(sessions)),
            // What they change is asked for again by the client.
            Event::SessionsEnded(_) | Event::Stale => {}
            Event::Password(outcome) => self.fold_password(outcome),
            Event::Settings(text) => self.set_person(PersonSettings::from_text(&text)),
            Event::SettingsCrossed(crossed) => self.fold_crossed(&crossed),
            Event::SettingsRenamed(from, to) => self.rename_in_settings(&from, &to),
            Event::OtherLog => self.forget_places(),
            Event::Receivers(sequence, names, _) => self.fold_receivers(sequence, names),
            Event::Line(told) => self.say(values::told_sentence(self.locale(), &told)),
            Event::Group(group, outcome) => self.fold_group(&group, outcome),
            Event::Renamed(from, to) => self.rename(&from, &to),
            Event::Invited(group, by) => {
                self.decisions(|groups| drop(groups.invitations.insert(group, by)));
            }
            Event::InvitationEnded(group) => {
                self.decisions(|groups| drop(groups.invitations.remove(&group)));
            }
            Event::Asks(group, name) => {
                self.decisions(|groups| {
                    groups.asking.insert((group, name));
                });
            }
            Event::AsksNoMore(group, name) => {
                self.decisions(|groups| {
                    groups.asking.remove(&(group, name));
                });
            }
            Event::Members(group, names, _) => {
                self.groups.add_members(&group, names);
                self.touched.thing(Thing::Details);
            }
            Event::Block(name, reply) => self.say_block(&name, reply),
            Event::Blocked(names, _) => self.say_blocked(&names),
        }
    }

    /// Both sessions of the person have changed something: both changes hold.
    fn fold_crossed(&mut self, crossed: &CrossedSettings) {
        let [base, mine, theirs] =
            [&crossed.base, &crossed.mine, &crossed.theirs].map(PersonSettings::from_text);
        self.set_person(PersonSettings::merged(&base, &mine, theirs));
    }

    fn fold_password(&mut self, outcome: PasswordOutcome) {
        let locale = self.locale();
        self.change_account(|account| account.fold(locale, outcome));
    }

    fn enter(&mut self, name: UserName) {
        self.me = Some(name);
        self.sign_in = SignIn::default();
        self.touched.thing(Thing::SignIn);
        self.touched.thing(Thing::Person);
    }

    fn set_connection(&mut self, connection: Connection) {
        self.connection = connection;
        self.threads.values_mut().for_each(|thread| thread.is_unreadable = false);
        self.touched.thing(Thing::Connection);
        self.touched.thing(Thing::Online);
    }

    /// Whoever goes on signs in again. What was written and not sent stays in the browser.
    pub(crate) fn end(&mut self, why: Word) {
        self.clear();
        self.say_word(why);
    }

    /// Says who is online.
    pub(crate) fn say_online<T: AsRef<str>>(&mut self, names: &[T]) {
        let locale = self.locale();
        let names = intl::list(locale, names.iter().map(AsRef::as_ref));
        self.say(notice::Online { names: &names }.say(locale));
    }

    /// Invitations, and who asks to join, change.
    fn decisions(&mut self, change: impl FnOnce(&mut Groups)) {
        change(&mut self.groups);
        self.touched.thing(Thing::Decisions);
    }

    /// One's own message waits in the session: shows it, unless it is here.
    pub fn add_waiting(&mut self, now: UnixTime, outgoing: &Outgoing) {
        let Outgoing { id, conversation: to, kind, text } = outgoing;
        let content = match kind {
            MessageKind::Text | MessageKind::Reply(_) | MessageKind::Unknown(_) => {
                if !self.own.contains_key(id) {
                    self.add_own(now, to, *id, kind, text.clone());
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
    pub fn add_own(
        &mut self,
        now: UnixTime,
        to: &Conversation,
        id: MessageId,
        kind: &MessageKind,
        text: String,
    ) {
        let Some(me) = self.me.clone() else { return };
        let message = Message {
            answers: answered(kind),
            delivery: Some(Delivery::new(id)),
            ..self.new_message(to, Some(me), Content::Text(text), now)
        };
        let key = self.next_key();
        self.own.insert(id, key);
        self.messages.insert(key, message);
        self.thread(to).timeline.push_unplaced(key);
        self.lines_changed(to);
    }

    /// A failed message is sent again, under a new id, at the end of its conversation.
    pub fn take_failed(&mut self, key: MessageKey) -> Option<(Conversation, String)> {
        let message = self.messages.get(&key)?;
        let delivery = message.delivery.as_ref().filter(|delivery| delivery.has_failed())?;
        let (id, text) = (delivery.id(), message.text()?.to_owned());
        let conversation = message.conversation.clone();
        self.own.remove(&id);
        self.messages.remove(&key);
        self.thread(&conversation).timeline.remove_unplaced(key);
        self.lines_changed(&conversation);
        Some((conversation, text))
    }

    fn new_message(
        &self,
        conversation: &Conversation,
        sender: Option<UserName>,
        content: Content,
        time: UnixTime,
    ) -> Message {
        Message {
            conversation: conversation.clone(),
            sender,
            content,
            time,
            day: (self.day_of)(time),
            sequence: None,
            answers: None,
            delivery: None,
            changes: Changes::default(),
            is_first: false,
            is_going: false,
            is_unfolded: false,
        }
    }

    /// Classic delivery does not tell where a message belongs: then it is shown with its sender, or,
    /// if even that is lost, in the conversation in front.
    fn fold_arrival(&mut self, now: UnixTime, arrival: Arrival) {
        self.search_arrival(&arrival);
        if !arrival.kind.is_line() {
            return self.change(arrival);
        }
        let sender = arrival.sender.clone();
        let is_own = sender.is_some() && sender == self.me;
        let stored = arrival.stored;
        let conversation = arrival.conversation.clone();
        let conversation = conversation
            .or_else(|| sender.clone().map(Conversation::User))
            .or_else(|| self.front.as_ref().map(|front| front.conversation.clone()))
            .unwrap_or(Conversation::Everyone);
        let Some(key) = self.add(now, &conversation, arrival) else { return };
        if let Some(stored) = stored {
            self.thread(&conversation).timeline.follows_from(stored.sequence);
        }
        if !is_own {
            self.note_unread(&conversation, key, stored.map(|at| at.sequence));
            let front = self.front.as_mut().filter(|front| front.conversation == conversation);
            front.into_iter().for_each(|front| front.heard = Some(key));
        }
        if let Some(sender) = sender {
            self.stop_typing(&conversation, &sender);
        }
        self.make_room(&conversation);
        self.lines_changed(&conversation);
    }

    fn make_room(&mut self, conversation: &Conversation) {
        let front = self.front.as_ref().filter(|front| front.conversation == *conversation);
        let window = front.map(|front| front.window);
        let forgotten = self.thread(conversation).timeline.make_room(window);
        self.forget(forgotten);
    }

    fn forget(&mut self, keys: Vec<MessageKey>) {
        for key in keys {
            let delivery = self.messages.remove(&key).and_then(|message| message.delivery);
            if let Some(delivery) = delivery {
                self.own.remove(&delivery.id());
            }
        }
    }

    /// A page of a conversation, in order, each line before what changes it.
    fn fold_history(
        &mut self,
        now: UnixTime,
        conversation: &Conversation,
        from: HistoryFrom,
        messages: Vec<Arrival>,
        has_more: bool,
    ) {
        // It was left, or renamed, while the page was under way.
        if !self.threads.contains_key(conversation) {
            return;
        }
        let places = messages.iter().filter(|arrival| arrival.kind.is_line());
        let places: Vec<_> = places.filter_map(|arrival| Some(arrival.stored?.sequence)).collect();
        for message in messages {
            if message.kind.is_line() {
                self.add(now, conversation, message);
            } else {
                self.change(message);
            }
        }
        let thread = self.thread(conversation);
        thread.asked = thread.asked.filter(|asked| *asked != from);
        // A server that could not read says that there is more, and gives nothing.
        thread.is_unreadable = places.is_empty() && has_more;
        thread.is_loaded |= from == HistoryFrom::Before(None) && !thread.is_unreadable;
        if thread.is_unreadable {
            self.say_word(notice::NOT_READ);
            return;
        }
        let thread = self.thread(conversation);
        let (first, last) = (places.iter().min().copied(), places.iter().max().copied());
        match from {
            HistoryFrom::Before(before) => {
                let to = before.map_or(Sequence::MAX, Sequence::previous);
                match first {
                    Some(first) if has_more => thread.timeline.know(first, to),
                    None if has_more => {}
                    Some(_) | None => thread.timeline.know(Sequence::ZERO, to),
                }
            }
            HistoryFrom::After(after) => match last {
                Some(last) if has_more => thread.timeline.know(after.next(), last),
                None if has_more => {}
                Some(_) | None => thread.timeline.know(after.next(), Sequence::MAX),
            },
            HistoryFrom::At(_) => {
                if let (Some(first), Some(last)) = (first, last) {
                    thread.timeline.know(first, if has_more { last } else { Sequence::MAX });
                }
            }
        }
        let front = self.front.as_mut().filter(|front| front.conversation == *conversation);
        if let Some(front) = front {
            front.wants.take_if(|wanted| *wanted == from);
            if from.is_forward() && std::mem::take(&mut front.goes_to_first) {
                front.goes_to = first;
            }
        }
        self.lines_changed(conversation);
        self.arrive_at_jump();
    }

    /// The latest lines of conversations.
    fn fold_overview(&mut self, now: UnixTime, latest: Vec<Arrival>) {
        for message in latest {
            let Some(conversation) = message.conversation.clone() else { continue };
            if !message.kind.is_line() {
                self.change(message);
                continue;
            }
            let place = message.stored.map(|stored| stored.sequence);
            self.add(now, &conversation, message);
            if let Some(place) = place {
                self.thread(&conversation).timeline.follows_from(place);
                self.count_up_to(&conversation, place);
            }
            self.lines_changed(&conversation);
        }
    }

    /// Changes a line, if that is here.
    fn change(&mut self, arrival: Arrival) {
        let Arrival { conversation, sender, kind, content, stored, .. } = arrival;
        if let (Some(conversation), Some(sender), Some(stored)) = (conversation, sender, stored) {
            self.change_line(&conversation, stored.sequence, &sender, &kind, content);
        }
    }

    fn change_line(
        &mut self,
        conversation: &Conversation,
        at: Sequence,
        who: &UserName,
        kind: &MessageKind,
        content: Content,
    ) {
        let thread = self.threads.get(conversation);
        let line = thread.zip(kind.of()).and_then(|(thread, of)| thread.timeline.find(of));
        let Some(key) = line else { return };
        if let Some(message) = self.messages.get_mut(&key)
            && message.change(at, who, kind, content)
        {
            self.touched.row(key);
            self.touched.entry(conversation);
        }
    }

    fn fold_progress(&mut self, id: MessageId, progress: &Progress) {
        if !self.pending_changes.contains_key(&id) {
            return self.fold_delivery(id, progress);
        }
        match progress {
            Progress::Stored(stored, _) => {
                let change = self.pending_changes.remove(&id);
                if let (Some(change), Some(me)) = (change, self.me.clone()) {
                    let Change { conversation, kind, content } = change;
                    self.change_line(&conversation, stored.sequence, &me, &kind, content.clone());
                    self.search_own(*stored, conversation, kind, content);
                }
            }
            Progress::Failed(failure, _) => {
                self.pending_changes.remove(&id);
                let locale = self.locale();
                let why = match failure {
                    Failure::Refused(why) => &values::told(locale, why),
                    Failure::NoSuchUser => notice::UNCHANGED_NO_USER.say(locale),
                    Failure::Lost | Failure::Corrupted | Failure::NoAnswer => {
                        notice::UNCHANGED_LOST.say(locale)
                    }
                };
                self.say(notice::Unchanged { why: &why }.say(locale));
            }
            Progress::Sent | Progress::Received(_) | Progress::ReceivedCount { .. } => {}
        }
    }

    /// News of one's own message, if it is here.
    fn fold_delivery(&mut self, id: MessageId, progress: &Progress) {
        let Some(key) = self.own.get(&id).copied() else { return };
        let Some(message) = self.messages.get_mut(&key) else { return };
        self.touched.row(key);
        if let Some(delivery) = &mut message.delivery {
            delivery.fold(progress);
        }
        if *progress == Progress::Sent {
            // A classic server tells no places.
            let conversation = message.conversation.clone();
            self.thread(&conversation).timeline.settle(key);
            self.lines_changed(&conversation);
        } else if let Progress::Stored(stored, _) = progress
            && message.sequence.is_none()
        {
            // Now it has a place: others may have been faster.
            message.sequence = Some(stored.sequence);
            message.time = stored.time;
            message.day = (self.day_of)(stored.time);
            let (conversation, content) = (message.conversation.clone(), message.content.clone());
            self.thread(&conversation).timeline.place(key, stored.sequence);
            self.lines_changed(&conversation);
            self.search_own(*stored, conversation, MessageKind::Text, content);
        }
    }

    /// Adds a message to its conversation; `None` if it was there.
    fn add(
        &mut self,
        now: UnixTime,
        conversation: &Conversation,
        arrival: Arrival,
    ) -> Option<MessageKey> {
        let Arrival { sender, kind, content, stored, receipts, .. } = arrival;
        let is_own = sender.is_some() && sender == self.me;
        let delivery = stored.filter(|_| is_own).map(|at| Delivery::stored(at.id, receipts));
        let time = stored.map_or(now, |at| at.time);
        let id = stored.filter(|_| is_own).map(|at| at.id);
        if let Some(key) = id.and_then(|id| self.own.get(&id).copied()) {
            self.settle_own(key, conversation, stored.map(|at| at.sequence));
            return None;
        }
        let key = self.next_key();
        let timeline = &mut self.thread(conversation).timeline;
        match stored {
            Some(at) => {
                if let Some(there) = timeline.insert(at.sequence, key) {
                    if content == Content::TakenBack {
                        self.change_message(there, Message::take_back);
                    }
                    return None;
                }
            }
            // A classic server does not tell.
            None => timeline.push(key),
        }
        let message = Message {
            sequence: stored.map(|at| at.sequence),
            answers: answered(&kind),
            delivery,
            ..self.new_message(conversation, sender, content, time)
        };
        self.messages.insert(key, message);
        if let Some(id) = id {
            self.own.insert(id, key);
        }
        Some(key)
    }

    /// One's own message that waits here came back, sent by another tab: it has a place now.
    fn settle_own(&mut self, key: MessageKey, conversation: &Conversation, at: Option<Sequence>) {
        let Some(message) = self.messages.get_mut(&key) else { return };
        if let Some(at) = at.filter(|_| message.sequence.is_none()) {
            message.sequence = Some(at);
            self.thread(conversation).timeline.place(key, at);
            self.touched.row(key);
            self.lines_changed(conversation);
        }
    }

    fn fold_receivers(&mut self, of: Sequence, names: Vec<UserName>) {
        let own = self
            .front
            .as_ref()
            .and_then(|front| self.threads.get(&front.conversation)?.timeline.find(of));
        let Some(key) = own else { return };
        self.change_message(key, |message| {
            if let Some(delivery) = &mut message.delivery {
                names.into_iter().for_each(|name| delivery.fold(&Progress::Received(name)));
            }
        });
    }

    fn fold_typing(&mut self, now: Instant, conversation: Conversation, name: UserName) {
        self.typing.retain(|(there, who, _)| (there, who) != (&conversation, &name));
        if self.typing.len() < TYPING_MAX {
            self.typing.push((conversation, name, now + TYPING_FOR));
        }
        self.touched.thing(Thing::Typing);
    }

    fn stop_typing(&mut self, conversation: &Conversation, name: &UserName) {
        let before = self.typing.len();
        self.typing.retain(|(there, who, _)| (there, who) != (conversation, name));
        if self.typing.len() != before {
            self.touched.thing(Thing::Typing);
        }
    }

    /// Notes news, unless there is too much of it.
    pub(super) fn note_news(&mut self, news: News) {
        if self.news.len() >= NEWS_MAX {
            self.news.remove(0);
        }
        self.news.push(news);
    }

    /// The server's log is another one: what has a place in the former is forgotten.
    fn forget_places(&mut self) {
        let mut forgotten = Vec::new();
        for thread in self.threads.values_mut() {
            forgotten.extend(thread.timeline.forget_places());
            (thread.unread, thread.read) = (0, Sequence::ZERO);
            (thread.is_loaded, thread.asked, thread.is_unreadable) = (false, None, false);
            (thread.told_unread, thread.counted_to) = (None, Sequence::ZERO);
        }
        self.forget(forgotten);
        self.searching.forget_places();
        if let Some(front) = &mut self.front {
            front.window = super::Window::default();
            (front.new_after, front.goes_to, front.found) = (None, None, None);
            (front.goes_to_first, front.wants) = (false, None);
            (front.follows, front.seen) = (true, Sequence::ZERO);
        }
        self.draw_rows();
        self.touched.everything();
    }

    /// The lines of a conversation are others than before.
    pub(super) fn lines_changed(&mut self, conversation: &Conversation) {
        self.touched.entry(conversation);
        self.touched.thing(Thing::List);
        self.fit_front(conversation);
    }
}

fn answered(kind: &MessageKind) -> Option<Sequence> {
    match kind {
        MessageKind::Reply(of) => Some(*of),
        MessageKind::Text
        | MessageKind::Edit(_)
        | MessageKind::Deletion(_)
        | MessageKind::Reaction(_)
        | MessageKind::Unknown(_) => None,
    }
}
