//! Finds a conversation, or somebody who is online, by a few letters.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use netchat_client::complete::rank;
use netchat_shared::conversation::Conversation;

use super::avatar;
use super::shown::boxed;
use super::{Side, Ui, keys, said, use_ui};
use crate::device;
use crate::store::{Intent, Store};
use crate::words::values::name_of;
use crate::words::{Locale, sidebar as words};

/// Most that are shown at once.
const FOUND_MAX: usize = 12;

#[component]
pub(super) fn Switcher() -> impl IntoView {
    let ui = use_ui();
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let known = StoredValue::new(ui.live.read(known));
    let found = Memo::new(move |_| {
        let locale = ui.locale();
        typed.with(|typed| known.with_value(|known| find(locale, known, typed)))
    });
    let open = move |conversation: Conversation| {
        ui.sheet.set(None);
        ui.perform(Intent::Open(Some(conversation)));
    };
    let on_key = move |event: KeyboardEvent| {
        let count = found.with(Vec::len);
        match event.key().as_str() {
            _ if keys::is_composing(&event) || count == 0 => return,
            "ArrowDown" => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                found
                    .with(|found| found.get(chosen.get_untracked()).cloned())
                    .into_iter()
                    .for_each(open);
            }
            _ => return,
        }
        event.prevent_default();
    };
    let option = move |at: usize, conversation: Conversation| {
        let (named, there) = (conversation.clone(), conversation.clone());
        view! {
            <li
                class="found"
                id=format!("found-{at}")
                role="option"
                aria-selected=move || if chosen.get() == at { "true" } else { "false" }
                on:click=boxed(move |_| open(there.clone()))
            >
                {avatar::conversation(&conversation)}
                <span>{move || name_of(ui.locale(), &named)}</span>
            </li>
        }
        .into_any()
    };
    let options =
        move || found.get().into_iter().enumerate().map(|(at, it)| option(at, it)).collect_view();
    view! {
        <input
            class="find__field"
            type="text"
            role="combobox"
            aria-label=said(words::FIND_LABEL)
            aria-controls="found"
            aria-expanded="true"
            aria-activedescendant=move || format!("found-{}", chosen.get())
            autocomplete="off"
            autofocus
            placeholder=said(words::NAME)
            on:input:target=move |event| {
                chosen.set(0);
                typed.set(event.target().value());
            }
            on:keydown=boxed(on_key)
        />
        <ul class="found-list" id="found" role="listbox" aria-label=said(words::FOUND)>{move || options()}</ul>
        {nothing_found(ui, found)}
        {search_instead(ui)}
    }
}

fn nothing_found(ui: Ui, found: Memo<Vec<Conversation>>) -> AnyView {
    let words = move || found.with(Vec::is_empty).then(|| words::NONE_FOUND.say(ui.locale()));
    view! { <p class="side__hint" role="status">{move || words()}</p> }.into_any()
}

/// Who looks for what was said is led there.
fn search_instead(ui: Ui) -> AnyView {
    let search = move |_| {
        ui.sheet.set(None);
        ui.side.set(Some(Side::Search));
    };
    view! { <button class="button" type="button" on:click=boxed(search)>{said(words::SEARCH)}</button> }
        .into_any()
}

/// All that can be found: conversations, the latest first, then who is online.
fn known(store: &Store) -> Vec<Conversation> {
    let mut known = store.listed();
    let people = store.others_online().into_iter().map(Conversation::User);
    known.extend(people.filter(|person| !store.threads.contains_key(person)));
    known
}

/// Those that fit best.
fn find(locale: Locale, known: &[Conversation], typed: &str) -> Vec<Conversation> {
    let names: Vec<_> = known.iter().map(|known| name_of(locale, known)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let found = rank(typed, &names, &device::lowercase).into_iter().take(FOUND_MAX);
    found.filter_map(|at| known.get(at).cloned()).collect()
}
