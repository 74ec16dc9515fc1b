//! What the client does about events of its session, beside showing them.

use netchat_client::session::{
    Connection, Event, GroupOutcome, PasswordOutcome, Progress, Session,
};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::GroupAction;
use netchat_shared::name::{GroupName, UserName};

use super::tabs::Word;
use super::{Client, kept, page, seed, trust, worker};
use crate::clock::now;
use crate::store::{Decision, Reply, Store};

impl Client {
    pub(super) fn handle_event(&mut self, event: Event) {
        if matches!(event, Event::EndedElsewhere | Event::Asked(_)) {
            // Whoever has to sign in again finds what they were writing.
            self.keep_new_drafts();
        }
        let front = self.live.read(Store::front_conversation);
        self.live.change(|store| store.fold(now(), event.clone()));
        match event {
            Event::Asked(question) if Decision::asked(&question).is_none() => {
                super::passwords::fetch();
                let reply = self.live.change(|store| store.asked(&question));
                self.question = Some(question);
                self.reply(reply);
            }
            Event::ServerKey(key) => kept::keep_server_key(&key),
            Event::Connection(Connection::Connected) => worker::look_for_newer(),
            Event::SignedIn(name) => self.enter(name),
            Event::SignedOut => {
                self.person.iter().for_each(kept::forget_drafts);
                self.tabs.tell(Word::SignedOut);
                self.leave();
            }
            Event::Group(group, outcome) => self.renew_details(&group, &outcome),
            Event::Members(group, names, true) => {
                self.session.request_members(now().monotonic, group, names.last().cloned());
            }
            Event::Renamed(..) => {
                self.keep_drafts();
                self.keep_person_settings();
            }
            Event::SettingsCrossed(_) | Event::SettingsRenamed(..) => self.keep_person_settings(),
            Event::Progress(id, Progress::Stored(..) | Progress::Failed(_, None)) => {
                self.outbox.settle(id);
            }
            Event::Stale => self.session.request_overview(now().monotonic),
            Event::SessionsEnded(_) if self.is_leaving_everywhere => {
                self.session.sign_out(now().monotonic);
            }
            Event::SessionsEnded(_) | Event::Password(PasswordOutcome::Changed) => {
                self.session.request_sessions(now().monotonic);
            }
            Event::Asked(_)
            | Event::PutOff(_)
            | Event::Connection(Connection::Connecting | Connection::Retrying(_))
            | Event::Arrived(_)
            | Event::Progress(..)
            | Event::Online(_)
            | Event::ActiveList(_)
            | Event::Invited(..)
            | Event::InvitationEnded(_)
            | Event::Asks(..)
            | Event::AsksNoMore(..)
            | Event::Block(..)
            | Event::Blocked(..)
            | Event::History(..)
            | Event::Groups(..)
            | Event::Overview(..)
            | Event::Read(..)
            | Event::Unread(..)
            | Event::Typing(..)
            | Event::Members(_, _, false)
            | Event::Receivers(..)
            | Event::Sessions(_)
            | Event::Password(
                PasswordOutcome::Wrong | PasswordOutcome::Refused(_) | PasswordOutcome::NoAnswer,
            )
            | Event::EndedElsewhere
            | Event::OtherLog
            | Event::Settings(_)
            | Event::Line(_) => {}
        }
        self.note_end(front);
    }

    /// Somebody's session may have ended by itself: whoever comes next finds nothing of it.
    fn note_end(&mut self, front: Option<Conversation>) {
        if self.live.read(|store| store.me.is_none())
            && let Some(person) = self.person.take()
        {
            self.left = front.map(|front| (person, front));
            page::forget_address(self);
        }
    }

    pub(super) fn reply(&mut self, reply: Option<Reply>) {
        let now = now().monotonic;
        let Some(reply) = reply else { return };
        self.question = None;
        match reply {
            Reply::ServerPassword(password) => self.session.answer_server_password(now, password),
            Reply::Name(name) => self.session.answer_name(now, name),
            Reply::Word(word) => self.session.answer_word(now, word),
            Reply::Password(password) => self.session.answer_password(now, password),
        }
    }

    fn enter(&mut self, name: UserName) {
        let is_other = self.person.as_ref() != Some(&name);
        self.person = Some(name);
        if is_other {
            self.show_kept();
            self.keep_waiting();
            self.wants_take_over = true;
            self.go_to_destination();
        }
        self.session.watch_online(now().monotonic);
        self.session.request_overview(now().monotonic);
    }

    /// The next person begins anew, and finds nothing of this one.
    pub(super) fn leave(&mut self) {
        self.person = None;
        self.left = None;
        self.has_new_drafts = false;
        self.begin(Session::new(seed(), trust()));
        page::forget_address(self);
    }

    /// The details in front show may be another by now.
    fn renew_details(&mut self, of: &GroupName, outcome: &GroupOutcome) {
        let is_shown = self.live.read(|store| {
            store.groups.details.as_ref().is_some_and(|details| details.group == *of)
        });
        let changes = matches!(
            outcome,
            GroupOutcome::Invited(_)
                | GroupOutcome::Admitted(_)
                | GroupOutcome::TurnedAway(_)
                | GroupOutcome::Changed(..)
        );
        if is_shown && changes {
            self.ask_for_details(of);
        }
    }

    pub(super) fn ask_for_details(&mut self, group: &GroupName) {
        let now = now().monotonic;
        self.session.act_on_group(now, group.clone(), GroupAction::Describe);
        self.session.request_members(now, group.clone(), None);
    }
}
