//! The one place with I/O: drives the session over a WebSocket and a timer, folds its events into
//! the model, and carries out what the person wants.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use netchat_shared::session::{Event, Output, Question, Session};
use netchat_shared::time::Instant;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::{BinaryType, MessageEvent, WebSocket};

use crate::clock::now;
use crate::components::Ui;
use crate::model::{Form, Intent, Model, Reply};

/// The session and its way to the gateway.
pub struct Client {
    session: Session,
    model: RwSignal<Model>,
    socket: Option<Socket>,
    timer: Option<TimeoutHandle>,
    /// What the session asked last and was not answered.
    question: Option<Question>,
}

/// A WebSocket whose handlers live as long as it does.
struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}

/// The client as its own callbacks hold it. The page has one thread, and a callback never runs
/// inside another.
type Shared = Rc<RefCell<Client>>;

impl Client {
    /// Starts a session with the gateway that served the page; answers what components need.
    #[must_use]
    pub fn start() -> Ui {
        let model = RwSignal::new(Model::default());
        let client = Rc::new(RefCell::new(Self {
            session: Session::new(seed()),
            model,
            socket: None,
            timer: None,
            question: None,
        }));
        drain(&client);
        let client = StoredValue::new_local(client);
        let act = Callback::new(move |intent| client.with_value(|client| act(client, intent)));
        Ui { model, act }
    }

    fn perform(&mut self, intent: Intent) -> Result<(), String> {
        let now = now();
        match intent {
            Intent::SignIn(form) => self.sign_in(form),
            Intent::SignOut => self.session.sign_out(),
            Intent::Select(conversation) => self.model.update(|model| model.select(conversation)),
            Intent::Send(conversation, text) => return self.send(&conversation, text),
            Intent::SendAgain(conversation, key) => {
                let taken =
                    self.model.try_update(|model| model.take_failed(&conversation, key)).flatten();
                return taken.map_or(Ok(()), |text| self.send(&conversation, text));
            }
            Intent::CreateGroup(name, members) => {
                let group = name.trim().parse().map_err(|error| format!("{error}"))?;
                let members = members.split([';', ',', '\n']).map(str::trim);
                let members = members.filter(|name| !name.is_empty()).map(str::to_owned).collect();
                self.session.create_group(now.monotonic, group, members);
            }
            Intent::JoinGroup(name) => {
                let group = name.trim().parse().map_err(|error| format!("{error}"))?;
                self.session.join_group(now.monotonic, group);
            }
            Intent::QuitGroup(conversation) => {
                if let Conversation::Group(group) = conversation {
                    self.session.quit_group(now.monotonic, group);
                }
            }
            Intent::ConnectNow => self.session.connect_now(),
            Intent::DismissLine(at) => self.model.update(|model| {
                if at < model.lines.len() {
                    model.lines.remove(at);
                }
            }),
        }
        Ok(())
    }

    fn send(&mut self, conversation: &Conversation, text: String) -> Result<(), String> {
        let now = now();
        let sent = self.session.send(now.monotonic, conversation.clone(), &text);
        let id = sent.map_err(|error| error.to_string())?;
        self.model.update(|model| model.add_own(now.calendar, conversation, id, text));
        Ok(())
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
        if let Event::Asked(question) = &event {
            self.question = Some(question.clone());
            let reply = self.model.try_update(|model| model.sign_in.asked(question));
            return self.reply(reply.flatten());
        }
        if event == Event::SignedOut {
            // The next person begins anew.
            self.session = Session::new(seed());
            self.socket = None;
            self.question = None;
        }
        self.model.try_update(|model| model.fold(now(), event));
    }

    fn transmit(&self, datagram: &[u8]) {
        if let Some(socket) = &self.socket {
            // Whatever can't be sent is lost; the closing of the socket is reported by itself.
            let _ = socket.socket.send_with_u8_array(datagram);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
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
            Output::Transmit(datagram) => client.borrow().transmit(&datagram),
            Output::OpenPath => open(client),
            Output::Event(event) => client.borrow_mut().handle_event(event),
            Output::Wait(timer) => return arm(client, timer),
        }
    }
}

/// Opens a WebSocket in place of the last one.
fn open(client: &Shared) {
    let weak = Rc::downgrade(client);
    let on_open = {
        let weak = weak.clone();
        Closure::new(move || {
            if let Some(client) = weak.upgrade() {
                input(&client, |session, now| session.path_opened(now));
            }
        })
    };
    let on_message = {
        let weak = weak.clone();
        Closure::new(move |event: MessageEvent| {
            let Ok(buffer) = event.data().dyn_into::<js_sys::ArrayBuffer>() else {
                return;
            };
            let datagram = js_sys::Uint8Array::new(&buffer).to_vec();
            if let Some(client) = weak.upgrade() {
                input(&client, |session, now| {
                    session.handle_datagram(now, &datagram);
                });
            }
        })
    };
    let on_close = Closure::new(move || {
        if let Some(client) = weak.upgrade() {
            client.borrow_mut().socket = None;
            input(&client, |session, now| session.path_closed(now));
        }
    });
    client.borrow_mut().socket = None;
    match connect(&on_open, &on_message, &on_close) {
        Some(socket) => {
            let socket =
                Socket { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close };
            client.borrow_mut().socket = Some(socket);
        }
        None => client.borrow_mut().session.path_closed(now().monotonic),
    }
}

fn connect(
    on_open: &Closure<dyn FnMut()>,
    on_message: &Closure<dyn FnMut(MessageEvent)>,
    on_close: &Closure<dyn FnMut()>,
) -> Option<WebSocket> {
    let location = web_sys::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
    let socket = WebSocket::new(&format!("{scheme}://{}/ws", location.host().ok()?)).ok()?;
    socket.set_binary_type(BinaryType::Arraybuffer);
    socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
    Some(socket)
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
            input(&client, |session, now| session.handle_timeout(now));
        }
    };
    client.borrow_mut().timer = set_timeout_with_handle(fire, wait).ok();
}

fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    // A browser without a source of randomness runs no WebAssembly either.
    let _ = getrandom::fill(&mut seed);
    seed
}
