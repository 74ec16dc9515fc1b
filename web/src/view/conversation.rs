//! The conversation in front: what it is, its messages, and the box to write in.

use leptos::prelude::*;
use netchat_shared::conversation::Conversation;

use super::avatar;
use super::composer::Composer;
use super::icons::{Icon, icon};
use super::log::Log;
use super::shown::boxed;
use super::{Side, Ui, use_ui};
use crate::store::{Intent, Store, Thing};

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
                aria-label="Back to conversations"
                on:click=boxed(move |_| ui.perform(Intent::Open(None)))
            >
                {icon(Icon::Back)}
            </button>
            {move || conversation.get().map(|conversation| avatar::conversation(&conversation))}
            <div class="talk__title">
                <h1>{move || conversation.get().map(|conversation| conversation.to_string())}</h1>
                <span class="talk__about">{move || about()}</span>
            </div>
            {side_button(ui, Side::Search, "Search messages here", Icon::Search)}
            {side_button(ui, Side::Details, "Details", Icon::Details)}
        </header>
        <Log />
        <Typing />
        <Composer />
    }
}

/// Opens and closes what stands beside the conversation.
fn side_button(ui: Ui, side: Side, label: &'static str, sign: Icon) -> AnyView {
    let is_open = move || ui.side.get() == Some(side);
    view! {
        <button
            class="button button--icon"
            type="button"
            aria-label=label
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
    match store.front.as_ref().map(|front| &front.conversation) {
        None => String::new(),
        Some(Conversation::Everyone) => match store.online.count {
            0 | 1 => "Everyone on this server reads this".to_owned(),
            count => format!("Everyone on this server reads this · {count} online"),
        },
        Some(Conversation::Group(_)) => "Group".to_owned(),
        Some(Conversation::User(name)) if store.is_online(name) => "Online".to_owned(),
        Some(Conversation::User(name)) if store.is_away(name) => {
            "Away: they get it when they are back".to_owned()
        }
        Some(Conversation::User(_)) => String::new(),
    }
}

/// Who is writing. It has its place whether or not anybody is, so that nothing moves.
#[component]
fn Typing() -> impl IntoView {
    let writing = use_ui().part(Thing::Typing, |store| {
        let Some(front) = &store.front else { return String::new() };
        match &store.typing(&front.conversation)[..] {
            [] => String::new(),
            [one] => format!("{one} is writing…"),
            [one, other] => format!("{one} and {other} are writing…"),
            [one, rest @ ..] => format!("{one} and {} others are writing…", rest.len()),
        }
    });
    view! { <p class="typing" aria-hidden="true">{writing}</p> }
}
