//! The components in a browser: what a person sees and does, without a server.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "tests")]

use leptos::prelude::*;
use leptos::task::tick;
use netchat_client::session::{
    Arrival, Connection, Content, Event, Failure, GroupOutcome, Online, Progress, PutOff, Question,
    StoredAt,
};
use netchat_shared::classic::Roster;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    Delay, GroupAction, GroupInfo, HistoryFrom, JoinPolicy, LinkStatistics, Receipts, Recipients,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::list::List;
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::{Instant, Now, UnixTime};
use netchat_web::live::Live;
use netchat_web::store::{
    Draft, Field, Form, GroupDetails, GroupIntent, Intent, MessageIntent, MessageKey,
    ReadingIntent, Store,
};
use netchat_web::view::{App, Ui};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{
    HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit,
};

/// The page with a store of its own. What the person wants is noted, and not done; but what they
/// read and write is.
struct Page {
    live: Live,
    intents: StoredValue<Vec<Intent>>,
    refusal: RwSignal<Option<String>>,
    element: HtmlElement,
    owner: Owner,
}

impl Page {
    async fn open(prepare: impl FnOnce(&mut Store)) -> Self {
        let element: HtmlElement = document().create_element("div").unwrap().unchecked_into();
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

    async fn change(&self, change: impl FnOnce(&mut Store)) {
        self.live.change(change);
        self.live.tell();
        settle().await;
    }

    /// What was wanted, but for scrolling and typing.
    fn intents(&self) -> Vec<Intent> {
        let all = self.intents.try_update_value(std::mem::take).unwrap();
        let is_told = |intent: &Intent| !matches!(intent, Intent::Typed(..) | Intent::Read(_));
        all.into_iter().filter(is_told).collect()
    }

    fn find(&self, selector: &str) -> Option<HtmlElement> {
        self.element.query_selector(selector).unwrap().map(|found| found.unchecked_into())
    }

    /// All elements that fit, as text.
    fn texts(&self, selector: &str) -> Vec<String> {
        let found = self.element.query_selector_all(selector).unwrap();
        (0..found.length()).map(|at| found.item(at).unwrap().text_content().unwrap()).collect()
    }

    /// The text field of this accessible name.
    fn field(&self, name: &str) -> HtmlInputElement {
        let labels = self.element.query_selector_all("label").unwrap();
        let labels = (0..labels.length()).map(|at| labels.item(at).unwrap());
        let label = labels.into_iter().find(|label| label.text_content().unwrap() == name);
        let label: HtmlElement =
            label.unwrap_or_else(|| panic!("no field {name}")).unchecked_into();
        let id = label.get_attribute("for").unwrap();
        self.find(&format!("#{id}")).unwrap().unchecked_into()
    }

    /// Waits until it is there.
    async fn sees(&self, selector: &str) {
        while self.find(selector).is_none() {
            frame().await;
        }
    }

    fn button(&self, name: &str) -> HtmlElement {
        let buttons = self.element.query_selector_all("button").unwrap();
        let buttons = (0..buttons.length()).map(|at| buttons.item(at).unwrap());
        let mut buttons = buttons.map(|button| button.unchecked_into::<HtmlElement>());
        let named = |button: &HtmlElement| {
            let label = button.get_attribute("aria-label");
            label.unwrap_or_else(|| button.text_content().unwrap()) == name
        };
        buttons.find(named).unwrap_or_else(|| panic!("no button {name}"))
    }

    async fn fill(&self, field: &str, text: &str) {
        let input = self.field(field);
        input.set_value(text);
        input.dispatch_event(&bubbling("input")).unwrap();
        settle().await;
    }

    async fn click(&self, button: &str) {
        self.button(button).click();
        settle().await;
    }

    /// The text field of this label in a dialog.
    async fn fill_in_dialog(&self, title: &str, field: &str, text: &str) {
        self.fill_in(&format!("dialog[aria-label='{title}']"), field, text).await;
    }

    async fn fill_in(&self, place: &str, field: &str, text: &str) {
        let selector = format!("{place} input[aria-label='{field}']");
        let input: HtmlInputElement = self.find(&selector).unwrap().unchecked_into();
        input.set_value(text);
        input.dispatch_event(&bubbling("input")).unwrap();
        settle().await;
    }

    fn is_open(&self, title: &str) -> bool {
        let dialog = self.find(&format!("dialog[aria-label='{title}']")).unwrap();
        dialog.has_attribute("open")
    }

    async fn type_message(&self, text: &str) {
        let message: HtmlTextAreaElement =
            self.find("textarea[aria-label='Message']").unwrap().unchecked_into();
        message.set_value(text);
        message.dispatch_event(&bubbling("input")).unwrap();
        settle().await;
    }

    async fn press_enter(&self) {
        let options = KeyboardEventInit::new();
        options.set_key("Enter");
        options.set_bubbles(true);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &options).unwrap();
        self.find("textarea[aria-label='Message']").unwrap().dispatch_event(&event).unwrap();
        settle().await;
    }

    fn typed(&self) -> String {
        self.find("textarea").unwrap().unchecked_into::<HtmlTextAreaElement>().value()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.element.remove();
        self.owner.cleanup();
    }
}

/// What the client does with these, so that a page without one behaves as it does.
fn read_and_write(live: Live, intent: &Intent) {
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
async fn settle() {
    tick().await;
    tick().await;
}

/// The next frame.
async fn frame() {
    let frame = js_sys::Promise::new(&mut |resolve, _| {
        window().request_animation_frame(&resolve).unwrap();
    });
    JsFuture::from(frame).await.unwrap();
}

fn bubbling(kind: &str) -> web_sys::Event {
    let options = web_sys::EventInit::new();
    options.set_bubbles(true);
    web_sys::Event::new_with_event_init_dict(kind, &options).unwrap()
}

fn now() -> Now {
    Now { monotonic: Instant::ZERO, calendar: UnixTime { millis: 1_700_000_000_000 } }
}

fn bob() -> Conversation {
    Conversation::User("bob".parse().unwrap())
}

/// alice is signed in, with bob's conversation in front.
fn with_bob(store: &mut Store) {
    store.fold(now(), Event::SignedIn("alice".parse().unwrap()));
    store.fold(now(), online(&["alice", "bob"]));
    store.open(Some(bob()));
}

/// All who are online.
fn online(names: &[&str]) -> Event {
    let names: std::collections::BTreeSet<_> =
        names.iter().map(|name| name.parse().unwrap()).collect();
    let count = u32::try_from(names.len()).unwrap();
    Event::Online(Online { names, count, is_complete: true })
}

fn arrived(content: Content) -> Event {
    let (conversation, kind, stored) = (None, MessageKind::Text, None);
    let (sender, receipts) = ("bob".parse().ok(), Receipts::default());
    Event::Arrived(Arrival { conversation, sender, kind, content, stored, receipts })
}

fn text(text: &str) -> Event {
    arrived(Content::Text(text.to_owned()))
}

#[test]
async fn the_form_hands_on_what_was_typed() {
    let page = Page::open(|_| {}).await;
    page.fill("Server password", "password").await;
    page.fill("Name", "alice").await;
    page.fill("Password", "secret").await;
    page.click("Sign in").await;
    let form = Form {
        server_password: "password".to_owned(),
        name: "alice".to_owned(),
        password: "secret".to_owned(),
        repeat_password: String::new(),
    };
    assert_eq!(page.intents(), [Intent::SignIn(form)]);
}

#[test]
async fn what_went_wrong_stands_beside_its_field_and_what_was_typed_stays() {
    let page = Page::open(|_| {}).await;
    page.fill("Name", "a#b").await;
    let error = (Field::Name, "A name can't contain “#”.".to_owned());
    page.change(|store| store.change_sign_in(|form| form.error = Some(error))).await;
    let name = page.field("Name");
    assert_eq!(name.value(), "a#b");
    assert_eq!(name.get_attribute("aria-invalid").as_deref(), Some("true"));
    let described_by = name.get_attribute("aria-describedby").unwrap();
    assert_eq!(page.texts(&format!("#{described_by}")), ["A name can't contain “#”."]);
    assert_eq!(page.field("Password").get_attribute("aria-invalid"), None);
}

#[test]
async fn a_new_name_is_asked_to_repeat_its_password() {
    let page = Page::open(|_| {}).await;
    page.change(|store| store.change_sign_in(|form| form.is_new = true)).await;
    page.fill("Repeat password", "secretly").await;
    page.click("Create account").await;
    let intents = page.intents();
    assert!(matches!(&intents[..], [Intent::SignIn(form)] if form.repeat_password == "secretly"));
}

#[test]
async fn the_server_password_is_asked_only_until_it_is_right() {
    let page = Page::open(|_| {}).await;
    page.change(|store| store.change_sign_in(|form| form.is_unlocked = true)).await;
    assert!(page.find("#server-password").is_none());
    assert!(page.find("#name").is_some());
}

#[test]
async fn conversations_and_people_have_their_accessible_names() {
    let page = Page::open(with_bob).await;
    assert!(page.find("nav[aria-label='Conversations']").is_some());
    assert!(page.find("nav a[aria-label='Everyone']").is_some());
    assert_eq!(page.texts("ul[aria-labelledby='online-title'] a"), ["bob"]);
    assert_eq!(page.texts("#online-title"), ["Online"]);
    assert!(page.find("[role=log][aria-label='Messages']").is_some());
    assert!(page.find("[role=status][aria-label='Connection']").is_some());
    for name in ["Send", "New group", "Join group", "Sign out"] {
        page.button(name);
    }
    let everyone = page.find("nav a[aria-label='Everyone']").unwrap();
    assert_eq!(everyone.get_attribute("href").as_deref(), Some("#/e"));
}

#[test]
async fn enter_sends_and_what_is_refused_stays_where_it_was_typed() {
    let page = Page::open(with_bob).await;
    page.refusal.set(Some("too long".to_owned()));
    page.type_message("hello").await;
    page.press_enter().await;
    assert_eq!(page.typed(), "hello");
    assert_eq!(page.texts(".box__error"), ["too long"]);
    page.refusal.set(None);
    page.press_enter().await;
    let send = Intent::Send(bob(), "hello".to_owned());
    assert_eq!(page.intents(), [send.clone(), send]);
    page.change(|store| store.set_draft(&bob(), Draft::default())).await;
    assert_eq!((page.typed(), page.texts(".box__error")), (String::new(), vec![String::new()]));
}

#[test]
async fn commands_are_those_of_the_terminal() {
    let page = Page::open(with_bob).await;
    page.type_message("/chat carol").await;
    page.press_enter().await;
    let carol = Conversation::User("carol".parse().unwrap());
    assert_eq!(page.intents(), [Intent::Open(Some(carol))]);
    page.type_message("/nonsense").await;
    page.press_enter().await;
    assert_eq!(page.texts(".box__error"), ["there is no command /nonsense: /help lists them"]);
    assert_eq!(page.intents(), []);
}

#[test]
async fn each_conversation_keeps_its_draft() {
    let page = Page::open(with_bob).await;
    page.type_message("for bob").await;
    page.change(|store| store.open(Some(Conversation::Everyone))).await;
    assert_eq!(page.typed(), "");
    page.change(|store| store.open(Some(bob()))).await;
    assert_eq!(page.typed(), "for bob");
}

#[test]
async fn ones_own_messages_show_how_far_they_got() {
    let page = Page::open(with_bob).await;
    let id = MessageId(1);
    page.change(|store| {
        store.add_own(now().calendar, &bob(), id, &MessageKind::Text, "hello".to_owned());
    })
    .await;
    let row = page.find(".message").unwrap();
    let mut states = vec![page.texts(".receipt")];
    for progress in [Progress::Sent, Progress::Received("bob".parse().unwrap())] {
        page.change(|store| store.fold(now(), Event::Progress(id, progress))).await;
        states.push(page.texts(".receipt"));
    }
    assert_eq!(states, [["Waiting"], ["Sent"], ["Received"]]);
    assert!(page.find(".message").unwrap().is_same_node(Some(&row)), "the row is not drawn anew");
}

#[test]
async fn a_failed_message_says_why_beside_send_again() {
    let page = Page::open(with_bob).await;
    let id = MessageId(1);
    page.change(|store| {
        store.add_own(now().calendar, &bob(), id, &MessageKind::Text, "hello".to_owned());
        store.fold(now(), Event::Progress(id, Progress::Failed(Failure::Lost, None)));
    })
    .await;
    let state = page.texts(".message__failed").remove(0);
    assert!(state.starts_with("Lost: the recipient did not acknowledge it"), "{state}");
    page.click("Send again").await;
    let again = [Intent::Message(MessageKey(1), MessageIntent::SendAgain)];
    assert_eq!(page.intents(), again);
}

#[test]
async fn a_corrupted_message_is_never_shown_as_text() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), arrived(Content::Corrupted))).await;
    assert!(page.texts(".message__gone")[0].contains("damaged"));
    assert!(page.find(".message__text").is_none());
}

#[test]
async fn nothing_in_a_text_or_a_name_becomes_markup() {
    let page = Page::open(with_bob).await;
    let payloads = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror='window.hacked = 1'>",
        "<svg onload='window.hacked = 1'>",
        "javascript:window.hacked=1",
        "https://a.b/\" onmouseover=\"window.hacked=1",
        "<a href='javascript:window.hacked=1'>x</a>",
    ];
    page.change(|store| {
        payloads.iter().for_each(|payload| store.fold(now(), text(payload)));
    })
    .await;
    assert_eq!(page.texts(".message__text"), payloads);
    page.change(|store| store.fold(now(), online(&["<img src=x>"]))).await;
    let foreign = ".message__text :not(a), .message__text [onmouseover], .chat img, .chat script";
    assert!(page.find(foreign).is_none());
    assert!(page.find("a[href^='javascript']").is_none());
    assert!(js_sys::Reflect::get(&window(), &"hacked".into()).unwrap().is_undefined());
}

#[test]
async fn only_some_messages_are_drawn_however_many_there_are() {
    let page = Page::open(with_bob).await;
    page.change(|store| (0..500).for_each(|n| store.fold(now(), text(&n.to_string())))).await;
    assert_eq!(page.texts(".message").len(), 150);
    assert_eq!(page.texts(".message__text").last().unwrap(), "499");
}

#[test]
async fn the_connection_is_shown_with_a_way_to_hurry() {
    let page = Page::open(with_bob).await;
    let status = || page.texts("[aria-label=Connection]").remove(0);
    assert_eq!(status(), "Connecting…");
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connected))).await;
    assert_eq!(status(), "Connected");
    let far = Instant::from_origin(std::time::Duration::from_secs(86_400));
    page.change(|store| store.fold(now(), Event::Connection(Connection::Retrying(far)))).await;
    assert!(status().starts_with("No connection. Trying again in "), "{}", status());
    assert!(page.find(".banner").is_none(), "nobody is disturbed at once");
    page.sees(".banner").await;
    page.click("Now").await;
    assert_eq!(page.intents(), [Intent::ConnectNow]);
}

#[test]
async fn nobody_counts_as_online_while_there_is_no_connection() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connected))).await;
    assert_eq!(page.texts(".talk__about"), ["Online"]);
    assert!(page.find(".talk__head .dot--on").is_some());
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connecting))).await;
    assert_eq!(page.texts(".talk__about"), [""]);
    assert!(page.find(".talk__head .dot--on").is_none());
}

#[test]
async fn whoever_is_put_off_sees_why_and_until_when() {
    let page = Page::open(|_| {}).await;
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connected))).await;
    let again_at = now().monotonic + std::time::Duration::from_millis(7_900);
    let put_off = Event::PutOff(PutOff { why: Delay::Attempts, again_at });
    page.change(|store| store.fold(now(), put_off)).await;
    let status = page.texts("[aria-label=Connection]").remove(0);
    // The seconds are tested where they are written; here they may pass.
    let until = status.strip_prefix("Too many wrong passwords from here: trying again in ");
    assert!(until.is_some_and(|until| until.ends_with(" s.")), "{status}");
}

fn group() -> Conversation {
    Conversation::Group("CS: Group".parse().unwrap())
}

/// A message that the server keeps.
fn stored(sequence: u64, conversation: &Conversation, text: &str) -> Arrival {
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

#[test]
async fn a_group_is_made_in_a_dialog_and_what_was_typed_stays_when_it_is_refused() {
    let page = Page::open(with_bob).await;
    page.click("New group").await;
    assert!(page.is_open("New group"));
    page.fill_in_dialog("New group", "Group name", "CS: Group").await;
    page.fill_in_dialog("New group", "Members", "bob, carol").await;
    page.refusal.set(Some("a name can't contain “#”".to_owned()));
    page.click("Create group").await;
    assert!(page.is_open("New group"));
    let error = page.texts("dialog[aria-label='New group'] [role=alert]");
    assert_eq!(error, ["a name can't contain “#”"]);
    page.intents();
    page.refusal.set(None);
    page.change(Store::ask).await;
    page.click("Create group").await;
    let intent = Intent::CreateGroup("CS: Group".to_owned(), "bob, carol".to_owned());
    assert_eq!(page.intents(), [intent]);
    assert!(page.is_open("New group"), "the server has not answered");
    let refused = GroupOutcome::Refused("the name is taken".to_owned());
    let group = || "CS: Group".parse().unwrap();
    page.change(|store| store.fold(now(), Event::Group(group(), refused))).await;
    let error = page.texts("dialog[aria-label='New group'] [role=alert]");
    assert_eq!(error, ["the name is taken"]);
    page.change(Store::ask).await;
    page.click("Create group").await;
    page.change(|store| store.fold(now(), Event::Group(group(), GroupOutcome::Joined))).await;
    assert!(page.find("dialog[aria-label='New group']").is_none());
}

#[test]
async fn what_becomes_of_a_group_is_said() {
    let page = Page::open(with_bob).await;
    let outcome = |outcome| {
        let event = Event::Group("CS: Group".parse().unwrap(), outcome);
        page.change(move |store| store.fold(now(), event))
    };
    outcome(GroupOutcome::NotFound(vec!["nobody".to_owned()])).await;
    let roster = Roster::parse("[(('hidden', 0), 'alice'), (('hidden', 0), 'bob')]").unwrap();
    outcome(GroupOutcome::Created(roster)).await;
    let lines = page.texts("[aria-label='Notices'] span");
    assert_eq!(lines, ["Could not be invited to CS: Group: nobody"]);
    assert_eq!(page.texts(".talk__title h1"), ["CS: Group"]);
    page.click("Details").await;
    page.click("Leave group").await;
    let opened = Intent::Group(GroupIntent::Open("CS: Group".parse().unwrap()));
    assert_eq!(page.intents(), [opened, Intent::QuitGroup(group())]);
    outcome(GroupOutcome::Quit).await;
    assert!(page.find("nav a[aria-label='CS: Group']").is_none());
}

#[test]
async fn an_invitation_is_accepted_declined_or_its_sender_blocked() {
    let page = Page::open(with_bob).await;
    let name = || "CS: Group".parse().unwrap();
    assert!(page.find(".decisions").unwrap().hidden());
    page.change(|store| store.fold(now(), Event::Invited(name(), "bob".parse().unwrap()))).await;
    assert!(!page.find(".decisions").unwrap().hidden());
    assert_eq!(page.texts(".decisions p"), ["bob invites you to CS: Group"]);
    page.click("Accept CS: Group").await;
    page.click("Decline CS: Group").await;
    page.click("Block bob").await;
    let decline = GroupIntent::Act(name(), GroupAction::Decline);
    let block = GroupIntent::Block("bob".parse().unwrap());
    let expected = [GroupIntent::Accept(name()), decline, block].map(Intent::Group);
    assert_eq!(page.intents(), expected);
    page.change(|store| store.fold(now(), Event::InvitationEnded(name()))).await;
    assert!(page.find(".decisions").unwrap().hidden());
    // Who asks to join a group of one's own.
    page.change(|store| store.fold(now(), Event::Asks(name(), "eve".parse().unwrap()))).await;
    page.click("Let eve in").await;
    let admit = GroupIntent::Act(name(), GroupAction::Admit("eve".parse().unwrap()));
    assert_eq!(page.intents(), [Intent::Group(admit)]);
}

#[test]
async fn a_group_is_looked_after_in_its_details() {
    let page = Page::open(with_bob).await;
    let name = || "CS: Group".parse().unwrap();
    let outcome = |outcome| {
        let event = Event::Group("CS: Group".parse().unwrap(), outcome);
        page.change(move |store| store.fold(now(), event))
    };
    outcome(GroupOutcome::Joined).await;
    page.click("Details").await;
    assert_eq!(page.intents(), [Intent::Group(GroupIntent::Open(name()))]);
    let (info, members, error) = (None, Default::default(), None);
    let details = GroupDetails { group: name(), info, members, error };
    page.change(|store| store.show_details(Some(details))).await;
    let members = ["alice", "bob"].map(|name| name.parse().unwrap()).to_vec();
    page.change(|store| store.fold(now(), Event::Members(name(), members, false))).await;
    let has_remove = || page.find("button[aria-label='Remove bob']").is_some();
    assert!(!has_remove(), "it is not known whose group it is");
    let info = |maker: &str| GroupInfo {
        policy: JoinPolicy::Invitation,
        maker: maker.parse().unwrap(),
        invited: List::new(vec!["eve".parse().unwrap()]).unwrap(),
        asking: List::default(),
    };
    outcome(GroupOutcome::Is(info("bob"))).await;
    assert!(!has_remove(), "bob decides");
    outcome(GroupOutcome::Is(info("alice"))).await;
    assert!(page.find("button[aria-label='Remove alice']").is_none(), "one leaves oneself");
    page.click("Remove bob").await;
    page.click("Take the invitation of eve back").await;
    let remove = GroupAction::Remove("bob".parse().unwrap());
    let take_back = GroupAction::TurnAway("eve".parse().unwrap());
    let expected = [remove, take_back].map(|act| Intent::Group(GroupIntent::Act(name(), act)));
    assert_eq!(page.intents(), expected);
    page.fill_in("aside[aria-label=Details]", "Rename", "Lab").await;
    page.click("Rename now").await;
    assert_eq!(page.intents(), [Intent::Group(GroupIntent::Rename(name(), "Lab".to_owned()))]);
    page.change(|store| store.fold(now(), Event::Renamed(name(), "Lab".parse().unwrap()))).await;
    assert_eq!(page.texts(".talk__title h1"), ["Lab"]);
    assert_eq!(page.texts("aside[aria-label=Details] h2"), ["Lab"]);
    let event = Event::Group("Lab".parse().unwrap(), GroupOutcome::WasRemoved);
    page.change(|store| store.fold(now(), event)).await;
    assert!(page.find("aside[aria-label=Details]").is_none());
    assert!(page.find("nav a[aria-label='Lab']").is_none());
}

#[test]
async fn several_people_are_written_to_from_a_dialog() {
    let page = Page::open(with_bob).await;
    page.type_message("/chat bob;carol").await;
    page.press_enter().await;
    let error = page.texts(".box__error");
    assert_eq!(error, ["to write to several people, use “Message several”"]);
    page.click("Message several").await;
    page.fill_in_dialog("Message several", "To", "bob, carol").await;
    page.fill_in_dialog("Message several", "Text", "hi").await;
    page.click("Send to each").await;
    let intent = Intent::SendToEach("bob, carol".to_owned(), "hi".to_owned());
    assert_eq!(page.intents(), [intent]);
}

#[test]
async fn a_broadcast_shows_by_whom_it_was_received() {
    let page = Page::open(with_bob).await;
    let id = MessageId(9);
    let recipients = ["bob", "carol", "dan"].map(|name| name.parse().unwrap());
    let place = stored(3, &Conversation::Everyone, "").stored.unwrap();
    page.change(|store| {
        store.open(Some(Conversation::Everyone));
        store.add_own(
            now().calendar,
            &Conversation::Everyone,
            id,
            &MessageKind::Text,
            "hear".to_owned(),
        );
        let progress = Progress::Stored(place, Recipients::new(3, recipients));
        store.fold(now(), Event::Progress(id, progress));
    })
    .await;
    assert_eq!(page.texts(".receipt .visually-hidden"), ["Sent to 3"]);
    page.change(|store| {
        for progress in [
            Progress::Received("bob".parse().unwrap()),
            Progress::Failed(Failure::Corrupted, "dan".parse().ok()),
        ] {
            store.fold(now(), Event::Progress(id, progress));
        }
    })
    .await;
    assert_eq!(page.texts(".receipt .visually-hidden"), ["Received by 1 of 3"]);
    page.find(".receipt").unwrap().click();
    settle().await;
    let by_name = page.texts("aside [aria-label=Receipts] li");
    assert_eq!(by_name, ["bob received", "carol waiting", "dan corrupted"]);
}

#[test]
async fn what_is_unread_is_counted_in_the_list_and_marked_in_the_log() {
    let page = Page::open(with_bob).await;
    page.change(|store| {
        store.fold(now(), Event::Arrived(stored(1, &group(), "seen")));
        store.open(Some(group()));
        store.read_in_front();
        store.open(Some(bob()));
        for (sequence, text) in [(2, "new"), (3, "newer")] {
            store.fold(now(), Event::Arrived(stored(sequence, &group(), text)));
        }
    })
    .await;
    assert_eq!(page.texts("nav .badge"), ["2 unread"]);
    page.change(|store| {
        store.open(Some(group()));
        store.read_in_front();
    })
    .await;
    assert!(page.find("nav .badge").is_none());
    let rows = page.texts(".log__rows > li");
    let at = rows.iter().position(|row| row == "New messages").unwrap();
    assert!(rows[at - 1].contains("seen") && rows[at + 1].contains("new"), "{rows:?}");
}

#[test]
async fn earlier_messages_are_asked_of_the_server_when_the_page_has_no_more() {
    let page = Page::open(with_bob).await;
    let history = |orders: std::ops::Range<u64>| {
        let messages = orders.map(|sequence| stored(sequence, &bob(), &sequence.to_string()));
        Event::History(bob(), HistoryFrom::Before(None), messages.collect(), true)
    };
    page.change(|store| store.fold(now(), history(100..150))).await;
    page.change(|store| {
        assert_eq!(store.show_earlier(), Some(HistoryFrom::Before(Some(Sequence(100)))));
    })
    .await;
    page.change(|store| store.fold(now(), history(50..100))).await;
    let texts = page.texts(".message__text");
    assert_eq!((texts.len(), texts[0].as_str(), texts[99].as_str()), (100, "50", "149"));
    // What stood first stands in the middle now: its sender is not named again.
    assert_eq!(page.texts(".message--first").len(), 1);
}

#[test]
async fn who_is_online_is_always_the_present_list() {
    let page = Page::open(with_bob).await;
    let listed = || page.texts("ul[aria-labelledby='online-title'] a");
    assert_eq!(listed(), ["bob"]);
    page.change(|store| store.fold(now(), online(&["alice", "carol"]))).await;
    assert_eq!(listed(), ["carol"], "oneself is not listed");
    page.change(|store| store.fold(now(), online(&[]))).await;
    assert!(page.texts(".side__hint")[0].contains("Nobody else is online"));
}

#[test]
async fn a_session_that_has_ended_leads_back_to_the_form_and_says_so() {
    let page = Page::open(with_bob).await;
    let question = Question::ServerPassword { wrong: false };
    page.change(|store| store.fold(now(), Event::Asked(question))).await;
    assert!(page.find("#name").is_some());
    assert!(page.texts("[role=alert]").iter().any(|line| line.contains("session has ended")));
}

#[test]
async fn s12_a_session_that_was_ended_elsewhere_leads_back_to_the_form_and_says_so() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), Event::EndedElsewhere)).await;
    assert!(page.find("#name").is_some());
    let question = Question::Password { name: "alice".parse().unwrap(), wrong: false };
    page.change(|store| store.fold(now(), Event::Asked(question))).await;
    let said = page.texts("[role=alert]");
    assert!(said.iter().any(|line| line.contains("signed out from another session")), "{said:?}");
}

#[test]
async fn what_is_said_about_a_message_stands_with_it() {
    let page = Page::open(with_bob).await;
    let of = Sequence(1);
    page.change(|store| {
        store.fold(now(), Event::Arrived(stored(1, &bob(), "teh")));
        for (sequence, kind, content) in [
            (2, MessageKind::Edit(of), Content::Text("the".to_owned())),
            (3, MessageKind::Reaction(of), Content::Reaction("👍".parse().unwrap())),
        ] {
            let change = Arrival { kind, content, ..stored(sequence, &bob(), "") };
            store.fold(now(), Event::Arrived(change));
        }
    })
    .await;
    assert_eq!(page.texts(".message__text"), ["the"]);
    assert_eq!(page.texts(".message__edited"), ["edited"]);
    assert_eq!(page.texts(".message__signs li"), ["👍 1"]);
    page.change(|store| {
        let (kind, content) = (MessageKind::Deletion(of), Content::TakenBack);
        let deletion = Arrival { kind, content, ..stored(4, &bob(), "") };
        store.fold(now(), Event::Arrived(deletion));
    })
    .await;
    assert_eq!(page.texts(".message__body"), ["Message taken back"]);
}

#[test]
async fn what_only_a_newer_version_can_show_is_said_so() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), arrived(Content::Unknown))).await;
    assert!(page.texts(".message__gone")[0].contains("newer version"));
}

#[test]
async fn what_is_marked_in_a_text_is_shown_so_and_a_long_one_is_folded() {
    let page = Page::open(with_bob).await;
    let said =
        "see *this* and _that_, @alice: `code` https://a.b/(c).\n```\nlet x;\n```\n> so he said";
    page.change(|store| store.fold(now(), text(said))).await;
    let found = ["strong", "em", "code", ".mention--me", "pre", "blockquote", "a"]
        .map(|selector| page.texts(&format!(".message__body {selector}")).join("|"));
    let shown = ["this", "that", "code", "@alice", "let x;", "so he said", "https://a.b/(c)"];
    assert_eq!(found.map(|text| text.trim().to_owned()), shown.map(str::to_owned));
    let long: String = (0..100).map(|n| format!("line {n}\n")).collect();
    page.change(|store| store.fold(now(), text(&long))).await;
    let lines = || page.texts(".message__text").last().unwrap().trim().lines().count();
    assert_eq!(lines(), 20);
    page.click("Show all").await;
    let asked = [Intent::Message(MessageKey(2), MessageIntent::Unfold)];
    assert_eq!(page.intents(), asked);
}

#[test]
async fn names_and_commands_are_completed_where_they_are_typed() {
    let page = Page::open(with_bob).await;
    page.type_message("hi @b").await;
    assert_eq!(page.texts(".completions li span"), ["@bob"]);
    page.press_enter().await;
    assert_eq!((page.typed(), page.intents()), ("hi @bob ".to_owned(), vec![]));
    page.type_message("/quitg").await;
    assert_eq!(page.texts(".completions li span"), ["/quitgroup NAME"]);
    page.type_message("hi there").await;
    assert!(page.find(".completions").unwrap().hidden());
    page.press_enter().await;
    assert_eq!(page.intents(), [Intent::Send(bob(), "hi there".to_owned())]);
}

#[test]
async fn w8_what_an_input_method_takes_sends_nothing() {
    let page = Page::open(with_bob).await;
    page.type_message("にほ").await;
    let options = KeyboardEventInit::new();
    options.set_key("Enter");
    // As Safari ends a composition: no longer composing, and known by the code alone.
    options.set_key_code(229);
    options.set_bubbles(true);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &options).unwrap();
    page.find("textarea[aria-label='Message']").unwrap().dispatch_event(&event).unwrap();
    settle().await;
    assert_eq!((page.intents(), page.typed()), (vec![], "にほ".to_owned()));
    page.press_enter().await;
    assert_eq!(page.intents(), [Intent::Send(bob(), "にほ".to_owned())]);
}

#[test]
async fn w12_help_is_a_sheet_and_nothing_is_sent_of_nothing() {
    let page = Page::open(with_bob).await;
    page.press_enter().await;
    assert_eq!((page.intents(), page.texts(".box__error")), (vec![], vec![String::new()]));
    page.type_message("/help").await;
    page.press_enter().await;
    assert!(page.is_open("Keys and commands"));
    assert!(page.texts("dialog dt").iter().any(|command| command.starts_with("/quitgroup")));
    page.click("Close").await;
    assert!(page.find("dialog[aria-label='Keys and commands']").is_none());
}

#[test]
async fn messages_are_changed_by_commands() {
    let page = Page::open(with_bob).await;
    for (typed, intent) in [
        ("/edit better", Intent::EditLast(bob(), "better".to_owned())),
        ("/delete", Intent::DeleteLast(bob())),
        ("/react 👍", Intent::ReactToLast(bob(), "👍".parse().unwrap())),
        ("/reply yes", Intent::Reply(bob(), "yes".to_owned())),
    ] {
        page.type_message(typed).await;
        page.press_enter().await;
        assert_eq!(page.intents(), [intent]);
    }
}
