//! The chat: accounts, messages, groups, receipts, who is here. It knows no protocol and no session:
//! requests come in and updates go out, each with the key of a session.
//!
//! What is durable comes from the log alone: [`Chat::handle_entry`] is the only place where the
//! directory changes. The rest is what it remembers of requests until they are answered.

mod account_sessions;
mod accounts;
mod delivery;
mod door;
mod group_news;
mod groups;
mod maintenance;
mod messages;
mod pages;
mod password_changes;
mod people;
mod presence;
mod proofs;
mod receipts;
mod received;
mod settings;
#[cfg(test)]
mod tests;
mod tokens;

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::KeptSettings;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;

use self::accounts::Accounts;
use self::delivery::Deliveries;
use self::door::Door;
use self::groups::Groups;
use self::maintenance::Maintenance;
use self::messages::Messages;
use self::pages::Pages;
use self::people::{Guests, People};
use self::presence::{Presence, SessionOfUser};
pub(crate) use self::proofs::Proofs;
use self::received::ReceivedPlaces;
use self::settings::PersonalSettings;
use crate::action::{LogEvent, SignOutReason};
use crate::context::{Context, TimerKey};
use crate::directory::{Directory, Kind};
use crate::events::{GaveUp, InFlight, Request, SessionKey, Update};
use crate::limits::{INTRODUCED_MEMBERS_MAX, TYPING_MEMBERS_MAX};
use crate::peer::Peer;
use crate::storage::{Change, Entry, Hashed, Loaded, Snapshot, Stored, Ticket, UserId, Write};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Chat {
    people: People,
    accounts: Accounts,
    messages: Messages,
    deliveries: Deliveries,
    groups: Groups,
    settings: PersonalSettings,
    pages: Pages,
    maintenance: Maintenance,
}

impl Chat {
    pub(crate) fn new(cx: &mut Context, proofs: Proofs, snapshot: &Snapshot) -> Self {
        let (directory, alike) = Directory::load_and_compare(snapshot);
        if !alike.told.is_empty() {
            cx.log(LogEvent::NamesAlike(alike));
        }
        let people = People {
            directory,
            presence: Presence::default(),
            received: ReceivedPlaces::new(accounts::received_places(snapshot)),
            guests: Guests::default(),
            addresses: std::collections::BTreeMap::new(),
        };
        accounts::quit_former_guests(cx, snapshot, &people.directory);
        let maintenance = Maintenance::new(cx, snapshot.clock);
        let mut accounts = Accounts::new(cx, proofs, snapshot);
        accounts.set_clock_trusted(maintenance.clock_is_trusted());
        Self {
            people,
            accounts,
            messages: Messages::default(),
            deliveries: Deliveries::default(),
            groups: Groups::default(),
            settings: PersonalSettings::default(),
            pages: Pages::default(),
            maintenance,
        }
    }

    /// Who there is and who belongs to what.
    pub(crate) fn directory(&self) -> &Directory {
        &self.people.directory
    }

    /// A session asks for something.
    pub(crate) fn handle(&mut self, cx: &mut Context, key: SessionKey, request: Request) {
        if let Request::LookUp(name) = request {
            let standing = self.people.standing(&name);
            cx.update(key, Update::NameLookedUp(standing));
        } else if let Request::SignIn { credentials, address, source, takes_token } = request {
            let door = Door { key, address, source, takes_token };
            self.accounts.sign_in(cx, &mut self.people, door, credentials);
        } else if let Request::Prove { name, request, link, source } = request {
            self.accounts.begin_proof(cx, &self.people, (key, source), name, (&request, link));
        } else if let Request::Enrol { name, request, word, source } = request {
            self.accounts.begin_enrolment(cx, &self.people, (key, source), &name, (&request, word));
        } else if let Request::Withdraw = request {
            self.accounts.withdraw(cx, key);
        } else if let Some(session) = self.people.presence.session(key) {
            // Only a session that is somebody's asks for more.
            self.handle_user(cx, key, session, request);
        }
    }

    /// The log has another entry.
    pub(crate) fn handle_entry(&mut self, cx: &mut Context, entry: &Entry) {
        let group = self.people.directory.group_of_change(&entry.change).cloned();
        self.people.directory.apply(entry);
        cx.applied = entry.sequence;
        let ticket = entry.origin.map(|origin| origin.ticket);
        match &entry.change {
            Change::Message(message) => {
                self.messages.handle_message(cx, &self.people, message, entry.origin);
            }
            Change::User(user) => {
                self.people.received.begin(user.id, user.since);
                if let Some(ticket) = ticket {
                    self.accounts.handle_user(cx, &mut self.people, ticket, user);
                }
            }
            Change::Group(_)
            | Change::Join(..)
            | Change::Quit(..)
            | Change::Remove(..)
            | Change::Standing(..)
            | Change::Rename(..)
            | Change::Policy(..)
            | Change::Block { .. } => {
                let (people, change) = (&self.people, &entry.change);
                self.groups.handle_change(cx, people, ticket, change, group.as_ref());
            }
            Change::Password(..) => {
                self.accounts.handle_password(cx, &mut self.people, ticket);
            }
            Change::Settings(user, text) => {
                let kept = KeptSettings { sequence: entry.sequence, text: text.clone() };
                self.settings.handle_entry(cx, &self.people, ticket, *user, &kept);
            }
            Change::Direct(..) => {}
        }
        self.introduce(cx, &entry.change);
    }

    /// Who shares a conversation from now on is told who of the others is here. In a large new group,
    /// that is told when they come or go next.
    fn introduce(&mut self, cx: &mut Context, change: &Change) {
        match change {
            Change::Direct(_, one, other) => {
                self.people.presence.introduce(cx, *one);
                self.people.presence.introduce(cx, *other);
            }
            Change::Group(group) if group.members.len() <= INTRODUCED_MEMBERS_MAX => {
                for (member, _) in &group.members {
                    self.people.presence.introduce(cx, *member);
                }
            }
            Change::Join(_, user) => {
                self.people.presence.introduce(cx, *user);
                for key in self.people.presence.sessions(*user).to_vec() {
                    self.tell_online(cx, key, *user);
                }
            }
            Change::Group(_)
            | Change::Quit(..)
            | Change::Remove(..)
            | Change::Standing(..)
            | Change::Rename(..)
            | Change::Policy(..)
            | Change::Block { .. }
            | Change::Message(_)
            | Change::User(_)
            | Change::Settings(..)
            | Change::Password(..) => {}
        }
    }

    /// Hands new messages out, as many as one turn may.
    pub(crate) fn fan_out(&mut self, cx: &mut Context) {
        if self.messages.has_fan_outs() {
            self.messages.fan_out(cx, &self.people, &mut self.deliveries);
        }
    }

    /// A request to storage was answered.
    pub(crate) fn handle_stored(&mut self, cx: &mut Context, ticket: Ticket, stored: Stored) {
        cx.finish_write();
        match stored {
            Stored::Done => {
                return self.accounts.handle_stored(cx, &self.people, ticket, &stored);
            }
            Stored::Failed => cx.log(LogEvent::StorageFailed),
            Stored::Placed(_) => {}
        }
        self.accounts.handle_stored(cx, &self.people, ticket, &stored);
        self.groups.handle_stored(cx, &self.people, ticket, &stored);
        self.settings.handle_stored(cx, ticket, &stored);
        self.messages.handle_stored(cx, &self.people, &self.deliveries, ticket, stored);
    }

    /// A question to storage was answered.
    pub(crate) fn handle_loaded(&mut self, cx: &mut Context, ticket: Ticket, loaded: Loaded) {
        cx.finish_load();
        let counts = &self.deliveries.counts;
        self.pages.handle_loaded(cx, &self.people, counts, ticket, loaded);
    }

    /// A hash is done.
    pub(crate) fn handle_hashed(&mut self, cx: &mut Context, ticket: Ticket, hashed: Hashed) {
        self.accounts.handle_hashed(cx, &mut self.people, ticket, hashed);
    }

    /// A timer of the chat's own has fired.
    pub(crate) fn handle_timeout(&mut self, cx: &mut Context, timer: TimerKey) {
        match timer {
            // The turn that follows every input hands out more; the others are not the chat's.
            TimerKey::FanOut | TimerKey::Session(_) | TimerKey::HeldKnocks => {}
            TimerKey::Presence => self.people.presence.tell_changes(cx, &self.people.directory),
            TimerKey::OnlineCount => self.people.presence.tell_count(cx),
            TimerKey::ReceivedCounts => self.deliveries.counts.tell(cx, &self.people),
            TimerKey::Received => self.people.received.store(cx),
            TimerKey::Refusals => cx.sum_up_refusals(),
            TimerKey::PageAgain => self.pages.ask_again(cx),
            TimerKey::Maintenance => {
                let tokens_before = self.maintenance.run(cx, &self.people);
                self.accounts.set_clock_trusted(self.maintenance.clock_is_trusted());
                self.accounts.renew_tokens_in_use(cx, &self.people);
                if let Some(before) = tokens_before {
                    self.accounts.forget_expired_tokens(before);
                }
            }
        }
    }

    /// Stores what was put off, before a stop.
    pub(crate) fn prepare_stop(&mut self, cx: &mut Context) {
        self.people.received.store(cx);
    }

    /// Tells everyone who is signed in that the server is about to stop.
    pub(crate) fn announce_stop(&mut self, cx: &mut Context) {
        for key in self.people.presence.all_sessions() {
            cx.update(key, Update::Stopping);
        }
    }

    fn handle_user(
        &mut self,
        cx: &mut Context,
        key: SessionKey,
        session: SessionOfUser,
        request: Request,
    ) {
        let user = session.user;
        match request {
            Request::LookUp(_)
            | Request::SignIn { .. }
            | Request::Prove { .. }
            | Request::Enrol { .. }
            | Request::Withdraw => {}
            Request::Sync(after) => self.sync(cx, key, user, after),
            Request::Backlog(after) => self.pages.read_backlog(cx, (key, user), after),
            Request::Send { messages, wants } => {
                self.messages.send(cx, &self.people, (key, user), messages, wants);
            }
            Request::Received { up_to, handed } => {
                self.deliveries.receive(cx, &mut self.people, (key, user), up_to, &handed);
            }
            Request::Corrupted(message) => {
                self.deliveries.fail_corrupted(cx, &mut self.people, user, message);
            }
            Request::GaveUp { handed, why } => self.give_up(cx, key, user, &handed, why),
            Request::Read(conversation, sequence) => {
                self.note_read(cx, key, user, &conversation, sequence);
            }
            Request::Typing(conversation) => self.tell_typing(cx, user, &conversation),
            Request::Page(page) => self.pages.handle(cx, &self.people, (key, user), page),
            Request::ReceivedBy(names) => self.tell_received_by(cx, key, &names),
            Request::Online => self.tell_online(cx, key, user),
            Request::Watch(does) => self.people.presence.watch(key, does),
            Request::Roster => self.tell_roster(cx, key),
            Request::Group(name, request) => {
                self.groups.handle(cx, &self.people, (key, user), name, request);
            }
            Request::Waiting => group_news::tell_waiting(cx, &self.people, (key, user)),
            Request::Renamings(after) => self.tell_renamings(cx, key, user, after),
            Request::Block(name, is_blocked) => {
                self.groups.block(cx, &self.people, (key, user), name, is_blocked);
            }
            Request::SetSettings(based_on, text) => {
                self.settings.set(cx, (key, user), based_on, text);
            }
            Request::Away(is_away) => self.set_away(cx, key, session, is_away),
            Request::Moved(to) => self.move_to(cx, key, user, to),
            Request::Account(request) => {
                self.accounts.handle_request(cx, &self.people, (key, user), request);
            }
            Request::Leave(why) => self.leave(cx, key, why),
        }
    }

    /// What the client has, it has received, whether or not it could say so before. A place that the
    /// log has not reached here says nothing yet.
    fn sync(&mut self, cx: &mut Context, key: SessionKey, user: UserId, after: Option<Sequence>) {
        // Before it says anything about them: it may know them by their former names.
        if let Some(after) = after {
            self.tell_renamings(cx, key, user, after);
        }
        group_news::tell_each_waiting(cx, &self.people, (key, user));
        let after = after.unwrap_or_else(|| self.people.received.of(user).min(cx.applied));
        if after <= cx.applied {
            self.deliveries.advance(cx, &mut self.people, user, after);
        }
        cx.update(key, Update::Synced(after));
    }

    fn tell_renamings(&self, cx: &mut Context, key: SessionKey, user: UserId, after: Sequence) {
        for renaming in group_news::renamings(&self.people, user, after) {
            cx.update(key, Update::Renamed(renaming));
        }
    }

    fn give_up(
        &mut self,
        cx: &mut Context,
        key: SessionKey,
        user: UserId,
        handed: &[InFlight],
        why: GaveUp,
    ) {
        self.deliveries.give_up(cx, &self.people, (key, user), handed, why);
    }

    fn note_read(
        &mut self,
        cx: &mut Context,
        key: SessionKey,
        user: UserId,
        conversation: &Conversation,
        sequence: Sequence,
    ) {
        let Some(id) = self.people.resolve(user, conversation) else { return };
        cx.store_aside(Write::SetRead(user, id, sequence));
        for &other in self.people.presence.sessions(user) {
            if other != key {
                cx.update(other, Update::Read(conversation.clone(), sequence));
            }
        }
    }

    fn tell_typing(&self, cx: &mut Context, user: UserId, conversation: &Conversation) {
        let Some(id) = self.people.resolve(user, conversation) else { return };
        let readers: Vec<UserId> = match self.people.directory.kind(id) {
            Some(Kind::Direct(one, other)) => vec![if one == user { other } else { one }],
            Some(Kind::Group(group)) if group.members.len() <= TYPING_MEMBERS_MAX => {
                group.members.iter().map(|(member, _)| *member).collect()
            }
            Some(Kind::Group(_) | Kind::Everyone) | None => return,
        };
        let Some(name) = self.people.name(user) else { return };
        for reader in readers.into_iter().filter(|&reader| reader != user) {
            let Some(seen) = self.people.seen_by(id, reader) else { continue };
            for &key in self.people.presence.sessions(reader) {
                cx.update(key, Update::Typing(seen.clone(), name.clone()));
            }
        }
    }

    fn tell_received_by(&self, cx: &mut Context, key: SessionKey, names: &[UserName]) {
        for name in names {
            if let Some(user) = self.people.find(name.as_str()) {
                let received = self.people.received.of(user);
                cx.update(key, Update::Received(name.clone(), received));
            }
        }
    }

    fn tell_online(&self, cx: &mut Context, key: SessionKey, user: UserId) {
        let contacts = self.people.presence.contacts(&self.people.directory, user);
        let known = self.people.names(contacts);
        cx.update(key, Update::Online { count: self.people.presence.count_now(), known });
    }

    fn tell_roster(&self, cx: &mut Context, key: SessionKey) {
        let users = self.people.presence.users_by_arrival().into_iter();
        let roster = users.filter_map(|user| self.people.name_and_address(user)).collect();
        cx.update(key, Update::Roster(roster));
    }

    fn set_away(
        &mut self,
        cx: &mut Context,
        key: SessionKey,
        session: SessionOfUser,
        is_away: bool,
    ) {
        if session.is_away == is_away {
            return;
        }
        let SessionOfUser { user, address, .. } = session;
        self.people.presence.set_away(cx, key, is_away);
        if is_away {
            if let Some(user) = self.people.name(user).cloned() {
                cx.log(LogEvent::Away { user, address });
            }
            self.note_gone(cx, user);
        }
    }

    fn move_to(&mut self, cx: &mut Context, key: SessionKey, user: UserId, to: Peer) {
        let Some(from) = self.people.presence.move_to(key, to) else { return };
        self.people.addresses.insert(user, to);
        if let Some(user) = self.people.name(user).cloned() {
            cx.log(LogEvent::Moved { user, from, to });
        }
    }

    fn leave(&mut self, cx: &mut Context, key: SessionKey, why: SignOutReason) {
        let Some(session) = self.people.presence.leave(cx, key) else { return };
        self.accounts.forget_proof(cx, key);
        self.accounts.note_left(cx, session);
        let SessionOfUser { user, address, .. } = session;
        if let Some(user) = self.people.name(user).cloned() {
            cx.log(LogEvent::SignedOut { user, address, why });
        }
        self.note_gone(cx, user);
        Accounts::forget_guest(cx, &mut self.people, user);
    }

    /// A session of a user has gone; perhaps it was the last.
    fn note_gone(&mut self, cx: &mut Context, user: UserId) {
        if !self.people.presence.is_online(user) {
            self.deliveries.lose_all(cx, &self.people, user);
        }
    }
}
