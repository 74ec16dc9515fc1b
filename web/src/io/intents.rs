//! What the person wants, carried out.

use netchat_client::reaction::{Reaction, Sign};
use netchat_client::session::{Content, SendError, Session};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{GroupAction, JoinPolicy};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, NameError, UserName};
use netchat_shared::sequence::Sequence;
use netchat_shared::sorted::SortedSet;

use super::tabs::Word;
use super::{Client, kept, page, seed, trust, worker};
use crate::clock::now;
use crate::store::{
    About, Account, AccountIntent, Decision, Draft, Form, GroupDetails, GroupIntent, Intent,
    MessageIntent, MessageKey, PendingAct, ReadingIntent, Setting, SignIn, Store,
};
use crate::words::values::Mistake;
use crate::words::{dialog, mistake};

/// What an intent comes to: an error is a line for the person, and nothing was done.
type Outcome = Result<(), String>;

impl Client {
    pub(super) fn carry_out(&mut self, intent: Intent) -> Outcome {
        let monotonic = now().monotonic;
        match intent {
            Intent::SignIn(form) => self.sign_in(form),
            Intent::UseWord => self.change_sign_in(SignIn::use_word),
            Intent::SignOut => {
                self.do_pending();
                if let Some(person) = &self.person {
                    self.outbox.forget(person);
                }
                self.session.sign_out(monotonic);
            }
            Intent::Open(conversation) => self.open(conversation),
            Intent::Send(conversation, text) => return self.send_draft(&conversation, text),
            Intent::SendToEach(names, text) => return self.send_to_each(&names, &text),
            Intent::Reply(to, text) => {
                let of = self.last(&to, Store::last_of_others)?;
                return self.send(&to, &MessageKind::Reply(of), text);
            }
            Intent::EditLast(to, text) => {
                let of = self.last(&to, Store::last_own)?;
                return self.edit(to, of, text);
            }
            Intent::DeleteLast(to) => {
                let of = self.last(&to, Store::last_own)?;
                return self.delete(to, of);
            }
            Intent::ReactToLast(to, reaction) => {
                let of = self.last(&to, Store::last_line)?;
                return self.react(to, of, reaction);
            }
            Intent::Message(key, intent) => return self.carry_out_for_message(key, intent),
            Intent::Typed(conversation, text) => self.typed(&conversation, text),
            Intent::DropAbout(conversation) => self.drop_about(&conversation),
            Intent::CreateGroup(name, members) => {
                let group = self.read_name(&name)?;
                let members = split_names(&members).map(str::to_owned).collect();
                self.live.change(Store::ask);
                self.session.create_group(monotonic, group, JoinPolicy::default(), members);
            }
            Intent::JoinGroup(name) => {
                let group = self.read_name(&name)?;
                self.live.change(Store::ask);
                self.session.join_group(monotonic, group);
            }
            Intent::QuitGroup(group) => self.do_later(PendingAct::Quit(group)),
            Intent::Group(intent) => return self.carry_out_for_group(intent),
            Intent::Account(intent) => return self.carry_out_for_account(intent),
            Intent::Set(setting) => return self.set(setting),
            Intent::Dismiss(id) => {
                let act = self.live.change(|store| store.dismiss(id));
                act.into_iter().for_each(|act| self.do_at_last(act));
            }
            Intent::Undo(id) => self.live.change(|store| store.undo(id)),
            Intent::TakeNewVersion => {
                self.keep_new_drafts();
                worker::take_new_version();
            }
            Intent::ConnectNow => self.session.connect_now(),
            Intent::TrustServer => self.decide(true),
            Intent::LookAgain => self.decide(false),
            Intent::UseClassic => {
                self.live.change(Store::decided);
                self.begin(Session::new_classic(seed()));
            }
            Intent::FetchEmojis => self.wants_emojis = true,
            Intent::Read(intent) => self.read_on(intent),
            Intent::Search(intent) => self.live.change(|store| store.search(intent)),
        }
        Ok(())
    }

    fn change_sign_in(&mut self, change: impl FnOnce(&mut SignIn)) {
        self.live.change(|store| store.change_sign_in(change));
    }

    /// Moves about in the conversation in front.
    fn read_on(&mut self, intent: ReadingIntent) {
        self.live.change(|store| match intent {
            ReadingIntent::Earlier => store.show_earlier(),
            ReadingIntent::Later => store.show_later(),
            ReadingIntent::More => store.show_more(),
            ReadingIntent::JumpTo(sequence) => store.jump_to(sequence),
            ReadingIntent::JumpToNew => store.jump_to_new(),
            ReadingIntent::JumpToTime(time) => store.jump_to_time(time),
            ReadingIntent::Visit(conversation, sequence) => {
                store.open(Some(conversation));
                store.jump_to(sequence);
            }
            ReadingIntent::ToEnd => store.go_to_end(),
            ReadingIntent::Scrolled(follows) => store.scrolled(follows),
            ReadingIntent::MarkRead => store.clear_new(),
        });
    }

    pub(super) fn open(&mut self, conversation: Option<Conversation>) {
        self.live.change(|store| store.open(conversation));
    }

    /// Sends what is in the box; what was not sent stays there.
    fn send_draft(&mut self, to: &Conversation, text: String) -> Outcome {
        let about = self.live.read(|store| store.draft(to).about);
        match about {
            None => self.send(to, &MessageKind::Text, text)?,
            Some(About::Reply(of)) => self.send(to, &MessageKind::Reply(of), text)?,
            Some(About::Edit(of)) => self.edit(to.clone(), of, text)?,
        }
        self.live.change(|store| {
            store.change_draft(to, Draft::sent);
            if store.is_in_front(to) {
                store.clear_new();
                store.go_to_end();
            }
        });
        self.keep_drafts();
        Ok(())
    }

    fn send(&mut self, to: &Conversation, kind: &MessageKind, text: String) -> Outcome {
        let now = now();
        let sent = match kind {
            MessageKind::Reply(of) => self.session.reply(now.monotonic, to.clone(), *of, &text),
            MessageKind::Text
            | MessageKind::Edit(_)
            | MessageKind::Deletion(_)
            | MessageKind::Reaction(_)
            | MessageKind::Unknown(_) => self.session.send(now.monotonic, to.clone(), &text),
        };
        let id = sent.map_err(|error| error.say(self.locale()))?;
        self.keep_one(id);
        self.live.change(|store| store.add_own(now.calendar, to, id, kind, text));
        Ok(())
    }

    fn edit(&mut self, to: Conversation, of: Sequence, text: String) -> Outcome {
        let sent = self.session.edit(now().monotonic, to.clone(), of, &text);
        self.note_change(to, MessageKind::Edit(of), Content::Text(text), sent)
    }

    fn delete(&mut self, to: Conversation, of: Sequence) -> Outcome {
        let sent = self.session.delete(now().monotonic, to.clone(), of);
        self.note_change(to, MessageKind::Deletion(of), Content::TakenBack, sent)
    }

    fn react(&mut self, to: Conversation, of: Sequence, reaction: Reaction) -> Outcome {
        let sent = self.session.react(now().monotonic, to.clone(), of, &reaction);
        self.note_change(to, MessageKind::Reaction(of), Content::Reaction(reaction), sent)
    }

    /// What waits under this id is kept until it is settled.
    fn keep_one(&mut self, id: MessageId) {
        if let (Some(person), Some(outgoing)) = (&self.person, self.session.waiting(id)) {
            self.outbox.put(person, outgoing);
        }
    }

    fn note_change(
        &mut self,
        to: Conversation,
        kind: MessageKind,
        content: Content,
        sent: Result<MessageId, SendError>,
    ) -> Outcome {
        let id = sent.map_err(|error| error.say(self.locale()))?;
        self.keep_one(id);
        self.live.change(|store| store.add_change(id, to, kind, content));
        Ok(())
    }

    /// The place of the last line that something is to be said about.
    fn last(
        &self,
        of: &Conversation,
        find: impl FnOnce(&Store, &Conversation) -> Option<MessageKey>,
    ) -> Result<Sequence, String> {
        let line = self.live.read(|store| store.message(find(store, of)?)?.sequence);
        line.ok_or_else(|| mistake::NO_LINE.say(self.locale()).to_owned())
    }

    fn carry_out_for_message(&mut self, key: MessageKey, intent: MessageIntent) -> Outcome {
        let Some(message) = self.live.read(|store| store.message(key).cloned()) else {
            return Ok(());
        };
        let to = message.conversation.clone();
        let locale = self.locale();
        let place = || message.sequence.ok_or_else(|| mistake::NOT_STORED.say(locale).to_owned());
        match intent {
            MessageIntent::Reply => {
                let of = place()?;
                self.live.change(|store| store.change_draft(&to, |draft| draft.into_reply(of)));
                self.keep_drafts();
            }
            MessageIntent::Edit => {
                let text = message.text().unwrap_or_default().to_owned();
                let of = place()?;
                self.live
                    .change(|store| store.change_draft(&to, |draft| draft.into_edit(of, text)));
                self.keep_drafts();
            }
            MessageIntent::Delete => {
                place()?;
                self.do_later(PendingAct::Delete(key));
            }
            MessageIntent::Toggle(sign) => {
                let is_added = !self.has_put(&message.changes.signs(), &sign);
                return self.react(to, place()?, Reaction { sign, is_added });
            }
            MessageIntent::SendAgain => {
                let taken = self.live.change(|store| store.take_failed(key));
                if let Some((to, text)) = taken {
                    return self.send(&to, &MessageKind::Text, text);
                }
            }
            MessageIntent::Unfold => self.live.change(|store| {
                store.change_message(key, |message| message.is_unfolded = !message.is_unfolded);
            }),
            MessageIntent::Copy => page::copy(message.text().unwrap_or_default()),
            MessageIntent::Receivers => {
                self.session.request_receivers(now().monotonic, to, place()?, None);
            }
        }
        Ok(())
    }

    fn has_put(&self, signs: &[(Sign, Vec<UserName>)], sign: &Sign) -> bool {
        let people = signs.iter().filter(|(other, _)| other == sign).flat_map(|(_, people)| people);
        people.into_iter().any(|name| Some(name) == self.person.as_ref())
    }

    fn typed(&mut self, to: &Conversation, text: String) {
        let is_told =
            !text.is_empty() && self.live.read(|store| !store.settings.person.hides_typing);
        if is_told {
            self.session.typing(now().monotonic, to.clone());
        }
        self.live.change(|store| store.typed(to, text));
        self.keep_drafts();
    }

    fn drop_about(&mut self, to: &Conversation) {
        self.live.change(|store| store.change_draft(to, Draft::into_message));
        self.keep_drafts();
    }

    /// What is written is another: it is kept shortly.
    pub(super) fn keep_drafts(&mut self) {
        self.has_new_drafts = true;
    }

    fn set(&mut self, setting: Setting) -> Outcome {
        let is_of_person = matches!(setting, Setting::HidesTyping(_) | Setting::Hears(..));
        self.live.change(|store| store.set(setting))?;
        if is_of_person {
            self.keep_person_settings();
        } else {
            kept::keep_device_settings(self.live.read(|store| store.settings.device));
            self.tabs.tell(Word::Settings);
        }
        Ok(())
    }

    /// What the person has set goes to the server, and from there to all their sessions.
    pub(super) fn keep_person_settings(&mut self) {
        match self.live.read(|store| store.settings.person.to_text()) {
            Ok(text) => self.session.set_settings(now().monotonic, text),
            Err(no_room) => {
                self.live.change(|store| store.say(no_room.say(store.locale()).to_owned()));
            }
        }
    }

    /// Does something when it can't be undone any more.
    fn do_later(&mut self, act: PendingAct) {
        let first = self.live.change(Store::make_room_for_act);
        first.into_iter().for_each(|act| self.do_at_last(act));
        self.live.change(|store| store.do_later(act));
    }

    /// Does what could have been undone until now.
    fn do_at_last(&mut self, act: PendingAct) {
        match act {
            PendingAct::Quit(Conversation::Group(group)) => {
                self.session.quit_group(now().monotonic, group);
            }
            PendingAct::Quit(Conversation::Everyone | Conversation::User(_)) => {}
            PendingAct::Delete(key) => {
                let line = self.live.read(|store| {
                    let message = store.message(key)?;
                    Some((message.conversation.clone(), message.sequence?))
                });
                if let Some((to, of)) = line
                    && let Err(line) = self.delete(to, of)
                {
                    self.live.change(|store| store.say(line));
                }
            }
        }
    }

    /// Nothing waits any longer for being undone.
    pub(super) fn do_pending(&mut self) {
        let acts = self.live.change(Store::take_pending_acts);
        acts.into_iter().for_each(|act| self.do_at_last(act));
    }

    fn carry_out_for_group(&mut self, intent: GroupIntent) -> Outcome {
        let now = now().monotonic;
        match intent {
            GroupIntent::Accept(group) => self.session.join_group(now, group),
            GroupIntent::Block(name) => self.session.block(now, name, true),
            GroupIntent::Unblock(name) => self.session.block(now, name, false),
            GroupIntent::ListBlocked => self.session.request_blocked(now, None),
            GroupIntent::Open(group) => {
                let (info, members, error) = (None, SortedSet::new(), None);
                let details = GroupDetails { group: group.clone(), info, members, error };
                self.live.change(|store| store.show_details(Some(details)));
                self.ask_for_details(&group);
            }
            GroupIntent::Close => self.live.change(|store| store.show_details(None)),
            GroupIntent::Invite(group, names) => {
                let names = split_names(&names).map(str::to_owned).collect();
                self.session.invite(now, group, names);
            }
            GroupIntent::Rename(group, name) => {
                let name = self.read_name(&name)?;
                self.session.act_on_group(now, group, GroupAction::Rename(name));
            }
            GroupIntent::Act(group, action) => self.session.act_on_group(now, group, action),
        }
        Ok(())
    }

    fn carry_out_for_account(&mut self, intent: AccountIntent) -> Outcome {
        let now = now().monotonic;
        match intent {
            AccountIntent::Open => {
                self.live.change(|store| store.change_account(|account| account.is_open = true));
                self.session.request_sessions(now);
            }
            AccountIntent::Close => {
                self.live.change(|store| store.change_account(|it| *it = Account::default()));
            }
            AccountIntent::EndSession(id) => self.session.end_session(now, id),
            AccountIntent::EndOthers => {
                self.session.end_other_sessions(now);
            }
            AccountIntent::SignOutEverywhere => {
                self.is_leaving_everywhere = self.session.end_other_sessions(now);
            }
            AccountIntent::ChangePassword(form) => {
                let (old, new) = form.passwords(self.locale())?;
                self.live.change(|store| store.change_account(|account| account.is_busy = true));
                self.session.change_password(now, old, new, !form.keeps_others);
            }
        }
        Ok(())
    }

    /// A group's name as it was typed; or what is wrong with it.
    fn read_name(&self, name: &str) -> Result<GroupName, String> {
        name.trim().parse().map_err(|error: NameError| error.say(self.locale()))
    }

    /// Nothing is sent unless all names are possible.
    fn send_to_each(&mut self, names: &str, text: &str) -> Outcome {
        let locale = self.locale();
        let names = split_names(names).map(|name| {
            name.parse::<UserName>().map_err(|error| {
                let mistake = &error.say(locale);
                mistake::Name { name: &name, mistake }.say(locale)
            })
        });
        let names: SortedSet<UserName> = names.collect::<Result<_, _>>()?;
        let first = names.first().cloned();
        let first = first.ok_or_else(|| dialog::NOBODY_NAMED.say(locale).to_owned())?;
        for name in names {
            self.send(&Conversation::User(name), &MessageKind::Text, text.to_owned())?;
        }
        self.open(Some(Conversation::User(first)));
        Ok(())
    }

    /// The person has decided whether to trust the server that answers.
    fn decide(&mut self, accepts: bool) {
        match self.live.change(Store::decided) {
            Some(Decision::Classic) => self.begin(Session::new(seed(), trust())),
            Some(Decision::ServerKey { .. }) | None => {
                self.session.answer_server_key(now().monotonic, accepts);
            }
        }
    }

    fn sign_in(&mut self, form: Form) {
        let question = self.question.clone();
        let reply = self.live.change(|store| store.submit(form, question.as_ref()));
        self.reply(reply);
    }
}

/// Names as people write several of them.
fn split_names(names: &str) -> impl Iterator<Item = &str> {
    names.split([';', ',', '\n']).map(str::trim).filter(|name| !name.is_empty())
}
