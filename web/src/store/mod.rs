//! What the page knows, as plain data: events of the session and intents of the person are folded
//! into it, and it says what each has changed ([`Touched`]). Nothing here knows the browser, but for the words
//! of the page, whose lists and numbers the browser writes.

mod account;
mod changes;
mod decision;
mod delivery;
mod draft;
mod emoji;
mod fold;
mod front;
mod groups;
mod intent;
mod message;
mod notice;
mod rows;
mod search;
mod settings;
mod sign_in;
#[cfg(test)]
mod tests;
mod timeline;
mod touched;
mod unread;

use std::collections::HashMap;

use netchat_client::session::{Connection, Content, Online, Question};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::HistoryFrom;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::sorted::{SortedMap, SortedSet};
use netchat_shared::time::{Instant, UnixTime};

use crate::words::{Locale, Word, notice as words};

pub use self::account::{
    Account, AccountIntent, PasswordForm, describe as describe_session, device as device_of,
};
pub use self::changes::Changes;
pub use self::decision::Decision;
pub use self::delivery::{Delivery, Mark};
pub use self::draft::{About, Draft};
pub use self::emoji::{Emoji, Emojis};
pub use self::fold::News;
pub use self::front::Front;
pub use self::groups::{GroupDetails, GroupIntent, Groups};
pub use self::intent::{Intent, MessageIntent, ReadingIntent, SearchIntent};
pub use self::message::{Message, MessageKey};
pub use self::notice::{Notice, Notices, Offer};
pub use self::rows::Row;
pub use self::search::Searching;
pub use self::settings::{DeviceSettings, Hears, NoRoom, PersonSettings, Setting, Settings, Theme};
pub use self::sign_in::{Field, Form, Reply, SignIn, Wrong};
pub use self::timeline::{Moved, Timeline, Window};
pub use self::touched::{Thing, Touched};

/// Most acts that wait for being undone; with one more, the first is done.
const PENDING_ACTS_MAX: usize = 4;

/// Everything that the page knows.
#[derive(Debug)]
pub struct Store {
    /// The sign-in form, while nobody is signed in.
    pub sign_in: SignIn,
    /// Who is signed in.
    pub me: Option<UserName>,
    /// What the person has to decide before anything goes on.
    pub decision: Option<Decision>,
    /// How the session stands to the server.
    pub connection: Connection,
    /// The conversations. Everyone is always among them.
    pub threads: SortedMap<Conversation, Thread>,
    /// The conversation in front.
    pub front: Option<Front>,
    /// Who is online, oneself included.
    pub online: Online,
    /// Invitations, and the details of a group.
    pub groups: Groups,
    /// What a dialog asked for, and what became of it.
    pub answer: Answer,
    /// One's account.
    pub account: Account,
    /// What has happened, in short lines.
    pub notices: Notices,
    /// What the person has set.
    pub settings: Settings,
    /// The language of the page, if nothing else is set.
    system_locale: Locale,
    /// Emoji, once they were fetched, or could not be.
    pub emojis: Option<Option<Emojis>>,
    /// What is looked for in messages.
    pub searching: Searching,
    /// What is written and not sent. Empty ones are not kept.
    drafts: SortedMap<Conversation, Draft>,
    messages: HashMap<MessageKey, Message>,
    /// One's own messages, by their ids.
    own: HashMap<MessageId, MessageKey>,
    /// Who is writing where, and until when that is believed.
    typing: Vec<(Conversation, UserName, Instant)>,
    /// The page is behind another tab, or the screen is off: nobody reads what arrives.
    is_hidden: bool,
    /// One's own changes of lines that are not stored yet: no more than the session keeps.
    pending_changes: SortedMap<MessageId, Change>,
    /// What is done when its notice goes, unless it is undone.
    pending_acts: Vec<(u64, PendingAct)>,
    /// What arrived and the person may be told of.
    news: Vec<News>,
    /// Where something was unread and is read now: notices of it are of no use any more.
    no_news: Vec<Conversation>,
    /// Something arrived while nobody looked, and nobody was told.
    has_missed: bool,
    last_key: u64,
    /// The day of a time, where the person is.
    day_of: fn(UnixTime) -> i64,
    touched: Touched,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// Its lines.
    pub timeline: Timeline,
    /// How many lines of others are unread.
    pub unread: usize,
    /// Up to where the person has read it, in whichever session.
    pub read: Sequence,
    /// Its latest lines were asked for.
    pub is_loaded: bool,
    /// What was asked of the server, and is not answered yet.
    pub asked: Option<HistoryFrom>,
    /// The server could not read what was asked of it last: nothing more is asked until the person comes
    /// again, or the connection does.
    pub is_unreadable: bool,
    /// What the server has said is unread, until the line is here up to which it counted.
    told_unread: Option<usize>,
    /// Up to there, the server has counted what is unread.
    counted_to: Sequence,
}

/// What a dialog asked for, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing was asked for.
    Nothing,
    /// The server has not answered yet.
    Awaited,
    /// It was done.
    Done,
    /// It was not done, and why.
    Refused(String),
}

/// What is done when its notice goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingAct {
    /// This message is taken back.
    Delete(MessageKey),
    /// This group is left.
    Quit(Conversation),
}

/// Something of one's own about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    conversation: Conversation,
    kind: MessageKind,
    content: Content,
}

impl Store {
    /// A page on which nobody is signed in. `day_of` says on which day a time is where the person is,
    /// `lowercase` writes a text without capitals.
    #[must_use]
    pub fn new(day_of: fn(UnixTime) -> i64, lowercase: fn(&str) -> String) -> Self {
        Self {
            sign_in: SignIn::default(),
            me: None,
            decision: None,
            connection: Connection::Connecting,
            threads: [(Conversation::Everyone, Thread::default())].into_iter().collect(),
            front: None,
            online: Online { names: SortedSet::new(), count: 0, is_complete: false },
            groups: Groups::default(),
            answer: Answer::Nothing,
            account: Account::default(),
            notices: Notices::default(),
            settings: Settings::default(),
            system_locale: Locale::default(),
            emojis: None,
            searching: Searching::new(lowercase),
            drafts: SortedMap::new(),
            messages: HashMap::new(),
            own: HashMap::new(),
            typing: Vec::new(),
            is_hidden: false,
            pending_changes: SortedMap::new(),
            pending_acts: Vec::new(),
            news: Vec::new(),
            no_news: Vec::new(),
            has_missed: false,
            last_key: 0,
            day_of,
            touched: Touched::default(),
        }
    }

    /// A page whose session goes on: nobody is asked to sign in.
    pub fn resume(&mut self, me: UserName) {
        self.me = Some(me);
        self.touched.thing(Thing::Person);
    }

    /// What was changed since this was asked last.
    pub fn take_touched(&mut self) -> Touched {
        self.settle();
        std::mem::take(&mut self.touched)
    }

    /// What arrived since this was asked last, and the person may be told of.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// The conversations that were read since this was asked last, and had something unread.
    pub fn take_no_news(&mut self) -> Vec<Conversation> {
        std::mem::take(&mut self.no_news)
    }

    /// Nobody is signed in any more. What belongs to the browser stays.
    fn clear(&mut self) {
        let mut cleared = Self::new(self.day_of, self.searching.lowercase());
        cleared.connection = self.connection;
        cleared.is_hidden = self.is_hidden;
        cleared.last_key = self.last_key;
        cleared.settings.device = self.settings.device;
        cleared.system_locale = self.system_locale;
        cleared.emojis = self.emojis.take();
        cleared.notices = std::mem::take(&mut self.notices);
        cleared.touched.everything();
        *self = cleared;
    }

    /// A message that is here.
    #[must_use]
    pub fn message(&self, key: MessageKey) -> Option<&Message> {
        self.messages.get(&key)
    }

    /// The line of that place in a conversation, if it is here.
    #[must_use]
    pub fn line(&self, conversation: &Conversation, sequence: Sequence) -> Option<&Message> {
        let key = self.threads.get(conversation)?.timeline.find(sequence)?;
        self.messages.get(&key)
    }

    /// Shows a line about something that has happened, or about a mistake of the person.
    pub fn say(&mut self, line: String) {
        self.notices.say(line, Offer::Nothing);
        self.touched.thing(Thing::Notices);
    }

    /// The same, of a line in which nothing is put.
    pub(crate) fn say_word(&mut self, word: Word) {
        self.say(word.say(self.locale()).to_owned());
    }

    /// Something arrived while nobody looked, and nobody was told.
    pub fn note_missed(&mut self) {
        self.has_missed = true;
    }

    /// Whether something was missed since this was asked last.
    pub fn take_missed(&mut self) -> bool {
        std::mem::take(&mut self.has_missed)
    }

    /// The system may tell of what arrives, if the person wants it.
    pub fn offer_notifications(&mut self) {
        let line = words::MISSED.say(self.locale());
        self.notices.say(line.to_owned(), Offer::Notifications);
        self.touched.thing(Thing::Notices);
    }

    /// The file of emoji is here, or could not be fetched.
    pub fn set_emojis(&mut self, emojis: Option<Emojis>) {
        self.emojis = Some(emojis);
        self.touched.thing(Thing::Emoji);
    }

    /// A newer version of the page is here.
    pub fn offer_new_version(&mut self) {
        let line = words::NEW_VERSION.say(self.locale());
        self.notices.say(line.to_owned(), Offer::Reload);
        self.touched.thing(Thing::Notices);
    }

    /// The session asks; answers what to reply, if the form holds it.
    pub fn asked(&mut self, question: &Question) -> Option<Reply> {
        self.touched.thing(Thing::SignIn);
        self.sign_in.asked(question)
    }

    /// The form was submitted while the session asks `question`; answers what to reply.
    pub fn submit(&mut self, form: Form, question: Option<&Question>) -> Option<Reply> {
        self.touched.thing(Thing::SignIn);
        self.sign_in.submit(form, question)
    }

    /// Something about the form changes.
    pub fn change_sign_in(&mut self, change: impl FnOnce(&mut SignIn)) {
        change(&mut self.sign_in);
        self.touched.thing(Thing::SignIn);
    }

    /// The person has decided; answers about what.
    pub fn decided(&mut self) -> Option<Decision> {
        self.touched.thing(Thing::Person);
        self.decision.take()
    }

    /// Shows the details of a group, or no more.
    pub fn show_details(&mut self, details: Option<GroupDetails>) {
        self.groups.details = details;
        self.touched.thing(Thing::Details);
    }

    /// Something about the account changes.
    pub fn change_account(&mut self, change: impl FnOnce(&mut Account)) {
        change(&mut self.account);
        self.touched.thing(Thing::Account);
    }

    /// Takes a notice away; answers what is to be done now that it was not undone.
    pub fn dismiss(&mut self, id: u64) -> Option<PendingAct> {
        self.notices.dismiss(id);
        self.touched.thing(Thing::Notices);
        let at = self.pending_acts.iter().position(|(notice, _)| *notice == id)?;
        Some(self.pending_acts.remove(at).1)
    }

    /// Takes all that waits for being undone: it is done now.
    pub fn take_pending_acts(&mut self) -> Vec<PendingAct> {
        let acts = std::mem::take(&mut self.pending_acts);
        acts.iter().for_each(|(id, _)| self.notices.dismiss(*id));
        self.touched.thing(Thing::Notices);
        acts.into_iter().map(|(_, act)| act).collect()
    }

    /// Nothing is done after all.
    pub fn undo(&mut self, id: u64) {
        if let Some(PendingAct::Delete(key)) = self.dismiss(id) {
            self.change_message(key, |message| message.is_going = false);
        }
    }

    /// The first of too many acts that could be undone: it is done now, so that its turn comes at all.
    pub fn make_room_for_act(&mut self) -> Option<PendingAct> {
        let is_full = self.pending_acts.len() >= PENDING_ACTS_MAX;
        let first = self.pending_acts.first().filter(|_| is_full).map(|(notice, _)| *notice)?;
        self.dismiss(first)
    }

    /// Does something when its notice goes, and not before.
    pub fn do_later(&mut self, act: PendingAct) {
        let text = match &act {
            PendingAct::Delete(key) => {
                self.change_message(*key, |message| message.is_going = true);
                words::DELETED.say(self.locale()).to_owned()
            }
            PendingAct::Quit(group) => words::Leaving { group }.say(self.locale()),
        };
        let id = self.notices.say(text, Offer::Undo);
        self.pending_acts.push((id, act));
        self.touched.thing(Thing::Notices);
    }

    /// Sets something; or says why not.
    pub fn set(&mut self, setting: Setting) -> Result<(), String> {
        let before = self.locale();
        let outcome = self.settings.set(setting);
        self.touch_settings();
        self.touch_language(before);
        outcome.map_err(|no_room| no_room.say(before).to_owned())
    }

    /// The language of the page. What was said in another before stays as it was.
    #[must_use]
    pub fn locale(&self) -> Locale {
        self.settings.device.language.unwrap_or(self.system_locale)
    }

    /// The language that the browser wants.
    pub fn set_system_locale(&mut self, locale: Locale) {
        let before = self.locale();
        self.system_locale = locale;
        self.touch_language(before);
    }

    /// Whatever has words is drawn anew, if they are others.
    fn touch_language(&mut self, before: Locale) {
        if self.locale() != before {
            self.touched.everything();
        }
    }

    fn set_person(&mut self, person: PersonSettings) {
        self.settings.person = person;
        self.touch_settings();
    }

    fn touch_settings(&mut self) {
        self.touched.thing(Thing::Settings);
        self.touched.thing(Thing::List);
        self.touched.thing(Thing::Unread);
        for conversation in self.threads.keys() {
            self.touched.entry(conversation);
        }
    }

    /// What was kept in the browser.
    pub fn set_device(&mut self, device: DeviceSettings) {
        let before = self.locale();
        self.settings.device = device;
        self.touched.thing(Thing::Settings);
        self.touch_language(before);
    }

    /// What a dialog asked for was done, or was not and why.
    pub(crate) fn answer(&mut self, answer: Result<(), String>) {
        if self.answer == Answer::Awaited {
            self.answer = answer.map_or_else(Answer::Refused, |()| Answer::Done);
            self.touched.thing(Thing::Answer);
        }
    }

    /// A dialog asks for something, and waits.
    pub fn ask(&mut self) {
        self.answer = Answer::Awaited;
        self.touched.thing(Thing::Answer);
    }

    /// The conversations as listed: the one with the latest message first, the empty ones by name.
    #[must_use]
    pub fn listed(&self) -> Vec<Conversation> {
        let mut listed: Vec<_> = self.threads.iter().collect();
        listed.sort_by_cached_key(|(conversation, thread)| {
            (std::cmp::Reverse(self.last_time(thread)), (*conversation).clone())
        });
        listed.into_iter().map(|(conversation, _)| conversation.clone()).collect()
    }

    fn last_time(&self, thread: &Thread) -> Option<UnixTime> {
        thread.timeline.last().and_then(|key| self.messages.get(&key)).map(|last| last.time)
    }

    /// The last message of a conversation.
    #[must_use]
    pub fn last_message(&self, conversation: &Conversation) -> Option<&Message> {
        let key = self.threads.get(conversation)?.timeline.last()?;
        self.messages.get(&key)
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

    /// Whether somebody is online, as far as it is known; nothing is while there is no connection.
    #[must_use]
    pub fn is_online(&self, name: &UserName) -> bool {
        self.connection == Connection::Connected && self.online.names.contains(name)
    }

    /// Whether that is the name of somebody who is known here.
    #[must_use]
    pub fn is_known(&self, name: &str) -> bool {
        let Ok(name) = name.parse::<UserName>() else { return false };
        let is_here = self.me.as_ref() == Some(&name) || self.online.names.contains(&name);
        is_here || self.threads.contains_key(&Conversation::User(name))
    }

    /// What is written in the box of a conversation.
    #[must_use]
    pub fn draft(&self, conversation: &Conversation) -> Draft {
        self.drafts.get(conversation).cloned().unwrap_or_default()
    }

    /// All that is written and not sent.
    #[must_use]
    pub fn drafts(&self) -> &SortedMap<Conversation, Draft> {
        &self.drafts
    }

    /// Something was typed in the box: it shows that already.
    pub fn typed(&mut self, conversation: &Conversation, text: String) {
        let mut draft = self.draft(conversation);
        draft.text = text;
        self.put_draft(conversation, draft);
    }

    /// What is written elsewhere, in place of what is here; but not in the box that is in use.
    pub fn set_drafts(&mut self, drafts: &SortedMap<Conversation, Draft>) {
        let known: SortedSet<_> = self.drafts.keys().chain(drafts.keys()).cloned().collect();
        for conversation in known {
            let draft = drafts.get(&conversation).cloned().unwrap_or_default();
            let is_in_use = self.is_in_front(&conversation) && !self.is_hidden;
            let is_other = self.draft(&conversation) != draft;
            if is_other && !(is_in_use && self.drafts.contains_key(&conversation)) {
                self.set_draft(&conversation, draft);
            }
        }
    }

    /// What is written in a box becomes something else.
    pub fn change_draft(&mut self, of: &Conversation, change: impl FnOnce(Draft) -> Draft) {
        self.set_draft(of, change(self.draft(of)));
    }

    /// What is written in a box changes, and the box shows it.
    pub fn set_draft(&mut self, conversation: &Conversation, draft: Draft) {
        self.put_draft(conversation, draft);
        self.touched.thing(Thing::Draft);
    }

    fn put_draft(&mut self, conversation: &Conversation, draft: Draft) {
        let was_empty = !self.drafts.contains_key(conversation);
        if draft.is_empty() {
            self.drafts.remove(conversation);
        } else {
            self.drafts.insert(conversation.clone(), draft);
        }
        if was_empty == self.drafts.contains_key(conversation) {
            self.touched.entry(conversation);
        }
    }

    /// Who is writing in a conversation.
    #[must_use]
    pub fn typing(&self, conversation: &Conversation) -> Vec<UserName> {
        let there = self.typing.iter().filter(|(other, ..)| other == conversation);
        there.map(|(_, name, _)| name.clone()).collect()
    }

    /// Who has not written for a while is not writing; answers whether anybody still is.
    pub fn expire_typing(&mut self, now: Instant) -> bool {
        let before = self.typing.len();
        self.typing.retain(|(.., until)| *until > now);
        if self.typing.len() != before {
            self.touched.thing(Thing::Typing);
        }
        !self.typing.is_empty()
    }

    /// One's own last line that can be changed.
    #[must_use]
    pub fn last_own(&self, conversation: &Conversation) -> Option<MessageKey> {
        self.last_where(conversation, Message::is_own)
    }

    /// The last line of somebody else.
    #[must_use]
    pub fn last_of_others(&self, conversation: &Conversation) -> Option<MessageKey> {
        self.last_where(conversation, |message| !message.is_own())
    }

    /// The last line of somebody else, or else one's own.
    #[must_use]
    pub fn last_line(&self, conversation: &Conversation) -> Option<MessageKey> {
        self.last_of_others(conversation).or_else(|| self.last_own(conversation))
    }

    fn last_where(
        &self,
        conversation: &Conversation,
        is_it: impl Fn(&Message) -> bool,
    ) -> Option<MessageKey> {
        let lines = self.threads.get(conversation)?.timeline.lines().iter().rev();
        let is_line = |key: &MessageKey| {
            let message = self.messages.get(key);
            message.is_some_and(|message| message.content != Content::TakenBack && is_it(message))
        };
        lines.map(|line| line.key).find(is_line)
    }

    /// Changes a message; its row looks again.
    pub(crate) fn change_message(&mut self, key: MessageKey, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.messages.get_mut(&key) {
            change(message);
            self.touched.row(key);
        }
    }

    fn thread(&mut self, conversation: &Conversation) -> &mut Thread {
        if !self.threads.contains_key(conversation) {
            self.touched.thing(Thing::List);
        }
        self.threads.get_or_insert(conversation.clone(), Thread::default())
    }

    fn next_key(&mut self) -> MessageKey {
        self.last_key += 1;
        MessageKey(self.last_key)
    }
}
