//! The conversation in front: what it is, its messages, and the box to write in.

use leptos::prelude::*;
use netchat_shared::conversation::Conversation;

use super::avatar;
use super::composer::Composer;
use super::icons::{Icon, icon};
use super::log::Log;
use super::shown::boxed;
use super::{Side, Ui, said, use_ui};
use crate::store::{Intent, Store, Thing};
use crate::words::values::name_of;
use crate::words::{Word, conversation as words, number};

#[component]
pub(super) fn ConversationView() -> impl IntoView {
    let ui = use_ui();
    let conversation =
        ui.part(Thing::Front, |store| store.front.as_ref().map(|f| f.conversation.clone()));
    // Either may change what it is.
    let about = move || {
        ui.live.track(Thing::Online);
        ui.live.track(Thing::Front);
        ui.live.read(about)
    };
    view! {
        <header class="talk__head">
            <button
                class="button button--icon talk__back"
                type="button"
                aria-label=said(words::BACK)
                on:click=boxed(move |_| ui.perform(Intent::Open(None)))
            >
                {icon(Icon::Back)}
            </button>
            {move || conversation.get().map(|conversation| avatar::conversation(&conversation))}
            <div class="talk__title">
                <h1>{move || conversation.get().map(|conversation| name_of(ui.locale(), &conversation))}</h1>
                <span class="talk__about">{move || about()}</span>
            </div>
            {side_button(ui, Side::Search, words::SEARCH, Icon::Search)}
            {side_button(ui, Side::Details, words::DETAILS, Icon::Details)}
        </header>
        <Log />
        <Typing />
        <Composer />
    }
}

/// Opens and closes what stands beside the conversation.
fn side_button(ui: Ui, side: Side, label: Word, sign: Icon) -> AnyView {
    let is_open = move || ui.side.get() == Some(side);
    view! {
        <button
            class="button button--icon"
            type="button"
            aria-label=said(label)
            aria-expanded=move || if is_open() { "true" } else { "false" }
            on:click=boxed(move |_| ui.toggle_side(side))
        >
            {icon(sign)}
        </button>
    }
    .into_any()
}

/// What a conversation is, in a few words.
fn about(store: &Store) -> String {
    let locale = store.locale();
    let word = match store.front.as_ref().map(|front| &front.conversation) {
        Some(Conversation::Everyone) if store.online.count > 1 => {
            let online = &number(locale, store.online.count as usize);
            return words::EveryoneReadsOnline { online }.say(locale);
        }
        Some(Conversation::Everyone) => words::EVERYONE_READS,
        Some(Conversation::Group(_)) => words::GROUP,
        Some(Conversation::User(name)) if store.is_online(name) => words::ONLINE,
        Some(Conversation::User(name)) if store.is_away(name) => words::AWAY,
        Some(Conversation::User(_)) | None => return String::new(),
    };
    word.say(locale).to_owned()
}

/// Who is writing. It has its place whether or not anybody is, so that nothing moves.
#[component]
fn Typing() -> impl IntoView {
    let writing = use_ui().part(Thing::Typing, |store| {
        let Some(front) = &store.front else { return String::new() };
        let locale = store.locale();
        match &store.typing(&front.conversation)[..] {
            [] => String::new(),
            [name] => words::Writing { name }.say(locale),
            [one, another] => words::WritingBoth { one, another }.say(locale),
            [name, rest @ ..] => words::WritingMore { name, count: rest.len() }.say(locale),
        }
    });
    view! { <p class="typing" aria-hidden="true">{writing}</p> }
}
