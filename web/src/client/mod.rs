//! The one place with I/O: drives the session over a WebSocket and a timer, folds its events into
//! the model, keeps what a reload needs, and carries out what the person wants.

mod socket;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use netchat_client::session::{
    Content, Event, GroupOutcome, Output, PasswordOutcome, Question, Saved, SendError, Session,
    Trust,
};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{GroupAction, HistoryFrom, JoinPolicy};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, NameError, UserName};
use netchat_shared::sequence::Sequence;
use netchat_shared::time::Instant;

use self::socket::Socket;
use crate::clock::now;
use crate::components::Ui;
use crate::device;
use crate::kept::{self, Drafts};
use crate::model::{
    Account, AccountIntent, Decision, Form, GroupDetails, GroupIntent, Intent, Model, Reply, Thread,
};

/// The session and its way to the gateway.
pub struct Client {
    session: Session,
    model: RwSignal<Model>,
    drafts: RwSignal<Drafts>,
    /// Whose drafts they are.
    person: Option<UserName>,
    socket: Option<Socket>,
    timer: Option<TimeoutHandle>,
    /// What the session asked last and was not answered.
    question: Option<Question>,
    /// The session as the browser has it.
    kept: Option<Saved>,
    /// It signs out as soon as all other sessions are ended.
    is_leaving_everywhere: bool,
}

/// The client as its own callbacks hold it. The page has one thread, and a callback never runs
/// inside another.
type Shared = Rc<RefCell<Client>>;

impl Client {
    /// Goes on with the session that was kept, or starts one, with the gateway that served the
    /// page; answers what components need.
    #[must_use]
    pub fn start() -> Ui {
        let kept = kept::session();
        let (session, model) = match &kept {
            Some(saved) => {
                let model = Model::resumed(saved.name().clone(), kept::place());
                (Session::resume(seed(), saved.clone()), model)
            }
            None => (Session::new(seed(), trust()), Model::default()),
        };
        let model = RwSignal::new(model);
        let drafts = RwSignal::new(kept::drafts());
        let mut client = Self {
            session,
            model,
            drafts,
            person: kept.as_ref().map(|saved| saved.name().clone()),
            socket: None,
            timer: None,
            question: None,
            kept,
            is_leaving_everywhere: false,
        };
        client.show_waiting();
        client.name_device();
        let client = Rc::new(RefCell::new(client));
        listen(&client);
        drain(&client);
        let client = StoredValue::new_local(client);
        let act = Callback::new(move |intent| client.with_value(|client| act(client, intent)));
        let statistics = Callback::new(move |()| {
            client.with_value(|client| client.borrow().session.statistics())
        });
        keep_what_changes(model, drafts);
        Ui { model, drafts, statistics, act }
    }

    fn perform(&mut self, intent: Intent) -> Result<(), String> {
        let result = self.carry_out(intent);
        self.mark_read();
        result
    }

    fn carry_out(&mut self, intent: Intent) -> Result<(), String> {
        let now = now().monotonic;
        match intent {
            Intent::SignIn(form) => self.sign_in(form),
            Intent::SignOut => self.session.sign_out(now),
            Intent::Select(conversation) => self.select(conversation),
            Intent::Send(conversation, text) => return self.send(&conversation, text),
            Intent::SendToEach(names, text) => return self.send_to_each(&names, &text),
            Intent::Reply(to, text) => return self.reply_to(&to, text),
            Intent::Edit(to, text) => {
                let of = self.line(&to, Thread::last_own)?;
                let sent = self.session.edit(now, to.clone(), of, &text);
                return self.note_change(to, MessageKind::Edit(of), Content::Text(text), sent);
            }
            Intent::Delete(to) => {
                let of = self.line(&to, Thread::last_own)?;
                let sent = self.session.delete(now, to.clone(), of);
                return self.note_change(to, MessageKind::Deletion(of), Content::TakenBack, sent);
            }
            Intent::React(to, reaction) => {
                let last = |thread: &Thread| thread.last_of_others().or_else(|| thread.last_own());
                let of = self.line(&to, last)?;
                let sent = self.session.react(now, to.clone(), of, &reaction);
                let content = Content::Reaction(reaction);
                return self.note_change(to, MessageKind::Reaction(of), content, sent);
            }
            Intent::SendAgain(conversation, key) => {
                let taken =
                    self.model.try_update(|model| model.take_failed(&conversation, key)).flatten();
                return taken.map_or(Ok(()), |text| self.send(&conversation, text));
            }
            Intent::LoadEarlier(conversation) => {
                let before = self.model.with_untracked(|model| {
                    model.threads.get(&conversation).and_then(|thread| thread.first_sequence())
                });
                self.session.request_history(now, conversation, HistoryFrom::Before(before));
            }
            Intent::CreateGroup(name, members) => {
                let group = name.trim().parse().map_err(|error| format!("{error}"))?;
                let members = split_names(&members).map(str::to_owned).collect();
                self.session.create_group(now, group, JoinPolicy::default(), members);
            }
            Intent::JoinGroup(name) => {
                let group = name.trim().parse().map_err(|error| format!("{error}"))?;
                self.session.join_group(now, group);
            }
            Intent::QuitGroup(conversation) => {
                if let Conversation::Group(group) = conversation {
                    self.session.quit_group(now, group);
                }
            }
            Intent::Group(intent) => return self.carry_out_for_group(intent),
            Intent::Account(intent) => return self.carry_out_for_account(intent),
            Intent::ConnectNow => self.session.connect_now(),
            Intent::TrustServer => self.decide(true),
            Intent::LookAgain => self.decide(false),
            Intent::UseClassic => {
                self.model.update(|model| model.decision = None);
                self.begin(Session::new_classic(seed()));
            }
            Intent::DismissLine(at) => self.model.update(|model| {
                if at < model.lines.len() {
                    model.lines.remove(at);
                }
            }),
        }
        Ok(())
    }

    fn carry_out_for_group(&mut self, intent: GroupIntent) -> Result<(), String> {
        let now = now().monotonic;
        match intent {
            GroupIntent::Accept(group) => self.session.join_group(now, group),
            GroupIntent::Block(name) => self.session.block(now, name, true),
            GroupIntent::Unblock(name) => self.session.block(now, name, false),
            GroupIntent::ListBlocked => self.session.request_blocked(now, None),
            GroupIntent::Open(group) => {
                let (info, members, error) = (None, BTreeSet::new(), None);
                let details = GroupDetails { group: group.clone(), info, members, error };
                self.model.update(|model| model.groups.details = Some(details));
                self.ask_for_details(&group);
            }
            GroupIntent::Close => self.model.update(|model| model.groups.details = None),
            GroupIntent::Invite(group, names) => {
                let names = split_names(&names).map(str::to_owned).collect();
                self.session.invite(now, group, names);
            }
            GroupIntent::Rename(group, name) => {
                let name = name.trim().parse().map_err(|error| format!("{error}"))?;
                self.session.act_on_group(now, group, GroupAction::Rename(name));
            }
            GroupIntent::Act(group, action) => self.session.act_on_group(now, group, action),
        }
        Ok(())
    }

    fn ask_for_details(&mut self, group: &GroupName) {
        let now = now().monotonic;
        self.session.act_on_group(now, group.clone(), GroupAction::Describe);
        self.session.request_members(now, group.clone(), None);
    }

    /// What the details in front show may be another by now.
    fn renew_details(&mut self, of: &GroupName, outcome: &GroupOutcome) {
        let is_shown = self.model.with_untracked(|model| {
            model.groups.details.as_ref().is_some_and(|details| details.group == *of)
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

    fn carry_out_for_account(&mut self, intent: AccountIntent) -> Result<(), String> {
        let now = now().monotonic;
        match intent {
            AccountIntent::Open => {
                self.model.update(|model| model.account.is_open = true);
                self.session.request_sessions(now);
            }
            AccountIntent::Close => self.model.update(|model| model.account = Account::default()),
            AccountIntent::EndSession(id) => self.session.end_session(now, id),
            AccountIntent::EndOthers => self.session.end_other_sessions(now),
            AccountIntent::SignOutEverywhere => {
                self.is_leaving_everywhere = true;
                self.session.end_other_sessions(now);
            }
            AccountIntent::ChangePassword(form) => {
                let (old, new) = form.passwords()?;
                self.model.update(|model| model.account.is_busy = true);
                self.session.change_password(now, old, new, !form.keeps_others);
            }
        }
        Ok(())
    }

    fn select(&mut self, conversation: Option<Conversation>) {
        self.model.update(|model| model.select(conversation));
        self.load_selected();
    }

    /// Asks for the messages of the conversation in front, unless they are here.
    fn load_selected(&mut self) {
        let missing = self.model.with_untracked(|model| {
            let selected = model.selected.clone()?;
            let is_loaded = model.threads.get(&selected).is_some_and(|thread| thread.is_loaded);
            (!is_loaded).then_some(selected)
        });
        if let Some(conversation) = missing {
            let latest = HistoryFrom::Before(None);
            self.session.request_history(now().monotonic, conversation, latest);
        }
    }

    fn send(&mut self, conversation: &Conversation, text: String) -> Result<(), String> {
        let now = now();
        let sent = self.session.send(now.monotonic, conversation.clone(), &text);
        let id = sent.map_err(|error| error.to_string())?;
        self.model.update(|model| model.add_own(now.calendar, conversation, id, text));
        Ok(())
    }

    fn reply_to(&mut self, to: &Conversation, text: String) -> Result<(), String> {
        let now = now();
        let of = self.line(to, Thread::last_of_others)?;
        let sent = self.session.reply(now.monotonic, to.clone(), of, &text);
        let id = sent.map_err(|error| error.to_string())?;
        self.model.update(|model| model.add_own(now.calendar, to, id, text));
        Ok(())
    }

    /// The place of a line that something is to be said about.
    fn line(
        &self,
        of: &Conversation,
        find: impl FnOnce(&Thread) -> Option<Sequence>,
    ) -> Result<Sequence, String> {
        let line = self.model.with_untracked(|model| model.threads.get(of).and_then(find));
        line.ok_or_else(|| "there is no message here yet that this could be about".to_owned())
    }

    fn note_change(
        &self,
        to: Conversation,
        kind: MessageKind,
        content: Content,
        sent: Result<MessageId, SendError>,
    ) -> Result<(), String> {
        let id = sent.map_err(|error| error.to_string())?;
        self.model.update(|model| model.add_change(id, to, kind, content));
        Ok(())
    }

    /// Tells one's other sessions what is read here.
    fn mark_read(&mut self) {
        let read = self.model.try_with_untracked(Model::read_in_front).flatten();
        if let Some((conversation, sequence)) = read {
            self.session.mark_read(now().monotonic, conversation, sequence);
        }
    }

    /// Nothing is sent unless all names are possible.
    fn send_to_each(&mut self, names: &str, text: &str) -> Result<(), String> {
        let names = split_names(names)
            .map(|name| name.parse().map_err(|error: NameError| format!("“{name}”: {error}")));
        let names: BTreeSet<UserName> = names.collect::<Result<_, _>>()?;
        let first = names.first().cloned().ok_or("name somebody to write to")?;
        for name in names {
            self.send(&Conversation::User(name), text.to_owned())?;
        }
        self.select(Some(Conversation::User(first)));
        Ok(())
    }

    /// The person has decided whether to trust the server that answers.
    fn decide(&mut self, accepts: bool) {
        let decision = self.model.try_update(|model| model.decision.take()).flatten();
        match decision {
            Some(Decision::Classic) => self.begin(Session::new(seed(), trust())),
            Some(Decision::ServerKey { .. }) | None => {
                self.session.answer_server_key(now().monotonic, accepts);
            }
        }
    }

    /// Another session takes the place of one in which nobody was signed in.
    fn begin(&mut self, session: Session) {
        self.session = session;
        self.name_device();
        self.socket = None;
        self.question = None;
        self.is_leaving_everywhere = false;
    }

    fn sign_in(&mut self, form: Form) {
        let question = self.question.clone();
        let reply = self.model.try_update(|model| model.sign_in.submit(form, question.as_ref()));
        self.reply(reply.flatten());
    }

    fn reply(&mut self, reply: Option<Reply>) {
        let now = now().monotonic;
        let Some(reply) = reply else { return };
        self.question = None;
        match reply {
            Reply::ServerPassword(password) => self.session.answer_server_password(now, password),
            Reply::Name(name) => self.session.answer_name(now, name),
            Reply::Password(password) => self.session.answer_password(now, password),
        }
    }

    fn handle_event(&mut self, event: Event) {
        self.model.try_update(|model| model.fold(now(), event.clone()));
        if let Event::Asked(question) = event {
            if Decision::asked(&question).is_some() {
                return;
            }
            let reply = self.model.try_update(|model| model.sign_in.asked(&question));
            self.question = Some(question);
            self.reply(reply.flatten());
        } else if let Event::ServerKey(key) = event {
            kept::keep_server_key(&key);
        } else if let Event::SignedIn(name) = event {
            self.enter(name);
        } else if event == Event::SignedOut {
            self.leave();
        } else if let Event::Group(group, outcome) = &event {
            self.renew_details(group, outcome);
        } else if let Event::Members(group, names, true) = &event {
            self.session.request_members(now().monotonic, group.clone(), names.last().cloned());
        } else if let Event::Renamed(from, to) = event {
            self.rename_drafts(from, to);
        } else if event == Event::Stale {
            self.session.request_overview(now().monotonic);
        } else if let Event::SessionsEnded(_) = event
            && self.is_leaving_everywhere
        {
            self.session.sign_out(now().monotonic);
        } else if let Event::SessionsEnded(_) | Event::Password(PasswordOutcome::Changed) = event {
            self.session.request_sessions(now().monotonic);
        }
        self.mark_read();
    }

    /// What was written and not sent is for the group under its new name.
    fn rename_drafts(&self, from: GroupName, to: GroupName) {
        self.drafts.update(|drafts| {
            if let Some(draft) = drafts.remove(&Conversation::Group(from)) {
                drafts.entry(Conversation::Group(to)).or_insert(draft);
            }
        });
    }

    fn enter(&mut self, name: UserName) {
        if self.person.as_ref().is_some_and(|person| *person != name) {
            self.drafts.set(Drafts::new());
        }
        self.person = Some(name);
        self.show_waiting();
        self.session.watch_online(now().monotonic);
        self.session.request_overview(now().monotonic);
        self.load_selected();
    }

    /// The next person begins anew, and finds nothing of this one.
    fn leave(&mut self) {
        self.drafts.set(Drafts::new());
        self.person = None;
        self.begin(Session::new(seed(), trust()));
    }

    /// Says what this browser is, for the list of one's sessions.
    fn name_device(&mut self) {
        device::name().into_iter().for_each(|name| self.session.set_device(name));
    }

    /// Shows what waits in the session and is not on the page yet.
    fn show_waiting(&self) {
        let Some(saved) = self.session.saved() else { return };
        self.model.update(|model| {
            for outgoing in saved.waiting() {
                model.add_waiting(now().calendar, outgoing);
            }
        });
    }

    fn keep(&mut self) {
        let saved = self.session.saved();
        if saved == self.kept {
            return;
        }
        match &saved {
            Some(saved) => kept::keep_session(saved, self.kept.as_ref()),
            None => kept::forget_session(),
        }
        self.kept = saved;
    }
}

fn act(client: &Shared, intent: Intent) -> Result<(), String> {
    let result = client.borrow_mut().perform(intent);
    drain(client);
    result
}

/// Passes something to the session, and carries out what it asks for.
fn input(client: &Shared, input: impl FnOnce(&mut Session, Instant)) {
    input(&mut client.borrow_mut().session, now().monotonic);
    drain(client);
}

fn drain(client: &Shared) {
    loop {
        let output = client.borrow_mut().session.poll();
        match output {
            Output::Transmit(datagram) => {
                if let Some(socket) = &client.borrow().socket {
                    socket.send(&datagram);
                }
            }
            Output::OpenPath => open(client),
            Output::Event(event) => client.borrow_mut().handle_event(event),
            Output::Wait(timer) => {
                client.borrow_mut().keep();
                return arm(client, timer);
            }
        }
    }
}

/// Opens a WebSocket in place of the last one.
fn open(client: &Shared) {
    let passes = |pass: fn(&Shared)| {
        let client = Rc::downgrade(client);
        move || client.upgrade().iter().for_each(pass)
    };
    let on_open = passes(|client| input(client, Session::path_opened));
    let on_close = passes(|client| {
        client.borrow_mut().socket = None;
        input(client, Session::path_closed);
    });
    let weak = Rc::downgrade(client);
    let on_datagram = move |datagram: &[u8]| {
        if let Some(client) = weak.upgrade() {
            input(&client, |session, now| session.handle_datagram(now, datagram));
        }
    };
    // The last one is closed before the next is opened.
    client.borrow_mut().socket = None;
    let socket = Socket::open(on_open, on_datagram, on_close);
    let mut client = client.borrow_mut();
    if socket.is_none() {
        client.session.path_closed(now().monotonic);
    }
    client.socket = socket;
}

fn arm(client: &Shared, timer: Option<Instant>) {
    if let Some(handle) = client.borrow_mut().timer.take() {
        handle.clear();
    }
    let Some(at) = timer else { return };
    let weak = Rc::downgrade(client);
    let wait = at.saturating_since(now().monotonic) + Duration::from_millis(1);
    let fire = move || {
        if let Some(client) = weak.upgrade() {
            input(&client, Session::handle_timeout);
        }
    };
    client.borrow_mut().timer = set_timeout_with_handle(fire, wait).ok();
}

/// Hears what the browser knows about the network, the screen, and the end of the page. The page
/// lives as long as its client: nothing of this is ever taken back.
fn listen(client: &Shared) {
    let this = client.clone();
    window_event_listener(ev::online, move |_| input(&this, Session::probe));
    let this = client.clone();
    window_event_listener(ev::visibilitychange, move |_| {
        let is_hidden = document().hidden();
        let model = this.borrow().model;
        model.update(|model| model.set_hidden(is_hidden));
        this.borrow_mut().mark_read();
        if !is_hidden {
            // It may have slept.
            input(&this, Session::probe);
        }
    });
    let this = client.clone();
    window_event_listener(ev::beforeunload, move |event| {
        if !this.borrow().session.is_settled() {
            // The browser asks whether to stay.
            event.prevent_default();
        }
    });
}

/// Keeps drafts and the place on the page whenever they change.
fn keep_what_changes(model: RwSignal<Model>, drafts: RwSignal<Drafts>) {
    let place = Memo::new(move |_| model.with(|model| model.me.is_some().then(|| model.place())));
    Effect::new(move || {
        if let Some(place) = place.get() {
            kept::keep_place(&place);
        }
    });
    Effect::new(move || drafts.with(kept::keep_drafts));
}

/// Names as people write several of them.
fn split_names(names: &str) -> impl Iterator<Item = &str> {
    names.split([';', ',', '\n']).map(str::trim).filter(|name| !name.is_empty())
}

/// What is known of the server that the page is for: its code if it stands in the address, behind
/// `#server=`; else the key that it proved before.
fn trust() -> Trust {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    let code = hash.as_deref().and_then(|hash| hash.strip_prefix("#server=")?.parse().ok());
    match (code, kept::server_key()) {
        (Some(code), _) => Trust::Code(code),
        (None, Some(key)) => Trust::Key(key),
        (None, None) => Trust::FirstUse,
    }
}

fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    // A browser without a source of randomness runs no WebAssembly either.
    let _ = getrandom::fill(&mut seed);
    seed
}
