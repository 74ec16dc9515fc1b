//! The page with a store of its own, and what is done to it.

use leptos::prelude::*;
use leptos::task::tick;
use netchat_client::session::{Arrival, Content, Event, Online, StoredAt};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{LinkStatistics, Receipts};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::{Instant, Now, UnixTime};
use netchat_web::live::Live;
use netchat_web::store::{Intent, ReadingIntent, Store};
use netchat_web::view::{App, Ui};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit,
};

/// The page with a store of its own. What the person wants is noted, and not done; but what they
/// read and write is.
pub(crate) struct Page {
    pub(crate) live: Live,
    pub(crate) intents: StoredValue<Vec<Intent>>,
    pub(crate) refusal: RwSignal<Option<String>>,
    pub(crate) element: HtmlElement,
    pub(crate) owner: Owner,
}

impl Page {
    pub(crate) async fn open(prepare: impl FnOnce(&mut Store)) -> Self {
        let element: HtmlElement = document().create_element("div").unwrap().unchecked_into();
        element.set_inner_html(sign_in_form());
        document().body().unwrap().append_child(&element).unwrap();
        let owner = Owner::new();
        let (live, intents, refusal) = owner
            .with(|| (Live::new(), StoredValue::new(Vec::new()), RwSignal::new(None::<String>)));
        live.change(prepare);
        let ui = owner.with(|| {
            let act = Callback::new(move |intent| {
                read_and_write(live, &intent);
                intents.update_value(|intents| intents.push(intent));
                live.tell();
                refusal.get_untracked().map_or(Ok(()), Err)
            });
            Ui::new(live, act, Callback::new(|()| LinkStatistics::default()))
        });
        mount_to(element.clone(), move || view! { <App ui /> }).forget();
        settle().await;
        Self { live, intents, refusal, element, owner }
    }

    pub(crate) async fn change(&self, change: impl FnOnce(&mut Store)) {
        self.live.change(change);
        self.live.tell();
        settle().await;
    }

    /// What was wanted, but for scrolling and typing.
    pub(crate) fn intents(&self) -> Vec<Intent> {
        let all = self.intents.try_update_value(std::mem::take).unwrap();
        let is_told = |intent: &Intent| !matches!(intent, Intent::Typed(..) | Intent::Read(_));
        all.into_iter().filter(is_told).collect()
    }

    pub(crate) fn find(&self, selector: &str) -> Option<HtmlElement> {
        self.element.query_selector(selector).unwrap().map(|found| found.unchecked_into())
    }

    /// All elements that fit, as text.
    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        let found = self.element.query_selector_all(selector).unwrap();
        (0..found.length()).map(|at| found.item(at).unwrap().text_content().unwrap()).collect()
    }

    /// The text field of this accessible name.
    pub(crate) fn field(&self, name: &str) -> HtmlInputElement {
        let labels = self.element.query_selector_all("label").unwrap();
        let labels = (0..labels.length()).map(|at| labels.item(at).unwrap());
        let label = labels.into_iter().find(|label| label.text_content().unwrap() == name);
        let label: HtmlElement =
            label.unwrap_or_else(|| panic!("no field {name}")).unchecked_into();
        let id = label.get_attribute("for").unwrap();
        self.find(&format!("#{id}")).unwrap().unchecked_into()
    }

    /// Waits until it is there.
    pub(crate) async fn sees(&self, selector: &str) {
        while self.find(selector).is_none() {
            frame().await;
        }
    }

    pub(crate) fn button(&self, name: &str) -> HtmlElement {
        let buttons = self.element.query_selector_all("button").unwrap();
        let buttons = (0..buttons.length()).map(|at| buttons.item(at).unwrap());
        let mut buttons = buttons.map(|button| button.unchecked_into::<HtmlElement>());
        let named = |button: &HtmlElement| {
            let label = button.get_attribute("aria-label");
            label.unwrap_or_else(|| button.text_content().unwrap()) == name
        };
        buttons.find(named).unwrap_or_else(|| panic!("no button {name}"))
    }

    pub(crate) async fn fill(&self, field: &str, text: &str) {
        let input = self.field(field);
        input.set_value(text);
        input.dispatch_event(&bubbling("input")).unwrap();
        settle().await;
    }

    pub(crate) async fn click(&self, button: &str) {
        self.button(button).click();
        settle().await;
    }

    /// The text field of this label in a dialog.
    pub(crate) async fn fill_in_dialog(&self, title: &str, field: &str, text: &str) {
        self.fill_in(&format!("dialog[aria-label='{title}']"), field, text).await;
    }

    pub(crate) async fn fill_in(&self, place: &str, field: &str, text: &str) {
        let selector = format!("{place} input[aria-label='{field}']");
        let input: HtmlInputElement = self.find(&selector).unwrap().unchecked_into();
        input.set_value(text);
        input.dispatch_event(&bubbling("input")).unwrap();
        settle().await;
    }

    pub(crate) fn is_open(&self, title: &str) -> bool {
        let dialog = self.find(&format!("dialog[aria-label='{title}']")).unwrap();
        dialog.has_attribute("open")
    }

    pub(crate) async fn type_message(&self, text: &str) {
        let message: HtmlTextAreaElement =
            self.find("textarea[aria-label='Message']").unwrap().unchecked_into();
        message.set_value(text);
        message.dispatch_event(&bubbling("input")).unwrap();
        settle().await;
    }

    pub(crate) async fn press_enter(&self) {
        let options = KeyboardEventInit::new();
        options.set_key("Enter");
        options.set_bubbles(true);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &options).unwrap();
        self.find("textarea[aria-label='Message']").unwrap().dispatch_event(&event).unwrap();
        settle().await;
    }

    pub(crate) fn typed(&self) -> String {
        self.find("textarea").unwrap().unchecked_into::<HtmlTextAreaElement>().value()
    }
}

/// What stands in the page before the program does.
fn sign_in_form() -> &'static str {
    let page = include_str!("../../index.html");
    let (from, to) = (page.find("<main").unwrap(), page.find("</main>").unwrap());
    &page[from..to + "</main>".len()]
}

impl Drop for Page {
    fn drop(&mut self) {
        self.element.remove();
        self.owner.cleanup();
    }
}

/// What the client does with these, so that a page without one behaves as it does.
pub(crate) fn read_and_write(live: Live, intent: &Intent) {
    live.change(|store| {
        if let Intent::Typed(to, text) = intent {
            store.typed(to, text.clone());
        } else if let Intent::Read(ReadingIntent::Scrolled(follows)) = intent {
            store.scrolled(*follows);
        } else if *intent == Intent::Read(ReadingIntent::Earlier) {
            store.show_earlier();
        } else if *intent == Intent::Read(ReadingIntent::ToEnd) {
            store.go_to_end();
        }
    });
}

/// Effects run in a task, and the values of fields are set in one more.
pub(crate) async fn settle() {
    tick().await;
    tick().await;
}

/// The next frame.
pub(crate) async fn frame() {
    let frame = js_sys::Promise::new(&mut |resolve, _| {
        window().request_animation_frame(&resolve).unwrap();
    });
    JsFuture::from(frame).await.unwrap();
}

pub(crate) fn bubbling(kind: &str) -> web_sys::Event {
    let options = web_sys::EventInit::new();
    options.set_bubbles(true);
    web_sys::Event::new_with_event_init_dict(kind, &options).unwrap()
}

pub(crate) fn now() -> Now {
    Now { monotonic: Instant::ZERO, calendar: UnixTime { millis: 1_700_000_000_000 } }
}

pub(crate) fn bob() -> Conversation {
    Conversation::User("bob".parse().unwrap())
}

/// alice is signed in, with bob's conversation in front.
pub(crate) fn with_bob(store: &mut Store) {
    store.fold(now(), Event::SignedIn("alice".parse().unwrap()));
    store.fold(now(), online(&["alice", "bob"]));
    store.open(Some(bob()));
}

/// All who are online.
pub(crate) fn online(names: &[&str]) -> Event {
    let names: netchat_shared::sorted::SortedSet<_> =
        names.iter().map(|name| name.parse().unwrap()).collect();
    let count = u32::try_from(names.len()).unwrap();
    Event::Online(Online { names, count, is_complete: true })
}

pub(crate) fn arrived(content: Content) -> Event {
    let (conversation, kind, stored) = (None, MessageKind::Text, None);
    let (sender, receipts) = ("bob".parse().ok(), Receipts::default());
    Event::Arrived(Arrival { conversation, sender, kind, content, stored, receipts })
}

pub(crate) fn text(text: &str) -> Event {
    arrived(Content::Text(text.to_owned()))
}

pub(crate) fn group() -> Conversation {
    Conversation::Group("CS: Group".parse().unwrap())
}

/// A message that the server keeps.
pub(crate) fn stored(sequence: u64, conversation: &Conversation, text: &str) -> Arrival {
    let time = UnixTime { millis: now().calendar.millis + sequence };
    Arrival {
        conversation: Some(conversation.clone()),
        sender: "bob".parse().ok(),
        kind: MessageKind::Text,
        content: Content::Text(text.to_owned()),
        stored: Some(StoredAt {
            sequence: Sequence(sequence),
            time,
            id: MessageId(sequence.into()),
        }),
        receipts: Receipts::default(),
    }
}
