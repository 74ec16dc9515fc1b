//! The picker of emoji.

use leptos::prelude::*;

use super::dialogs::Modal;
use super::shown::boxed;
use super::{Picked, use_ui};
use crate::store::{Emoji, Emojis, Intent, MessageIntent, Thing};

#[component]
pub(super) fn EmojiPicker(
    /// What becomes of the one that is picked.
    picked: Picked,
) -> impl IntoView {
    let ui = use_ui();
    let typed = RwSignal::new(String::new());
    ui.perform(Intent::FetchEmojis);
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
        None => view! { <p role="status">"Fetching the emoji…"</p> }.into_any(),
        Some(Err(why)) => view! { <p role="alert">{why}</p> }.into_any(),
        Some(Ok(emojis)) => typed.with(|typed| draw(&emojis, typed.trim(), pick)),
    };
    view! {
        <Modal title="Emoji">
            <input
                class="find__field"
                type="text"
                aria-label="Find an emoji"
                placeholder="Its name"
                autocomplete="off"
                autofocus
                on:input:target=move |event| typed.set(event.target().value())
            />
            <div class="emoji">{move || shown()}</div>
        </Modal>
    }
}

fn draw(emojis: &Emojis, typed: &str, pick: Callback<String>) -> AnyView {
    if !typed.is_empty() {
        return grid("Found", emojis.find(typed).iter(), pick);
    }
    let group =
        |group: &str| grid(group, emojis.all().iter().filter(|emoji| emoji.group == group), pick);
    emojis.groups().into_iter().map(group).collect_view().into_any()
}

fn grid<'a>(
    title: &str,
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
        <h3>{title.to_owned()}</h3>
        <ul class="emoji__grid">{emojis.map(button).collect_view()}</ul>
    }
    .into_any()
}
