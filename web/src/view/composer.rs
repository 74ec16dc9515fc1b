//! The box to write in.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::Textarea;
use leptos::prelude::*;
use netchat_client::slash::{Slash, Typed};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::GroupAction;
use netchat_shared::limits::TEXT_BYTES_MAX;
use wasm_bindgen::JsCast as _;

use super::completion::{Completion, Completions};
use super::icons::{Icon, icon};
use super::shown::{boxed, when};
use super::{Picked, Sheet, Side, Ui, keys, said, use_ui};
use crate::store::{About, AccountIntent, Draft, GroupIntent, Intent, MessageIntent, Store, Thing};
use crate::words::composer as words;
use crate::words::values::{Mistake as _, name_of};

/// It is said how much room there is left when there is less than this.
const ROOM_SHOWN_BYTES: usize = TEXT_BYTES_MAX / 10;

#[component]
pub(super) fn Composer() -> impl IntoView {
    let ui = use_ui();
    let field = NodeRef::<Textarea>::new();
    let error = RwSignal::new(None::<String>);
    let room = RwSignal::new(None::<usize>);
    let show_room = move |text: &str| show_room(room, text);
    follow_draft(ui, field, error);
    let send = move || {
        let (Some(to), Some(field)) = (ui.front(), field.get_untracked()) else { return };
        let text = field.value();
        if text.trim().is_empty() {
            return;
        }
        // What was not sent stays where it was typed.
        let sent = submit(ui, &to, text.trim_end());
        if sent.is_ok() {
            show_room("");
        }
        error.set(sent.err());
    };
    let completion = Completion::new(ui, field);
    let on_key = move |event: KeyboardEvent| {
        if completion.takes(&event) {
            return;
        }
        if event.key() == "Enter" && !event.shift_key() && !keys::is_composing(&event) {
            event.prevent_default();
            send();
        } else {
            change_about(ui, field, &event);
        }
    };
    let on_input = move |text: String| {
        show_room(&text);
        if let Some(field) = field.get_untracked() {
            grow(&field);
            completion.look(&field);
        }
        if let Some(to) = ui.front() {
            ui.perform(Intent::Typed(to, text));
        }
    };
    insert_what_is_picked(ui, field, on_input);
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    view! {
        <form class="box" on:submit=boxed(on_submit)>
            <Completions completion />
            <AboutLine />
            <div class="box__row">
                {emoji_button(ui)}
                <textarea
                    class="box__text"
                    node_ref=field
                    aria-label=said(words::MESSAGE)
                    aria-describedby="composer-error"
                    aria-controls="completions"
                    aria-activedescendant=move || completion.active()
                    on:blur=boxed(move |_| completion.close())
                    placeholder=placeholder(ui)
                    rows="1"
                    on:input:target=move |event| on_input(event.target().value())
                    on:keydown=boxed(on_key)
                ></textarea>
                {send_button()}
            </div>
            <p class="box__room" role="status">{move || room.get().map(|count| words::Room { count }.say(ui.locale()))}</p>
            <p id="composer-error" class="box__error" role="alert">{move || error.get()}</p>
        </form>
    }
}

/// Says how much room there is left, when there is little.
fn show_room(room: RwSignal<Option<usize>>, text: &str) {
    let left = TEXT_BYTES_MAX.saturating_sub(text.len());
    let shown = (left < ROOM_SHOWN_BYTES).then_some(left);
    if room.get_untracked() != shown {
        room.set(shown);
    }
}

fn placeholder(ui: Ui) -> Memo<Option<String>> {
    ui.part(Thing::Front, |store| {
        let (front, locale) = (store.front.as_ref()?, store.locale());
        Some(words::Placeholder { to: &name_of(locale, &front.conversation) }.say(locale))
    })
}

fn send_button() -> AnyView {
    view! {
        <button
            class="button button--primary box__send"
            type="submit"
            aria-label=said(words::SEND)
            title=said(words::SEND_ENTER)
        >
            {icon(Icon::Send)}
        </button>
    }
    .into_any()
}

/// What was picked is written where the caret stands.
fn insert_what_is_picked(
    ui: Ui,
    field: NodeRef<Textarea>,
    on_input: impl Fn(String) + Send + Sync + 'static,
) {
    Effect::new(move || {
        let (Some(text), Some(field)) = (ui.insertion.get(), field.get_untracked()) else { return };
        ui.insertion.set(None);
        let _ = field.focus();
        let caret = field.selection_end().ok().flatten().unwrap_or_default();
        if field.set_range_text(&text).is_ok() {
            let behind = caret + u32::try_from(text.encode_utf16().count()).unwrap_or_default();
            let _ = field.set_selection_range(behind, behind);
            on_input(field.value());
        }
    });
}

/// Up in an empty box corrects one's last message; Escape gives up what the text is about.
fn change_about(ui: Ui, field: NodeRef<Textarea>, event: &KeyboardEvent) {
    let Some(to) = ui.front().filter(|_| !keys::is_composing(event)) else { return };
    let is_empty = field.get_untracked().is_some_and(|field| field.value().is_empty());
    match event.key().as_str() {
        "ArrowUp" if is_empty => {
            if let Some(key) = ui.live.read(|store| store.last_own(&to)) {
                event.prevent_default();
                ui.perform(Intent::Message(key, MessageIntent::Edit));
            }
        }
        "Escape" if ui.live.read(|store| store.draft(&to).about.is_some()) => {
            event.stop_propagation();
            ui.perform(Intent::DropAbout(to));
        }
        _ => {}
    }
}

fn emoji_button(ui: Ui) -> AnyView {
    view! {
        <button
            class="button button--icon"
            type="button"
            aria-label=said(words::EMOJI)
            title=said(words::EMOJI)
            on:click=boxed(move |_| ui.show(Sheet::Emoji(Picked::Writes)))
        >
            {icon(Icon::React)}
        </button>
    }
    .into_any()
}

/// The box shows the draft of the conversation in front whenever that is another than what it holds,
/// and takes the focus where no keyboard covers half of the screen.
fn follow_draft(ui: Ui, field: NodeRef<Textarea>, error: RwSignal<Option<String>>) {
    Effect::new(move |before: Option<Option<(Conversation, Option<About>)>>| {
        ui.live.track(Thing::Draft);
        let (Some(to), Some(field)) = (ui.front(), field.get()) else { return None };
        let Draft { text, about, .. } = ui.live.read(|store| store.draft(&to));
        if field.value() != text {
            field.set_value(&text);
        }
        grow(&field);
        let present = Some((to, about));
        if before.flatten() == present {
            return present;
        }
        error.set(None);
        // Whoever goes from hit to hit goes on there.
        if !keys::is_touch() && ui.side.get_untracked() != Some(Side::Search) {
            let _ = field.focus();
        }
        present
    });
}

/// The box is as high as its text.
fn grow(field: &web_sys::HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(field);
    let row = field.parent_element().and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok());
    let row = row.map(|row| (row.style(), row.offset_height()));
    // The place of the messages stays while it is measured: else they would be scrolled.
    let hold =
        row.iter().map(|(row, height)| row.set_property("min-height", &format!("{height}px")));
    hold.for_each(drop);
    // The height of the style sheet bounds it, where it is known.
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", field.scroll_height() + 2));
    row.iter().for_each(|(row, _)| drop(row.remove_property("min-height")));
}

/// What the text is about: an answer, or a correction.
#[component]
fn AboutLine() -> impl IntoView {
    let ui = use_ui();
    let about = ui.part(Thing::Draft, describe_about);
    when(
        move || about.with(Option::is_some),
        move || {
            view! {
                <div class="box__about">
                    <span>{move || about.get()}</span>
                    <button
                        class="button button--icon"
                        type="button"
                        aria-label=said(words::CANCEL)
                        on:click=boxed(move |_| {
                            if let Some(to) = ui.front() {
                                ui.perform(Intent::DropAbout(to));
                            }
                        })
                    >
                        {icon(Icon::Close)}
                    </button>
                </div>
            }
            .into_any()
        },
    )
}

fn describe_about(store: &Store) -> Option<String> {
    let to = &store.front.as_ref()?.conversation;
    let (about, locale) = (store.draft(to).about?, store.locale());
    let (About::Reply(of) | About::Edit(of)) = about;
    let line = store.line(to, of).map(|message| {
        let sender = message.sender.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{sender}: {}", message.line(locale))
    });
    let line = &line.unwrap_or_else(|| words::EARLIER.say(locale).to_owned());
    Some(match about {
        About::Reply(_) => words::AboutReply { line }.say(locale),
        About::Edit(_) => words::AboutEdit { line }.say(locale),
    })
}

/// Sends what was typed, or does what it commands.
fn submit(ui: Ui, to: &Conversation, text: &str) -> Result<(), String> {
    let command =
        match Slash::parse(text).map_err(|error| error.say(ui.live.read(Store::locale)))? {
            Typed::Text(text) => return ui.try_to(Intent::Send(to.clone(), text.to_owned())),
            Typed::Command(command) => command,
        };
    let done = obey(ui, to, command);
    if done.is_ok() {
        ui.perform(Intent::Typed(to.clone(), String::new()));
        ui.live.change(|store| store.set_draft(to, Draft::default()));
        ui.live.tell();
    }
    done
}

fn obey(ui: Ui, to: &Conversation, command: Slash) -> Result<(), String> {
    let open = |conversation| Intent::Open(Some(conversation));
    let intent = match command {
        Slash::Chat(names) => match &names[..] {
            [name] => open(Conversation::User(name.clone())),
            _ => return Err(words::SEVERAL.say(ui.live.read(Store::locale)).to_owned()),
        },
        Slash::Group(group) => Intent::JoinGroup(group.to_string()),
        Slash::NewGroup(group, members) => {
            Intent::CreateGroup(group.to_string(), members.join(";"))
        }
        Slash::QuitGroup(group) => Intent::QuitGroup(Conversation::Group(group)),
        Slash::Invite(group, names) => Intent::Group(GroupIntent::Invite(group, names.join(";"))),
        Slash::ActOnGroup(group, GroupAction::Describe) => {
            ui.show_side(Some(Side::Details));
            open(Conversation::Group(group))
        }
        Slash::ActOnGroup(group, action) => Intent::Group(GroupIntent::Act(group, action)),
        Slash::Block(name, true) => Intent::Group(GroupIntent::Block(name)),
        Slash::Block(name, false) => Intent::Group(GroupIntent::Unblock(name)),
        Slash::Blocked => Intent::Group(GroupIntent::ListBlocked),
        Slash::Broadcast => open(Conversation::Everyone),
        Slash::Active => {
            ui.live.change(|store| {
                let names: Vec<_> = store.online.names.iter().cloned().collect();
                store.say_online(&names);
            });
            return Ok(());
        }
        Slash::Reply(text) => Intent::Reply(to.clone(), text),
        Slash::Edit(text) => Intent::EditLast(to.clone(), text),
        Slash::Delete => Intent::DeleteLast(to.clone()),
        Slash::React(reaction) => Intent::ReactToLast(to.clone(), reaction),
        Slash::Password { .. } | Slash::Sessions | Slash::EndSession(_) => {
            Intent::Account(AccountIntent::Open)
        }
        Slash::EndOtherSessions => Intent::Account(AccountIntent::EndOthers),
        Slash::Leave => Intent::Open(None),
        Slash::Exit => Intent::SignOut,
        Slash::ExitEverywhere => Intent::Account(AccountIntent::SignOutEverywhere),
        Slash::Help => {
            ui.show(Sheet::Help);
            return Ok(());
        }
    };
    ui.try_to(intent)
}
