//! The picker of emoji.

use leptos::prelude::*;

use super::shown::boxed;
use super::{Picked, said, use_ui};
use crate::device;
use crate::store::{Emoji, Emojis, Intent, MessageIntent, Thing};
use crate::words::{Locale, Word, emoji as words, notice};

#[component]
pub(super) fn EmojiPicker(
    /// What becomes of the one that is picked.
    picked: Picked,
) -> impl IntoView {
    let ui = use_ui();
    let typed = RwSignal::new(String::new());
    Effect::new(move || {
        ui.live.track(Thing::Language);
        ui.perform(Intent::FetchEmojis);
    });
    let emojis = ui.part(Thing::Emoji, |store| store.emojis.clone());
    let pick = Callback::new(move |sign: String| {
        ui.sheet.set(None);
        match picked {
            Picked::Writes => ui.insertion.set(Some(sign)),
            Picked::Reacts(key) => {
                if let Ok(sign) = sign.parse() {
                    ui.perform(Intent::Message(key, MessageIntent::Toggle(sign)));
                }
            }
        }
    });
    let shown = move || match emojis.get() {
        None => view! { <p role="status">{said(notice::FETCHING)}</p> }.into_any(),
        Some(None) => view! { <p role="alert">{said(notice::NOT_FETCHED)}</p> }.into_any(),
        Some(Some(emojis)) => {
            typed.with(|typed| draw(&emojis, &device::lowercase(typed.trim()), pick))
        }
    };
    view! {
        <input
            class="find__field"
            type="text"
            aria-label=said(words::FIND)
            placeholder=said(words::NAME)
            autocomplete="off"
            autofocus
            on:input:target=move |event| typed.set(event.target().value())
        />
        <div class="emoji">{move || shown()}</div>
    }
}

fn draw(emojis: &Emojis, typed: &str, pick: Callback<String>) -> AnyView {
    if !typed.is_empty() {
        let found = view! { <h3>{said(words::FOUND)}</h3> }.into_any();
        return grid(found, emojis.locale, emojis.find(typed).iter(), pick);
    }
    let group = |group: &str| {
        let title = match GROUPS.iter().find(|(name, _)| *name == group) {
            Some((_, word)) => view! { <h3>{said(*word)}</h3> }.into_any(),
            None => view! { <h3>{group.to_owned()}</h3> }.into_any(),
        };
        let emoji = emojis.all().iter().filter(|emoji| emoji.group == group);
        grid(title, emojis.locale, emoji, pick)
    };
    emojis.groups().into_iter().map(group).collect_view().into_any()
}

/// The groups in the file of emoji, which are the same in each language.
const GROUPS: [(&str, Word); 9] = [
    ("Smileys and emotion", words::SMILEYS),
    ("People and body", words::PEOPLE),
    ("Animals and nature", words::ANIMALS),
    ("Food and drink", words::FOOD),
    ("Travel and places", words::TRAVEL),
    ("Activities", words::ACTIVITIES),
    ("Objects", words::OBJECTS),
    ("Symbols", words::SYMBOLS),
    ("Flags", words::FLAGS),
];

fn grid<'a>(
    title: AnyView,
    locale: Locale,
    emojis: impl Iterator<Item = &'a Emoji>,
    pick: Callback<String>,
) -> AnyView {
    let button = |emoji: &Emoji| {
        let (sign, shown, name) = (emoji.sign.clone(), emoji.sign.clone(), emoji.name.clone());
        view! {
            <li>
                <button
                    class="emoji__sign"
                    type="button"
                    title=name.clone()
                    aria-label=name
                    on:click=boxed(move |_| pick.run(sign.clone()))
                >
                    {shown}
                </button>
            </li>
        }
    };
    view! {
        {title}
        <ul class="emoji__grid" lang=locale.code()>{emojis.map(button).collect_view()}</ul>
    }
    .into_any()
}
