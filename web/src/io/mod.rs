//! The one place with I/O: drives the session over a WebSocket and a timer, folds its events into
//! the store, keeps what must not be lost, and carries out what the person wants.

mod events;
mod files;
mod intents;
mod kept;
mod outbox;
mod page;
mod passwords;
mod socket;
mod tabs;
mod telling;
mod worker;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use netchat_client::search::Want;
use netchat_client::session::{Output, PasswordTask, Question, Saved, Session, Trust};
use netchat_shared::conversation::Conversation;
use netchat_shared::name::UserName;
use netchat_shared::time::Instant;

use self::outbox::Outbox;
use self::socket::Socket;
use self::tabs::{Tabs, Word};
use crate::clock::now;
use crate::device;
use crate::live::Live;
use crate::store::{Front, Intent, Offer, Setting, Store};
use crate::view::Ui;
use crate::words::{Locale, notice};

/// The session and its way to the gateway.
pub struct Client {
    session: Session,
    live: Live,
    /// Whose page this is.
    person: Option<UserName>,
    /// Whose session has ended by itself, and what was in front: it is again when they go on.
    left: Option<(UserName, Conversation)>,
    /// The conversation in front that the address has followed.
    addressed: Option<Conversation>,
    socket: Option<Socket>,
    /// When the session is looked after, and by what.
    timer: Option<(Instant, TimeoutHandle)>,
    /// What the session asked last and was not answered.
    question: Option<Question>,
    /// The session as the browser has it.
    kept: Option<Saved>,
    /// What waits, as the browser has it.
    outbox: Outbox,
    tabs: Tabs,
    /// The tab's place in the log is another than the one that is kept.
    has_new_place: bool,
    place_timer: Option<TimeoutHandle>,
    /// Drafts have changed since they were kept.
    has_new_drafts: bool,
    drafts_timer: Option<TimeoutHandle>,
    /// Somebody has signed in: what waits of theirs is to be taken over.
    wants_take_over: bool,
    /// The file of emoji is to be fetched.
    wants_emojis: bool,
    /// It signs out as soon as all other sessions are ended.
    is_leaving_everywhere: bool,
    /// What has changed is drawn before the next frame, or the first after the rest.
    is_telling: bool,
    /// What arrives is not drawn before that.
    rests_until: Instant,
    /// It is looked whether what comes still hurries.
    is_calming: bool,
    /// The notice that goes when its time is over.
    notice: Option<u64>,
    /// Somebody is writing: it is looked after that they stop.
    is_watching_typing: bool,
}

/// The client as its own callbacks hold it. The page has one thread, and a callback never runs
/// inside another.
type Shared = Rc<RefCell<Client>>;

/// How long somebody's writing is believed without looking again.
const TYPING_INTERVAL: Duration = Duration::from_secs(1);

/// How long drafts are not kept while the person goes on writing.
const DRAFT_PAUSE: Duration = Duration::from_millis(300);

/// How long the tab's place in the log is not kept while more arrives.
const PLACE_PAUSE: Duration = Duration::from_millis(300);

/// What arrives rests for as long as it took to draw what came before it, and for no longer than that.
const REST_MAX: Duration = Duration::from_millis(100);

/// What has come too fast to be read is shown when nothing more has come for so long.
const CALM_AFTER: Duration = Duration::from_millis(250);

/// How long a notice is shown, and what can be undone waits.
const NOTICE_TIME: Duration = Duration::from_secs(6);

impl Client {
    /// Goes on with the session that was kept, or starts one, with the gateway that served the
    /// page; answers what components need.
    #[must_use]
    pub fn start() -> Ui {
        let live = Live::new();
        let kept = kept::session();
        let session = match &kept {
            Some(saved) => Session::resume(seed(), saved.clone()),
            None => Session::new(seed(), trust()),
        };
        let person = kept.as_ref().map(|saved| saved.name().clone());
        live.change(|store| {
            store.set_system_locale(device::locale());
            store.set_device(kept::device_settings());
            if let Some(me) = &person {
                store.resume(me.clone());
            }
        });
        let mut client = Self {
            session,
            live,
            person,
            left: None,
            addressed: None,
            socket: None,
            timer: None,
            question: None,
            kept,
            outbox: Outbox::default(),
            tabs: Tabs::default(),
            has_new_place: false,
            place_timer: None,
            has_new_drafts: false,
            drafts_timer: None,
            wants_take_over: false,
            wants_emojis: false,
            is_leaving_everywhere: false,
            is_telling: false,
            rests_until: Instant::ZERO,
            is_calming: false,
            notice: None,
            is_watching_typing: false,
        };
        client.show_kept();
        client.name_device();
        if client.person.is_some() {
            client.go_to_destination();
        }
        let client = Rc::new(RefCell::new(client));
        page::listen(&client);
        hear_tabs(&client);
        outbox::open(&client);
        worker::start(&client);
        drain(&client);
        tell(&client);
        page::note_usable();
        let client = StoredValue::new_local(client);
        let act = Callback::new(move |intent| client.with_value(|client| act(client, intent)));
        let statistics = Callback::new(move |()| {
            client.with_value(|client| client.borrow().session.statistics())
        });
        Ui::new(live, act, statistics)
    }

    /// The language of the page.
    fn locale(&self) -> Locale {
        self.live.read(Store::locale)
    }

    /// Opens the conversation that the address names; or else the one that was in front when the person's
    /// session ended.
    fn go_to_destination(&mut self) {
        let left = self.left.take().filter(|(name, _)| Some(name) == self.person.as_ref());
        let addressed = page::destination(self);
        if let Some(conversation) = addressed.or(left.map(|(_, conversation)| conversation)) {
            self.open(Some(conversation));
        }
        page::lead_back(self);
    }

    /// Asks for the page of the conversation in front that is wanted, and for the one that is looked through
    /// next. What can't be asked now is when the next thing has happened.
    fn ask_for_pages(&mut self) {
        let now = now().monotonic;
        if let Some((conversation, from)) = self.live.read(Store::page_to_read)
            && self.session.request_history(now, conversation, from)
        {
            self.live.change(|store| store.note_asked(from));
        }
        if let Some(Want { conversation, before }) = self.live.change(Store::page_to_search)
            && !self.session.request_history_to_search(now, conversation, before)
        {
            self.live.change(Store::put_search_back);
        }
    }

    /// Tells one's other sessions what is read here.
    fn mark_read(&mut self) {
        let read = self.live.change(Store::read_in_front);
        if let Some((conversation, sequence)) = read {
            self.session.mark_read(now().monotonic, conversation, sequence);
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

    /// Says what this browser is, for the list of one's sessions.
    fn name_device(&mut self) {
        device::name().into_iter().for_each(|name| self.session.set_device(name));
    }

    /// Shows what waits in the session, and what was written and not sent.
    fn show_kept(&self) {
        let Some(saved) = self.session.saved() else { return };
        self.live.change(|store| {
            for outgoing in saved.waiting() {
                store.add_waiting(now().calendar, outgoing);
            }
            store.set_drafts(&kept::drafts(saved.name()));
        });
    }

    /// Keeps the session with the tab, if it is not only its place in the log that is another: that can
    /// wait. From an earlier place one is told again what came since, and knows it again.
    fn keep(&mut self) {
        let saved = self.to_be_kept();
        let is_as_before = match (&saved, &self.kept) {
            (Some(saved), Some(kept)) => {
                let is_of_same = saved.for_another_client() == kept.for_another_client();
                is_of_same && saved.waiting() == kept.waiting()
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_as_before {
            self.has_new_place = saved != self.kept;
        } else {
            self.keep_all();
        }
    }

    /// What waits is kept with the tab only if it is kept nowhere else.
    fn to_be_kept(&self) -> Option<Saved> {
        let saved = self.session.saved()?;
        Some(if self.outbox.keeps() { saved.without_waiting() } else { saved })
    }

    /// Keeps the session with the tab as it is now.
    fn keep_all(&mut self) {
        let saved = self.to_be_kept();
        self.has_new_place = false;
        match &saved {
            Some(saved) => kept::keep_session(saved, self.kept.as_ref()),
            None => kept::forget_session(),
        }
        self.kept = saved;
    }

    /// Drafts are kept when the person pauses, and when the page goes.
    fn keep_new_drafts(&mut self) {
        if std::mem::take(&mut self.has_new_drafts)
            && let Some(person) = &self.person
        {
            self.live.read(|store| kept::keep_drafts(person, store.drafts()));
            self.tabs.tell(Word::Drafts);
        }
    }

    /// Messages were missed: asks, once, whether the system may tell of the next ones.
    fn offer_notifications(&mut self) {
        let has_missed = self.live.change(Store::take_missed);
        if has_missed && telling::may_ask() && !kept::was_asked() {
            kept::note_asked();
            self.live.change(Store::offer_notifications);
        }
    }

    /// Another tab has done something to what all of them share.
    fn hear(&mut self, word: Word) {
        match word {
            Word::SignedOut if self.person.is_some() => {
                self.live.change(|store| store.end(notice::ENDED_IN_TAB));
                self.leave();
            }
            Word::SignedOut => {}
            Word::Drafts => self.show_drafts(),
            Word::Settings => self.live.change(|store| store.set_device(kept::device_settings())),
        }
    }

    /// What was written in other tabs is in this one's boxes too, but for the one that is in use.
    fn show_drafts(&self) {
        let Some(person) = &self.person else { return };
        let drafts = kept::drafts(person);
        self.live.change(|store| store.set_drafts(&drafts));
    }
}

fn hear_tabs(client: &Shared) {
    let this = client.clone();
    let tabs = Tabs::hear(move |word| {
        this.borrow_mut().hear(word);
        drain(&this);
        tell(&this);
    });
    client.borrow_mut().tabs = tabs;
}

fn act(client: &Shared, intent: Intent) -> Result<(), String> {
    if intent == Intent::Set(Setting::Notifications(true)) {
        telling::ask_permission(client);
    }
    let result = client.borrow_mut().carry_out(intent);
    drain(client);
    if std::mem::take(&mut client.borrow_mut().wants_emojis) {
        files::fetch_emojis(client);
    }
    tell(client);
    result
}

/// Passes something to the session, and carries out what it asks for.
fn input(client: &Shared, input: impl FnOnce(&mut Session, Instant)) {
    input(&mut client.borrow_mut().session, now().monotonic);
    drain(client);
    tell_soon(client);
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
            Output::Compute(task) => compute(client, *task),
            Output::Event(event) => client.borrow_mut().handle_event(event),
            Output::Wait(timer) => {
                client.borrow_mut().keep();
                keep_place_soon(client);
                if std::mem::take(&mut client.borrow_mut().wants_take_over) {
                    outbox::take_over(client);
                }
                outbox::write(client);
                return arm(client, timer);
            }
        }
    }
}

/// Computes something with a password, and goes on meanwhile.
fn compute(client: &Shared, task: PasswordTask) {
    let this = client.clone();
    leptos::task::spawn_local(async move {
        let note_fetched = |is_there| {
            let live = this.borrow().live;
            live.change(|store| store.change_sign_in(|sign_in| sign_in.note_fetched(is_there)));
            tell(&this);
        };
        let done = passwords::compute(task, note_fetched).await;
        input(&this, |session, now| session.finish_password_task(now, done));
    });
}

/// Whatever has changed is drawn, once for everything that arrives within a frame; and where drawing takes
/// long, within more than one: what the person does meanwhile has its turn. A page that is not looked at has no
/// frames.
fn tell_soon(client: &Shared) {
    if std::mem::replace(&mut client.borrow_mut().is_telling, true) {
        return;
    }
    let rest = client.borrow().rests_until.saturating_since(now().monotonic);
    let this = client.clone();
    let told = move || tell_and_rest(&this);
    if document().hidden() {
        set_timeout(told, Duration::ZERO);
    } else if rest.is_zero() {
        request_animation_frame(told);
    } else {
        set_timeout(move || request_animation_frame(told), rest);
    }
}

/// What is drawn is painted when the next task has its turn: what comes then rests for as long as that took.
fn tell_and_rest(client: &Shared) {
    let begun = now().monotonic;
    client.borrow_mut().is_telling = false;
    tell(client);
    let this = client.clone();
    let rest = move || {
        let now = now().monotonic;
        let took = now.saturating_since(begun);
        this.borrow_mut().rests_until = now + took.min(REST_MAX);
    };
    set_timeout(rest, Duration::ZERO);
}

/// What has changed is drawn, read if it is before the person's eyes, and told where it is missed.
fn tell(client: &Shared) {
    let live = {
        let mut client = client.borrow_mut();
        client.mark_read();
        client.ask_for_pages();
        client.live
    };
    drain(client);
    telling::tell_of_news(client);
    live.change(Store::take_no_news).iter().for_each(telling::read);
    page::follow_unread(&client.borrow());
    page::follow_front(&mut client.borrow_mut());
    arm_notice(client);
    watch_typing(client);
    keep_drafts_soon(client);
    live.tell();
    calm_soon(client);
}

/// Once what comes does not hurry any more, as much of it is shown as else.
fn calm_soon(client: &Shared) {
    let live = client.borrow().live;
    let hurries = live.read(|store| store.front.as_ref().and_then(Front::hurries));
    let Some(since) = hurries else { return };
    if std::mem::replace(&mut client.borrow_mut().is_calming, true) {
        return;
    }
    let this = client.clone();
    let calm = move || {
        this.borrow_mut().is_calming = false;
        live.change(|store| store.calm(since));
        tell(&this);
    };
    set_timeout(calm, CALM_AFTER);
}

/// Keeps the tab's place in the log, now and then.
fn keep_place_soon(client: &Shared) {
    if !client.borrow().has_new_place || client.borrow().place_timer.is_some() {
        return;
    }
    let this = client.clone();
    let keep = move || {
        this.borrow_mut().place_timer = None;
        this.borrow_mut().keep_all();
    };
    client.borrow_mut().place_timer = set_timeout_with_handle(keep, PLACE_PAUSE).ok();
}

/// Keeps drafts once the person has paused.
fn keep_drafts_soon(client: &Shared) {
    if !client.borrow().has_new_drafts || client.borrow().drafts_timer.is_some() {
        return;
    }
    let this = client.clone();
    let keep = move || {
        this.borrow_mut().drafts_timer = None;
        this.borrow_mut().keep_new_drafts();
    };
    client.borrow_mut().drafts_timer = set_timeout_with_handle(keep, DRAFT_PAUSE).ok();
}

/// Takes the notice that is shown away when its time is over, and does what was not undone.
fn arm_notice(client: &Shared) {
    let shown = client.borrow().live.read(|store| {
        let notice = store.notices.shown()?;
        matches!(notice.offer, Offer::Nothing | Offer::Undo).then_some(notice.id)
    });
    if std::mem::replace(&mut client.borrow_mut().notice, shown) == shown {
        return;
    }
    let Some(id) = shown else { return };
    let this = client.clone();
    set_timeout(
        move || {
            // It may have been taken away, or undone.
            let is_shown = this.borrow().notice == Some(id);
            if is_shown {
                let _ = act(&this, Intent::Dismiss(id));
            }
        },
        NOTICE_TIME,
    );
}

/// Who stops writing is not shown as writing any more.
fn watch_typing(client: &Shared) {
    let is_writing = client.borrow().live.change(|store| store.expire_typing(now().monotonic));
    if !is_writing || std::mem::replace(&mut client.borrow_mut().is_watching_typing, true) {
        return;
    }
    let this = client.clone();
    set_timeout(
        move || {
            this.borrow_mut().is_watching_typing = false;
            tell(&this);
        },
        TYPING_INTERVAL,
    );
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

/// The session is looked after at that time. What is too early is cheaper than what is moved with each message.
fn arm(client: &Shared, timer: Option<Instant>) {
    let Some(at) = timer else { return };
    let armed = client.borrow_mut().timer.take_if(|(armed, _)| *armed > at);
    armed.into_iter().for_each(|(_, handle)| handle.clear());
    if client.borrow().timer.is_some() {
        return;
    }
    let weak = Rc::downgrade(client);
    let wait = at.saturating_since(now().monotonic) + Duration::from_millis(1);
    let fire = move || {
        if let Some(client) = weak.upgrade() {
            client.borrow_mut().timer = None;
            input(&client, Session::handle_timeout);
        }
    };
    client.borrow_mut().timer = set_timeout_with_handle(fire, wait).ok().map(|handle| (at, handle));
}

/// What is known of the server that the page is for: its code if it stands in the address, behind
/// `#server=`; else the key that it proved before.
fn trust() -> Trust {
    let hash = page::hash();
    let code = hash.strip_prefix("#server=").and_then(|code| code.parse().ok());
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
